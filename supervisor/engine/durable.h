// DurableState: what lakebedd must remember over its own death, as a value and as TOML text.
//
// Times are those of EngineClock and hold within one boot; over a reboot only an operator's hold,
// the count of restarts and the last incident survive.
#pragma once

#include <string>
#include <string_view>

#include "base/diagnostics.h"
#include "engine/supervisor.h"

namespace lakebed {

struct DurableState {
    static constexpr int kFormat = 1; // a newer one is refused

    std::string boot_id; // /proc/sys/kernel/random/boot_id
    std::string target_run;
    bool target_seen_down = false;
    std::uint64_t random = 0;
    std::vector<TimePoint> restarts; // of the stack
    // As in SupervisorState, with what is not durable (unit, known, probes …) left at its default.
    std::map<std::string, NodeState> nodes;
    bool operator==(const DurableState&) const = default;
};

[[nodiscard]] DurableState durable(const SupervisorState& state, std::string_view boot_id);

// State to begin with: nodes of the graph, each with what is remembered of it.
[[nodiscard]] SupervisorState restore_state(ServiceGraph graph, const DurableState& remembered,
                                            std::string_view boot_id);

// Deterministic; read_state(write_state(s)) == s.
[[nodiscard]] std::string write_state(const DurableState& state);
// The same of durable(state, boot_id), without the copy.
[[nodiscard]] std::string write_state(const SupervisorState& state, std::string_view boot_id);
[[nodiscard]] DurableState read_state(std::string_view text, std::string_view file,
                                      Diagnostics& diagnostics);

} // namespace lakebed
