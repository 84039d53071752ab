#include <fmt/format.h>

#include "render/formats.h"

namespace lakebed {
namespace {

Result<std::string> escaped(const std::string& key, std::string_view text) {
    std::string out;
    for (char c : text) {
        auto byte = static_cast<unsigned char>(c);
        switch (c) {
        case '&':
            out += "&amp;";
            break;
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        // A reader would turn these, written plainly, into a line feed or a blank.
        case '\n':
            out += "&#10;";
            break;
        case '\r':
            out += "&#13;";
            break;
        case '\t':
            out += "&#9;";
            break;
        default:
            if (byte < 0x20)
                return fail(
                    Errc::usage,
                    fmt::format("{} has the control character 0x{:02x}, which XML cannot say", key,
                                byte));
            out += c;
        }
    }
    return out;
}

} // namespace

Result<std::string> write_xml(const Table& values) {
    std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                      "<!-- Written by lakebed. Change lakebed.toml and run `lakebed apply` "
                      "instead of editing. -->\n"
                      "<configuration>\n";
    for (const Member& member : values) {
        std::string name = TRY(escaped(member.key, member.key));
        std::string text = TRY(joined_text(member.key, member.value));
        std::string value = TRY(escaped(member.key, text));
        out +=
            fmt::format("  <property>\n    <name>{}</name>\n    <value>{}</value>\n  </property>\n",
                        name, value);
    }
    return out + "</configuration>\n";
}

} // namespace lakebed
