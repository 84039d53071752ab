// StackView: all that the status page, the JSON and the metrics are made of, as one value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "driver/probe_times.h"
#include "model/startup.h"
#include "sys/incident_files.h"
#include "sys/supervisor_api.h"

namespace lakebed {

struct KeptIncident {
    std::string name; // incident_files.h
    IncidentRecord record;
};

struct StackView {
    const ServiceGraph* graph = nullptr; // outlives the view
    std::unordered_map<std::string_view, const GraphNode*> by_unit;
    SupervisorInfo info;
    std::vector<ServiceStatus> services;
    std::vector<ServiceStatus> guards; // resource guards: no services, but nodes of the graph
    StartupReport startup;
    std::vector<KeptIncident> incidents; // newest first, not all
    const ProbeTimes* probes = nullptr;  // outlives the view; null: not measured
    std::uint64_t now = 0;               // microseconds of CLOCK_REALTIME
};

[[nodiscard]] StackView make_stack_view(const ServiceGraph& graph, SupervisorInfo info,
                                        std::vector<ServiceStatus> services, std::uint64_t now);

// Null for a unit that is no node.
[[nodiscard]] const GraphNode* node_of(const StackView& view, std::string_view unit);

// How it stands with a service, for people in a hurry.
enum class Mood {
    good,   // ready, or done
    busy,   // on its way
    paused, // somebody or something keeps it from running
    bad,
};
[[nodiscard]] Mood mood_of(const ServiceStatus& service);

// "backing_off" as people read it; a job that is ready is "done".
[[nodiscard]] std::string state_words(const ServiceStatus& service);
// Why it is so, without what the state says already; may be empty.
[[nodiscard]] std::string reason_words(const ServiceStatus& service);

[[nodiscard]] std::size_t count_ready(const StackView& view);

// The newest incidents of a directory, as many as are worth showing; what cannot be read is left
// out.
[[nodiscard]] std::vector<KeptIncident> read_kept_incidents(const std::string& directory);

} // namespace lakebed
