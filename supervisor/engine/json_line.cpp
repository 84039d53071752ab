#include "engine/json_line.h"

#include <charconv>

#include <fmt/format.h>

namespace lakebed {
namespace {

constexpr int kDeepest = 16;

// Length of the UTF-8 sequence that `text` begins with; 0: it is none.
std::size_t sequence(std::string_view text) {
    auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(0);
    const std::size_t length = first < 0x80            ? 1
                               : first >> 5 == 0b110   ? 2
                               : first >> 4 == 0b1110  ? 3
                               : first >> 3 == 0b11110 ? 4
                                                       : 0;
    if (length == 0 || length > text.size()) return 0;
    std::uint32_t point = length == 1 ? first : first & (0x7FU >> length);
    for (std::size_t i = 1; i < length; ++i) {
        if (byte(i) >> 6 != 0b10) return 0;
        point = point << 6 | (byte(i) & 0x3FU);
    }
    constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
    const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
    return point < kLeast[length] || surrogate || point > 0x10FFFF ? 0 : length;
}

void put(std::string& out, std::string_view text) {
    out += '"';
    while (!text.empty()) {
        const std::size_t length = sequence(text);
        const auto byte = static_cast<unsigned char>(text[0]);
        if (length == 0)
            out += fmt::format("\\udc{:02x}", byte);
        else if (byte == '"' || byte == '\\')
            out += {'\\', text[0]};
        else if (byte < 0x20 || byte == 0x7F)
            out += fmt::format("\\u{:04x}", byte);
        else
            out += text.substr(0, length);
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    out += '"';
}

struct Put {
    std::string& out;

    void operator()(bool value) const { out += value ? "true" : "false"; }
    void operator()(std::int64_t value) const { out += fmt::format("{}", value); }
    void operator()(double value) const { out += fmt::format("{}", value); }
    void operator()(const std::string& value) const { put(out, value); }
    void operator()(const Array& array) const {
        out += '[';
        for (const Value& item : array) {
            if (&item != &array.front()) out += ',';
            std::visit(*this, item.data);
        }
        out += ']';
    }
    void operator()(const Table& table) const {
        out += '{';
        for (const Member& member : table) {
            if (&member != &table.front()) out += ',';
            put(out, member.key);
            out += ':';
            std::visit(*this, member.value.data);
        }
        out += '}';
    }
};

class Parser {
  public:
    explicit Parser(std::string_view text) : text_(text) {}

    Result<Value> whole() {
        Value value = TRY(any(0));
        skip();
        if (at_ != text_.size()) return wrong("the end of the line");
        return value;
    }

  private:
    void skip() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
    }
    bool take(std::string_view word) {
        skip();
        if (!text_.substr(at_).starts_with(word)) return false;
        at_ += word.size();
        return true;
    }
    tl::unexpected<Error> wrong(std::string_view expected) const {
        return fail(fmt::format("column {}: expected {}", at_ + 1, expected));
    }

    Result<Value> any(int depth) {
        if (depth > kDeepest) return wrong("fewer values within each other");
        if (take("{")) return object(depth);
        if (take("[")) return array(depth);
        if (take("\"")) return Value(TRY(string()));
        if (take("true")) return Value(true);
        if (take("false")) return Value(false);
        std::int64_t number = 0;
        const char* end = text_.data() + text_.size();
        auto [rest, error] = std::from_chars(text_.data() + at_, end, number);
        if (error != std::errc()) return wrong("a value");
        at_ = static_cast<std::size_t>(rest - text_.data());
        return Value(number);
    }

    Result<Value> object(int depth) {
        Table table;
        if (take("}")) return Value(std::move(table));
        do {
            if (!take("\"")) return wrong("a name in quotes");
            std::string key = TRY(string());
            if (find(table, key) != nullptr) return wrong("another name than \"" + key + "\"");
            if (!take(":")) return wrong("\":\"");
            set(table, key, TRY(any(depth + 1)));
        } while (take(","));
        if (!take("}")) return wrong("\",\" or \"}\"");
        return Value(std::move(table));
    }

    Result<Value> array(int depth) {
        Array array;
        if (take("]")) return Value(std::move(array));
        do array.push_back(TRY(any(depth + 1)));
        while (take(","));
        if (!take("]")) return wrong("\",\" or \"]\"");
        return Value(std::move(array));
    }

    Result<std::string> string() {
        std::string out;
        for (;;) {
            if (at_ == text_.size()) return wrong("the end of the string");
            const char c = text_[at_++];
            if (c == '"') return out;
            if (c != '\\') {
                out += c;
                continue;
            }
            if (take_escape('"', out) || take_escape('\\', out)) continue;
            if (at_ == text_.size() || text_[at_] != 'u') return wrong("an escape that is known");
            ++at_;
            TRY(code_point(out));
        }
    }
    bool take_escape(char c, std::string& out) {
        if (at_ == text_.size() || text_[at_] != c) return false;
        ++at_;
        out += c;
        return true;
    }
    Result<void> code_point(std::string& out) {
        std::uint32_t point = 0;
        const std::string_view digits = text_.substr(at_, 4);
        auto [rest, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), point, 16);
        if (error != std::errc() || rest != digits.data() + 4) return wrong("four hex digits");
        at_ += 4;
        const bool byte = point >= 0xDC80 && point <= 0xDCFF;
        if (point >= 0xD800 && point <= 0xDFFF && !byte) return wrong("no surrogate");
        if (byte) {
            out += static_cast<char>(point & 0xFF);
        } else if (point < 0x80) {
            out += static_cast<char>(point);
        } else if (point < 0x800) {
            out += {static_cast<char>(0xC0 | point >> 6), static_cast<char>(0x80 | (point & 0x3F))};
        } else {
            out += {static_cast<char>(0xE0 | point >> 12),
                    static_cast<char>(0x80 | (point >> 6 & 0x3F)),
                    static_cast<char>(0x80 | (point & 0x3F))};
        }
        return {};
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

} // namespace

std::string write_json_line(const Value& value) {
    std::string out;
    std::visit(Put{out}, value.data);
    return out;
}

Result<Value> read_json_line(std::string_view text) {
    return Parser(text).whole();
}

} // namespace lakebed
