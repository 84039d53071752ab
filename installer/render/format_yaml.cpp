#include <cmath>

#include <fmt/format.h>

#include "render/formats.h"

namespace lakebed {
namespace {

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto byte = static_cast<unsigned char>(text[i]);
        auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0;
        if (byte == '"' || byte == '\\') {
            out += {'\\', text[i]};
        } else if (byte == '\n') {
            out += "\\n";
        } else if (byte == '\t') {
            out += "\\t";
        } else if (byte == '\r') {
            out += "\\r";
        } else if (byte < 0x20 || byte == 0x7f) {
            out += fmt::format("\\u{:04x}", byte);
        } else if (byte == 0xc2 && next >= 0x80 && next < 0xa0) {
            // U+0080 to U+009F are no printable characters of YAML.
            out += fmt::format("\\u{:04x}", next);
            ++i;
        } else {
            out += text[i];
        }
    }
    return out + '"';
}

Result<std::string> scalar(const std::string& key, const Value& value) {
    if (const std::string* text = value.string()) return quoted(*text);
    if (const auto* number = std::get_if<double>(&value.data)) {
        if (std::isnan(*number)) return ".nan";
        if (std::isinf(*number)) return *number > 0 ? ".inf" : "-.inf";
    }
    if (value.array())
        return fail(Errc::usage, fmt::format("{} has an array in an array, which this format "
                                             "cannot say",
                                             key));
    return joined_text(key, value);
}

} // namespace

Result<std::string> write_yaml(const Table& values) {
    std::string out(kFileHeader);
    for (const Member& member : values) {
        out += quoted(member.key) + ": ";
        if (const Array* items = member.value.array()) {
            out += '[';
            for (const Value& item : *items) {
                if (&item != &items->front()) out += ", ";
                out += TRY(scalar(member.key, item));
            }
            out += "]\n";
        } else {
            out += TRY(scalar(member.key, member.value)) + '\n';
        }
    }
    return out;
}

} // namespace lakebed
