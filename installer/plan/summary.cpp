#include "plan/summary.h"

#include <algorithm>

#include <fmt/format.h>

#include "plan/variables.h"

namespace lakebed {
namespace {

std::string label(const StackService& service) {
    return service.instances > 0 ? fmt::format("{} x {}", service.name, service.instances)
                                 : service.name;
}

std::size_t name_width(const Stack& stack) {
    std::size_t width = 7;
    for (const StackService& service : stack.services)
        width = std::max(width, label(service).size());
    for (const NotConfigured& service : stack.not_configured)
        width = std::max(width, service.name.size());
    return width;
}

} // namespace

std::string memory_table(const Stack& stack) {
    std::size_t width = name_width(stack);
    std::string text;
    std::uint64_t sum = 0;
    for (const StackService& service : stack.services) {
        if (service.memory.bytes == 0) continue;
        sum += service.memory.bytes * static_cast<std::uint64_t>(std::max(1, service.instances));
        text += fmt::format("{:<{}}  {:>10}\n", label(service), width, to_string(service.memory));
    }
    if (text.empty()) return text;
    return text + fmt::format("{:<{}}  {:>10} of {} (RAM {}, sizing {})\n", "sum", width,
                              to_string(ByteSize{sum}), to_string(stack.memory_budget),
                              to_string(stack.ram), stack.sizing);
}

std::string not_configured_table(const Stack& stack) {
    std::size_t width = name_width(stack);
    std::string text;
    for (const NotConfigured& service : stack.not_configured)
        text += fmt::format("{:<{}}  {}\n", service.name, width, service.reason);
    return text;
}

std::string ports_table(const Stack& stack) {
    std::size_t width = name_width(stack);
    std::string text;
    for (const StackService& service : stack.services)
        for (const StackPort& port : service.ports)
            text += fmt::format("{:<{}}  {:<12}  {}:{}\n", service.name, width, port.key,
                                url_host(port.address), port.number);
    return text;
}

} // namespace lakebed
