// Facts about an event that the driver wants to know beside what the engine makes of it.
#pragma once

#include <string>
#include <vector>

#include "engine/supervisor.h"

namespace lakebed {

// Empty for an event of the stack as a whole.
[[nodiscard]] std::string unit_of(const Event& event);

// A service that lives and is asked again later: nothing to remember and nothing to tell, which
// matters with hundreds of services.
[[nodiscard]] bool is_routine(const Event& event, const std::vector<Action>& actions);

} // namespace lakebed
