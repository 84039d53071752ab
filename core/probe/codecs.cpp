#include "probe/codecs.h"

#include "probe/thrift_types.h"

#include <cctype>
#include <vector>

#include <fmt/format.h>

namespace lakebed {
namespace {

constexpr std::size_t kLongestAnswer = std::size_t{16} << 20;

// The server's own words behind our clause, if it said any.
std::string with_reason(std::string clause, std::string_view server_text) {
    std::string reason = printable(server_text);
    return reason.empty() ? clause : clause + ": " + reason;
}

// ---- Redis ------------------------------------------------------------------------------------

std::string resp_array(const std::vector<std::string_view>& words) {
    std::string out = fmt::format("*{}\r\n", words.size());
    for (std::string_view word : words) out += fmt::format("${}\r\n{}\r\n", word.size(), word);
    return out;
}

std::optional<std::string_view> take_line(std::string_view& text) {
    auto end = text.find("\r\n");
    if (end == std::string_view::npos) return std::nullopt;
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 2);
    return line;
}

ProbeOutcome redis_error(std::string_view line) {
    line.remove_prefix(1);
    if (line.starts_with("LOADING"))
        return {.progress = true, .detail = "loading its data into memory"};
    if (line.starts_with("WRONGPASS")) return {.detail = "refuses our user name or password"};
    if (line.starts_with("NOAUTH")) return {.detail = "wants a password"};
    return {.detail = with_reason("answers with an error", line)};
}

// ---- Thrift -----------------------------------------------------------------------------------

using namespace thrift;
constexpr std::uint8_t kCall = 1, kReply = 2, kException = 3;

// Reads from the front; runs short by setting `short_of_bytes`, nonsense by setting `malformed`.
// Either makes every later read return zero, so callers look once at the end.
class ThriftReader {
  public:
    explicit ThriftReader(std::string_view bytes) : bytes_(bytes) {}

    std::uint64_t integer(std::size_t size) {
        std::string_view raw = take(size);
        std::uint64_t value = 0;
        for (char c : raw) value = value << 8 | static_cast<std::uint8_t>(c);
        return value;
    }
    std::uint8_t byte() { return static_cast<std::uint8_t>(integer(1)); }
    std::uint32_t i32() { return static_cast<std::uint32_t>(integer(4)); }
    std::string_view string() {
        std::uint32_t size = i32();
        if (size > kLongestAnswer) malformed_ = true;
        return take(size);
    }

    void skip(std::uint8_t type, int depth = 0) {
        if (depth > 32) malformed_ = true;
        if (done()) return;
        switch (type) {
        case kBool:
        case kByte:
            take(1);
            return;
        case kI16:
            take(2);
            return;
        case kI32:
            take(4);
            return;
        case kI64:
        case kDouble:
            take(8);
            return;
        case kString:
            string();
            return;
        case kStruct:
            while (std::uint8_t field = byte()) {
                take(2);
                skip(field, depth + 1);
                if (done()) return;
            }
            return;
        case kList:
        case kSet: {
            std::uint8_t element = byte();
            for (std::uint32_t count = i32(); count > 0 && !done(); --count)
                skip(element, depth + 1);
            return;
        }
        case kMap: {
            std::uint8_t key = byte(), value = byte();
            for (std::uint32_t count = i32(); count > 0 && !done(); --count) {
                skip(key, depth + 1);
                skip(value, depth + 1);
            }
            return;
        }
        default:
            malformed_ = true;
        }
    }

    // Field 1 of an exception, its message by convention; the rest of the struct is skipped.
    std::string exception_message() {
        std::string message;
        while (std::uint8_t type = byte()) {
            auto id = integer(2);
            if (id == 1 && type == kString)
                message = string();
            else
                skip(type);
            if (done()) break;
        }
        return message;
    }

    [[nodiscard]] bool short_of_bytes() const { return short_; }
    [[nodiscard]] bool malformed() const { return malformed_; }
    [[nodiscard]] bool done() const { return short_ || malformed_; }

  private:
    std::string_view take(std::size_t size) {
        if (done()) return {};
        if (bytes_.size() < size) {
            short_ = true;
            return {};
        }
        std::string_view taken = bytes_.substr(0, size);
        bytes_.remove_prefix(size);
        return taken;
    }

