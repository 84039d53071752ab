#include "verify/resp.h"

#include <charconv>

#include <fmt/format.h>

namespace lakebed::resp {

std::string encode_command(const std::vector<std::string>& words) {
    std::string out = fmt::format("*{}\r\n", words.size());
    for (const std::string& word : words) out += fmt::format("${}\r\n{}\r\n", word.size(), word);
    return out;
}

Result<std::optional<Reply>> decode_reply(std::string_view bytes) {
    constexpr std::size_t kMaxText = std::size_t{16} << 20;
    std::size_t end = bytes.find("\r\n");
    if (end == std::string_view::npos) {
        if (bytes.size() > 65536) return fail("not a redis reply");
        return std::optional<Reply>();
    }
    std::string line(bytes.substr(1, end > 0 ? end - 1 : 0));
    switch (end > 0 ? bytes[0] : '\0') {
    case '+':
        return std::optional(Reply{Reply::Kind::status, line});
    case '-':
        return std::optional(Reply{Reply::Kind::error, line});
    case ':':
        return std::optional(Reply{Reply::Kind::integer, line});
    case '*':
        return std::optional(Reply{Reply::Kind::status, "array"});
    case '$': {
        long long size = 0;
        auto parsed = std::from_chars(line.data(), line.data() + line.size(), size);
        if (parsed.ec != std::errc() || parsed.ptr != line.data() + line.size() || size < -1 ||
            size > static_cast<long long>(kMaxText))
            return fail(fmt::format("not a redis reply: a text of \"{}\" bytes", line));
        if (size == -1) return std::optional(Reply{Reply::Kind::nil, {}});
        if (bytes.size() < end + 2 + static_cast<std::size_t>(size) + 2)
            return std::optional<Reply>();
        return std::optional(Reply{
            Reply::Kind::text, std::string(bytes.substr(end + 2, static_cast<std::size_t>(size)))});
    }
    default:
        return fail("not a redis reply");
    }
}

} // namespace lakebed::resp
