// RestartCounts: lakebedd's restarts by cause, counted while it looks on.
//
// The engine remembers one total for each service, over its own restarts and reboots. Here counting
// begins at zero with lakebedd, as is usual for a counter; a scraper knows that as a reset.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "sys/supervisor_api.h"

namespace lakebed {

struct RestartCount {
    std::uint64_t total = 0;       // last seen
    std::uint64_t incident_at = 0; // last seen
    std::map<std::string, std::uint64_t> by_cause;
    bool operator==(const RestartCount&) const = default;
};
using RestartCounts = std::map<std::string, RestartCount>; // by name of the service

// What is seen of a service for the first time is where counting begins. A restart without a new
// incident is one of a running service, wanted by an operator or by a need: cause "none".
void count_restarts(RestartCounts& counts, const ServiceStatus& service);

} // namespace lakebed
