#include <fmt/format.h>

#include "render/formats.h"
#include "render/render.h"

namespace lakebed {
namespace {

std::optional<std::string> scalar_text(const Value& value) {
    if (const auto* flag = std::get_if<bool>(&value.data)) return *flag ? "true" : "false";
    if (const auto* number = std::get_if<std::int64_t>(&value.data))
        return fmt::format("{}", *number);
    if (const auto* number = std::get_if<double>(&value.data)) return fmt::format("{}", *number);
    if (const std::string* text = value.string()) return *text;
    return {};
}

} // namespace

Result<std::string> joined_text(const std::string& key, const Value& value) {
    const Array* array = value.array();
    if (!array) {
        if (auto text = scalar_text(value)) return *text;
        return fail(Errc::usage, fmt::format("{} is a table, which this format cannot say", key));
    }
    std::string joined;
    for (const Value& item : *array) {
        auto text = scalar_text(item);
        if (!text)
            return fail(Errc::usage, fmt::format("{} holds {}, which this format cannot say", key,
                                                 type_name(item)));
        if (&item != &array->front()) joined += ',';
        joined += *text;
    }
    return joined;
}

Result<std::string> render_file(const StackFile& file) {
    auto written = [&]() -> Result<std::string> {
        switch (file.format) {
        case FileFormat::text:
            return file.text;
        case FileFormat::toml:
            return std::string(kFileHeader) + write_toml(file.values);
        case FileFormat::xml:
            return write_xml(file.values);
        case FileFormat::properties:
            return write_properties(file.values);
        case FileFormat::redis:
            return write_redis(file.values);
        case FileFormat::postgresql:
            return write_postgresql(file.values);
        case FileFormat::yaml:
            return write_yaml(file.values);
        }
        return fail("unknown format");
    };
    return written().context(file.path);
}

} // namespace lakebed
