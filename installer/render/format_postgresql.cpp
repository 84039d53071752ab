#include <fmt/format.h>

#include "render/formats.h"

namespace lakebed {
namespace {

// guc-file.l: quotes are doubled, and backslash escapes work inside quotes.
std::string quoted(std::string_view text) {
    std::string out = "'";
    for (char c : text) {
        auto byte = static_cast<unsigned char>(c);
        if (c == '\'')
            out += "''";
        else if (c == '\\')
            out += "\\\\";
        else if (byte < 0x20 || byte == 0x7f)
            out += fmt::format("\\{:03o}", byte);
        else
            out += c;
    }
    return out + '\'';
}

bool is_setting_name(std::string_view key) {
    return !key.empty() &&
           key.find_first_not_of(
               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.") ==
               std::string_view::npos;
}

} // namespace

Result<std::string> write_postgresql(const Table& values) {
    std::string out(kFileHeader);
    for (const Member& member : values) {
        if (!is_setting_name(member.key))
            return fail(Errc::usage,
                        fmt::format("\"{}\" is no setting of postgresql.conf", member.key));
        std::string text = TRY(joined_text(member.key, member.value));
        bool bare = !member.value.string() && !member.value.array();
        out += fmt::format("{} = {}\n", member.key, bare ? text : quoted(text));
    }
    return out;
}

} // namespace lakebed
