#include "model/class_archive.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/digest.h"

namespace lakebed {
namespace {

constexpr std::string_view kSuffix = ".jsa";
constexpr std::string_view kOption = " --class-archive ";

bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

} // namespace

std::string class_archive_name(std::string_view service, std::string_view basis) {
    return fmt::format("{}-{}{}", service, digest8(basis), kSuffix);
}

bool is_class_archive_name(std::string_view name, std::string_view service) {
    if (service.empty() || !name.starts_with(service) || !name.ends_with(kSuffix)) return false;
    name.remove_prefix(service.size());
    return name.size() == 9 + kSuffix.size() && name[0] == '-' &&
           std::all_of(name.begin() + 1, name.begin() + 9, is_hex);
}

std::optional<std::string> class_archive_of_unit(std::string_view text) {
    while (!text.empty()) {
        std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        std::size_t at = line.find(kOption);
        if (!line.starts_with("Exec") || at == std::string_view::npos) continue;
        line.remove_prefix(at + kOption.size());
        return std::string(line.substr(0, line.find_first_of(" \t")));
    }
    return {};
}

std::string service_of_node(std::string_view name) {
    return std::string(name.substr(0, name.find('@')));
}

std::string unit_file_of_node(std::string_view unit) {
    std::size_t at = unit.find('@');
    std::size_t dot = unit.rfind('.');
    if (at == std::string_view::npos || dot == std::string_view::npos || dot < at)
        return std::string(unit);
    return fmt::format("{}{}", unit.substr(0, at + 1), unit.substr(dot));
}

} // namespace lakebed
