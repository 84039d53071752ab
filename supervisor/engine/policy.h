// Policy: when a failed service is tried again.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/supervisor.h"

namespace lakebed {

struct Retry {
    Duration delay{0}; // 0: at once
    bool slow = false; // the budget is spent
    bool operator==(const Retry&) const = default;
};

// Next number of the jitter generator, 0 <= x < 1. Advances `random`.
[[nodiscard]] double next_random(std::uint64_t& random);

// initial * factor^(failures - 1), at most max, with jitter of either sign. failures >= 1.
[[nodiscard]] Duration backoff_delay(const RestartPolicy& policy, int failures,
                                     std::uint64_t& random);

// Drops restarts that have left the budget's window.
void prune(std::vector<TimePoint>& restarts, Duration window, TimePoint now);

// For a node whose failure was just counted in `attempts`. `was_ready`: the failed run had become
// ready, so that the first failure after a good run is answered at once.
[[nodiscard]] Retry decide_retry(const RestartPolicy& policy, const NodeState& node, bool was_ready,
                                 std::uint64_t& random);

} // namespace lakebed
