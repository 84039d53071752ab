// Explain: what happened to a service and why it is as it is, in plain sentences and as data.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/supervisor.h"

namespace lakebed {

// Cause and first evidence of a failure, from the snapshot of a failed unit.
[[nodiscard]] Incident read_incident(const GraphNode& node, const UnitSnapshot& unit,
                                     TimePoint now);

// "was killed by SIGKILL", "ended with exit status 1"
[[nodiscard]] std::string predicate(const Incident& incident);

// The path from a unit to the root of its trouble: the unit itself first, then the need it lacks,
// and so on. One element when nothing it needs is missing.
[[nodiscard]] std::vector<std::string> why_path(const SupervisorState& state,
                                                std::string_view unit);

// One sentence for the state of a unit. Holds no time that passes, so it changes with its reason
// only.
[[nodiscard]] std::string explain(const SupervisorState& state, std::string_view unit);

} // namespace lakebed
