#include <fmt/format.h>

#include "render/formats.h"

namespace lakebed {
namespace {

// Next code point of UTF-8 text; U+FFFD for bytes that are none.
char32_t take_code_point(std::string_view& text) {
    auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    std::size_t length = byte(0) < 0x80    ? 1
                         : byte(0) >= 0xf0 ? 4
                         : byte(0) >= 0xe0 ? 3
                         : byte(0) >= 0xc0 ? 2
                                           : 0;
    if (length == 0 || length > text.size()) {
        text.remove_prefix(1);
        return 0xfffd;
    }
    char32_t point = length == 1 ? byte(0) : byte(0) & (0x7fU >> length);
    for (std::size_t i = 1; i < length; ++i) point = point << 6 | (byte(i) & 0x3fU);
    text.remove_prefix(length);
    return point;
}

std::string escaped(std::string_view text, bool is_key) {
    std::string out;
    bool leading = true;
    while (!text.empty()) {
        char32_t c = take_code_point(text);
        bool blank = c == ' ' && (is_key || leading);
        leading = leading && c == ' ';
        if (c == '\n') {
            out += "\\n";
        } else if (c == '\r') {
            out += "\\r";
        } else if (c == '\t') {
            out += "\\t";
        } else if (c > 0xffff) {
            c -= 0x10000;
            out += fmt::format("\\u{:04x}\\u{:04x}", 0xd800U + (c >> 10), 0xdc00U + (c & 0x3ffU));
        } else if (c < 0x20 || c >= 0x7f) {
            out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
            bool special = c == '\\' || c == '#' || c == '!' || (is_key && (c == ':' || c == '='));
            if (special || blank) out += '\\';
            out += static_cast<char>(c);
        }
    }
    return out;
}

} // namespace

Result<std::string> write_properties(const Table& values) {
    std::string out(kFileHeader);
    for (const Member& member : values) {
        std::string text = TRY(joined_text(member.key, member.value));
        out += escaped(member.key, true) + '=' + escaped(text, false) + '\n';
    }
    return out;
}

} // namespace lakebed
