#include <algorithm>

#include "sim/play.h"

namespace lakebed::sim {

Scenario shrink(Scenario scenario, Mutant mutant) {
    std::size_t chunk = std::max<std::size_t>(scenario.faults.size() / 2, 1);
    while (true) {
        bool smaller = false;
        for (std::size_t at = 0; at < scenario.faults.size();) {
            Scenario candidate = scenario;
            const std::size_t end = std::min(at + chunk, candidate.faults.size());
            candidate.faults.erase(candidate.faults.begin() + static_cast<std::ptrdiff_t>(at),
                                   candidate.faults.begin() + static_cast<std::ptrdiff_t>(end));
            if (play(candidate, mutant).broken) {
                scenario = std::move(candidate);
                smaller = true;
            } else {
                at += chunk;
            }
        }
        if (chunk == 1 && !smaller) return scenario;
        if (!smaller) chunk = std::max<std::size_t>(chunk / 2, 1);
    }
}

} // namespace lakebed::sim
