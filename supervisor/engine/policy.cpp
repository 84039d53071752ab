#include "engine/policy.h"

#include <algorithm>
#include <cmath>

namespace lakebed {

// SplitMix64: one addition and a mix; every seed is good, also 0.
double next_random(std::uint64_t& random) {
    random += 0x9e3779b97f4a7c15;
    std::uint64_t z = random;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    z ^= z >> 31;
    return static_cast<double>(z >> 11) * 0x1.0p-53;
}

Duration backoff_delay(const RestartPolicy& policy, int failures, std::uint64_t& random) {
    const double max = static_cast<double>(policy.max.count());
    double delay = static_cast<double>(policy.initial.count());
    for (int i = 1; i < failures && delay < max; ++i) delay *= policy.factor;
    delay = std::min(delay, max);
    delay *= 1.0 + policy.jitter * (2.0 * next_random(random) - 1.0);
    return Duration(std::llround(delay));
}

void prune(std::vector<TimePoint>& restarts, Duration window, TimePoint now) {
    std::erase_if(restarts, [&](TimePoint at) { return at + window <= now; });
}

Retry decide_retry(const RestartPolicy& policy, const NodeState& node, bool was_ready,
                   std::uint64_t& random) {
    if (node.slow || node.restarts.size() >= static_cast<std::size_t>(std::max(policy.budget, 0)))
        return {policy.slow_lane, true};
    if (node.attempts <= 1 && was_ready) return {};
    return {backoff_delay(policy, was_ready ? node.attempts - 1 : node.attempts, random), false};
}

} // namespace lakebed
