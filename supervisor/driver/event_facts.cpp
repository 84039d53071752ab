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
    const auto* answer = std::get_if<ProbeResult>(&event);
    const auto* timer = std::get_if<DeadlineReached>(&event);
    const bool of_liveness = (answer != nullptr && answer->liveness && answer->ok) ||
                             (timer != nullptr && timer->deadline == Deadline::liveness);
    return of_liveness && std::ranges::all_of(actions, [](const Action& action) {
               return std::holds_alternative<act::SetDeadline>(action) ||
                      std::holds_alternative<act::RunProbe>(action);
           });
}

} // namespace lakebed
