// ProbeTimes: how long the probes of a service took, for the metrics.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "base/quantity.h"

namespace lakebed {

struct ProbeTime {
    std::uint64_t count = 0, failures = 0;
    Duration sum{0}, last{0};
    bool operator==(const ProbeTime&) const = default;

    void add(Duration took, bool ok) {
        ++count;
        failures += ok ? 0 : 1;
        sum += took;
        last = took;
    }
};
using ProbeTimes = std::map<std::pair<std::string, bool>, ProbeTime>; // by unit, liveness

} // namespace lakebed
