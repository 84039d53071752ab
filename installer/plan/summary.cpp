#include "plan/summary.h"

#include <algorithm>

#include <fmt/format.h>

#include "plan/variables.h"

namespace lakebed {
namespace {

std::size_t name_width(const Stack& stack) {
    std::size_t width = 7;
    for (const StackService& service : stack.services) width = std::max(width, service.name.size());
    return width;
}

} // namespace

std::string memory_table(const Stack& stack) {
    std::size_t width = name_width(stack);
    std::string text;
    std::uint64_t sum = 0;
    for (const StackService& service : stack.services) {
        if (service.memory.bytes == 0) continue;
        sum += service.memory.bytes;
        text += fmt::format("{:<{}}  {:>10}\n", service.name, width, to_string(service.memory));
    }
    if (text.empty()) return text;
    return text + fmt::format("{:<{}}  {:>10} of {} (RAM {})\n", "sum", width,
                              to_string(ByteSize{sum}), to_string(stack.memory_budget),
                              to_string(stack.ram));
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
