// Status: what lakebedd tells people about the services, from the engine's state.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "engine/supervisor.h"
#include "sys/supervisor_api.h"

namespace lakebed {

// `wall_minus_boot`: CLOCK_REALTIME less CLOCK_BOOTTIME, at `moment`.
[[nodiscard]] std::vector<ServiceStatus> list_status(const SupervisorState& state, TimePoint moment,
                                                     std::chrono::microseconds wall_minus_boot);

[[nodiscard]] ServiceStatus service_status(const SupervisorState& state, const GraphNode& node,
                                           TimePoint moment,
                                           std::chrono::microseconds wall_minus_boot);

// How many of `restarts` count against a budget with this window.
[[nodiscard]] std::uint32_t spent_within(const std::vector<TimePoint>& restarts, Duration window,
                                         TimePoint moment);

// Every service is ready and every job done, and there is one.
[[nodiscard]] bool all_ready(const SupervisorState& state);

// "site demo, generation 3: 5 of 6 ready; hive is held: …"
[[nodiscard]] std::string summary(const SupervisorState& state);

// Unit of a name or unit; an unknown one is Errc::not_found with a suggestion.
[[nodiscard]] Result<std::string> find_unit(const SupervisorState& state, const std::string& name);

} // namespace lakebed
