// StartupReport: where the time of a start of the stack went, service by service.
//
// How it works: a service starts when the last of what it needs is ready. Followed back from the
// service that was ready last, these needs are the critical path: only what lies on it could have
// made the stack ready sooner. Its waits are what was lost between services; the ideal is the
// longest chain of needs with nothing lost.
#pragma once

#include <string>
#include <vector>

#include "base/quantity.h"
#include "model/service_graph.h"

namespace lakebed {

// When a unit was last started, on any one clock; zero: not known, or not yet.
struct StartSpan {
    std::string unit;
    Duration queued{0};  // its start was asked for
    Duration started{0}; // its process ran
    Duration ready{0};   // it served
    bool operator==(const StartSpan&) const = default;
};

struct ServiceStart {
    std::string name;
    Duration queued{0}, started{0}, ready{0}; // after the first of all was queued
    Duration wait{0}; // from when its needs were ready (none: from the very beginning) to its start
    Duration own{0};  // from its start to ready
    Duration slack{0}; // so much later it could have been ready without delaying the last
    bool critical = false;
    bool operator==(const ServiceStart&) const = default;
};

struct NotCounted {
    std::string name;
    std::string reason; // "not ready", "started again later"
    bool operator==(const NotCounted&) const = default;
};

struct StartupReport {
    Duration total{0};         // first queued to last ready: all waits and own times of the path
    Duration critical_path{0}; // own times of the path
    Duration ideal{0};         // own times of the longest chain of needs
    std::vector<std::string> critical;  // names, first to last
    std::vector<ServiceStart> services; // in the order in which they were started
    std::vector<NotCounted> not_counted;
    bool operator==(const StartupReport&) const = default;
};

// Of the nodes of a graph that passed check_graph(). Spans of units that are no node are ignored.
// Services that were started again long after the others do not belong to the start.
[[nodiscard]] StartupReport make_startup_report(const ServiceGraph& graph,
                                                const std::vector<StartSpan>& spans);

} // namespace lakebed
