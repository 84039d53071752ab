// Trace: events, actions and mutants in words.
#pragma once

#include <string>

#include "engine/supervisor.h"

namespace lakebed::sim {

[[nodiscard]] std::string describe(const Event& event);
[[nodiscard]] std::string describe(const Action& action);

} // namespace lakebed::sim
