// Names of units that are instances of a template.
#include <fmt/format.h>

#include "plan/desired.h"
#include "plan/stack.h"

namespace lakebed {
namespace {

std::string instance_of(const std::string& file, int instance) {
    std::size_t at = file.find('@');
    return fmt::format("{}@{}{}", file.substr(0, at), instance, file.substr(at + 1));
}

} // namespace

std::vector<std::string> node_names(const StackService& service) {
    if (service.instances == 0) return {service.name};
    std::vector<std::string> names;
    for (int i = 1; i <= service.instances; ++i)
        names.push_back(fmt::format("{}@{}", service.name, i));
    return names;
}

std::vector<std::string> unit_names(const StackService& service) {
    if (service.instances == 0) return {service.unit};
    std::vector<std::string> names;
    for (int i = 1; i <= service.instances; ++i) names.push_back(instance_of(service.unit, i));
    return names;
}

std::vector<std::string> unit_names(const DesiredUnit& unit) {
    return unit.instances.empty() ? std::vector<std::string>{unit.name} : unit.instances;
}

std::string unit_file_of(const std::string& unit) {
    std::size_t at = unit.find('@'), dot = unit.rfind('.');
    if (at == std::string::npos || dot == std::string::npos || dot < at) return unit;
    return unit.substr(0, at + 1) + unit.substr(dot);
}

Value value_with_instance(const Value& value, int instance) {
    Value out = value;
    if (const std::string* text = value.string()) {
        std::string filled = *text, number = fmt::format("{}", instance);
        for (std::size_t at = 0; (at = filled.find(kInstance, at)) != std::string::npos;)
            filled.replace(at, kInstance.size(), number);
        out.data = std::move(filled);
    } else if (Table* table = out.table()) {
        for (Member& member : *table) member.value = value_with_instance(member.value, instance);
    } else if (const Array* array = value.array()) {
        Array items;
        for (const Value& item : *array) items.push_back(value_with_instance(item, instance));
        out.data = std::move(items);
    }
    return out;
}

} // namespace lakebed
