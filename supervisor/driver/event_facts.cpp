#include "driver/event_facts.h"

#include <algorithm>

namespace lakebed {

std::string unit_of(const Event& event) {
    return std::visit(
        [](const auto& of) -> std::string {
            if constexpr (requires { of.unit; })
                return of.unit;
            else
                return {};
        },
        event);
}

bool is_routine(const Event& event, const std::vector<Action>& actions) {
    return (std::holds_alternative<ProbeResult>(event) ||
            std::holds_alternative<DeadlineReached>(event)) &&
           std::ranges::all_of(actions, [](const Action& action) {
               return std::holds_alternative<act::SetDeadline>(action) ||
                      std::holds_alternative<act::RunProbe>(action);
           });
}

} // namespace lakebed
