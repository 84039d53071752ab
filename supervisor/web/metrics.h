// Metrics: the state of the stack and of lakebedd as Prometheus text, version 0.0.4.
#pragma once

#include <string>

#include "sys/loop_meter.h"
#include "web/restart_counts.h"
#include "web/stack_view.h"

namespace lakebed {

struct ProcessFigures {
    double cpu_seconds = 0;
    double resident_bytes = 0;
    double start_time = 0; // seconds of CLOCK_REALTIME
};

struct Gauges { // what is not in the view
    RestartCounts restarts;
    TurnTimes turns;
    ProcessFigures process;
    std::size_t streams = 0; // clients of the stream of events
};

[[nodiscard]] std::string render_metrics(const StackView& view, const Gauges& gauges);

} // namespace lakebed