    std::string_view bytes_;
    bool short_ = false;
    bool malformed_ = false;
};

ProbeOutcome read_result(ThriftReader& reader, std::string_view method) {
    std::uint8_t type = reader.byte();
    if (type == kStop) return {.ok = true, .detail = "answers"};
    auto id = reader.integer(2);
    if (id == 0) {
        reader.skip(type);
        if (reader.byte() != kStop && !reader.done()) return {.detail = "answers with nonsense"};
        return {.ok = true, .detail = "answers"};
    }
    if (type != kStruct) return {.detail = "answers with nonsense"};
    std::string message = reader.exception_message();
    reader.byte(); // the stop of the result
    return {.detail = with_reason(fmt::format("{} throws", method), message)};
}

} // namespace

std::string errno_clause(int error) {
    std::string text = errno_text(error);
    if (!text.empty())
        text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
    return text;
}

std::string printable(std::string_view text) {
    std::string out;
    for (char c : text) {
        if (out.size() >= 200) break;
        bool visible = std::isprint(static_cast<unsigned char>(c)) != 0;
        if (visible)
            out += c;
        else if (!out.empty() && out.back() != ' ')
            out += ' ';
    }
    while (!out.empty() && out.back() == ' ') out.pop_back();
    return out;
}

std::string redis_request(const ProbeSecrets& secrets, bool authenticate) {
    std::string request;
    if (authenticate) request = resp_array({"AUTH", secrets.user, secrets.password});
    return request + resp_array({"PING"});
}

std::optional<ProbeOutcome> redis_outcome(std::string_view received, bool authenticated) {
    for (int replies = authenticated ? 2 : 1; replies > 0; --replies) {
        if (!received.empty() && received[0] != '+' && received[0] != '-')
            return ProbeOutcome{.detail = "does not speak the Redis protocol"};
        auto line = take_line(received);
        if (!line) {
            if (received.size() > 4096)
                return ProbeOutcome{.detail = "does not speak the Redis protocol"};
            return std::nullopt;
        }
        if (line->starts_with('-')) return redis_error(*line);
        if (replies == 1 && *line != "+PONG")
            return ProbeOutcome{.detail = with_reason("answers PING with", line->substr(1))};
    }
    return ProbeOutcome{.ok = true, .detail = "answers"};
}

std::string thrift_call(std::string_view method, std::uint32_t sequence) {
    std::string out;
    auto i32 = [&](std::uint32_t value) {
        for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
    };
    i32(kVersion1 | kCall);
    i32(static_cast<std::uint32_t>(method.size()));
    out += method;
    i32(sequence);
    out += static_cast<char>(kStop);
    return out;
}

std::optional<ProbeOutcome> thrift_outcome(std::string_view received, std::string_view method,
                                           std::uint32_t sequence) {
    const ProbeOutcome foreign{.detail = "does not speak the Thrift binary protocol"};
    if (received.empty()) return std::nullopt;
    ThriftReader reader(received);
    std::uint32_t header = reader.i32();
    std::string_view name = reader.string();
    std::uint32_t answered = reader.i32();
    if (reader.short_of_bytes()) {
        if (received.size() >= 4 && (header & 0xffff0000) != kVersion1) return foreign;
        return std::nullopt;
    }
    std::uint8_t type = header & 0xff;
    if (reader.malformed() || (header & 0xffff0000) != kVersion1 ||
        (type != kReply && type != kException))
        return foreign;
    if (name != method || answered != sequence)
        return ProbeOutcome{.detail = "answers another call than ours"};
    ProbeOutcome outcome;
    if (type == kException)
        outcome = {.detail =
                       with_reason(fmt::format("refuses {}", method), reader.exception_message())};
    else
        outcome = read_result(reader, method);
    if (reader.malformed()) return ProbeOutcome{.detail = "answers with nonsense"};
    if (reader.short_of_bytes()) {
        if (received.size() > kLongestAnswer)
            return ProbeOutcome{.detail = "answers with more than 16 MiB"};
        return std::nullopt;
    }
    return outcome;
}

} // namespace lakebed
