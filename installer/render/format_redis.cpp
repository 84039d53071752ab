#include <fmt/format.h>

#include "render/formats.h"

namespace lakebed {
namespace {

constexpr std::string_view kPlain =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:/+-@*~&";

// As sdssplitargs() reads it: inside double quotes, \xHH, \n, \r, \t, \" and \\.
std::string argument(std::string_view text) {
    if (!text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos)
        return std::string(text);
    std::string out = "\"";
    for (char c : text) {
        auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\')
            out += {'\\', c};
        else if (c == '\n')
            out += "\\n";
        else if (c == '\r')
            out += "\\r";
        else if (c == '\t')
            out += "\\t";
        else if (byte < 0x20 || byte >= 0x7f)
            out += fmt::format("\\x{:02x}", byte);
        else
            out += c;
    }
    return out + '"';
}

Result<std::string> scalar(const std::string& key, const Value& value) {
    if (const auto* flag = std::get_if<bool>(&value.data)) return std::string(*flag ? "yes" : "no");
    if (value.array()) return fail(Errc::usage, key + " has arrays too deep for redis.conf");
    return argument(TRY(joined_text(key, value)));
}

Result<std::string> arguments(const std::string& key, const Value& value) {
    const Array* array = value.array();
    if (!array) return scalar(key, value);
    std::string out;
    for (const Value& item : *array) {
        std::string text = TRY(scalar(key, item));
        out += out.empty() ? text : " " + text;
    }
    return out;
}

} // namespace

Result<std::string> write_redis(const Table& values) {
    std::string out(kFileHeader);
    for (const Member& member : values) {
        if (member.key.empty() || member.key.find_first_not_of(kPlain) != std::string::npos)
            return fail(Errc::usage,
                        fmt::format("\"{}\" is no directive of redis.conf", member.key));
        const Array* array = member.value.array();
        if (!array) {
            out += fmt::format("{} {}\n", member.key, TRY(scalar(member.key, member.value)));
            continue;
        }
        for (const Value& item : *array)
            out += fmt::format("{} {}\n", member.key, TRY(arguments(member.key, item)));
    }
    return out;
}

} // namespace lakebed
