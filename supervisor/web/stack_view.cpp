#include "web/stack_view.h"

#include <algorithm>

namespace lakebed {
namespace {

bool is_one_of(const std::string& state, std::initializer_list<std::string_view> states) {
    return std::find(states.begin(), states.end(), state) != states.end();
}

} // namespace

StackView make_stack_view(const ServiceGraph& graph, SupervisorInfo info,
                          std::vector<ServiceStatus> services, std::uint64_t now) {
    std::vector<ServiceStatus> guards;
    std::erase_if(services, [&](ServiceStatus& one) {
        if (one.kind != "guard") return false;
        guards.push_back(std::move(one));
        return true;
    });
    std::vector<StartSpan> spans;
    for (const ServiceStatus& service : services)
        spans.push_back({.unit = service.unit,
                         .queued = Duration(service.queued_at),
                         .started = Duration(service.started_at),
                         .ready = Duration(service.ready_at)});
    StackView view{.graph = &graph,
                   .by_unit = {},
                   .info = std::move(info),
                   .services = std::move(services),
                   .guards = std::move(guards),
                   .startup = make_startup_report(graph, spans),
                   .incidents = {},
                   .probes = nullptr,
                   .now = now};
    for (const GraphNode& node : graph.nodes) view.by_unit[node.unit] = &node;
    return view;
}

const GraphNode* node_of(const StackView& view, std::string_view unit) {
    auto found = view.by_unit.find(unit);
    return found == view.by_unit.end() ? nullptr : found->second;
}

Mood mood_of(const ServiceStatus& service) {
    if (service.state == "ready") return Mood::good;
    if (service.kind == "guard") return Mood::bad;
    if (is_one_of(service.state, {"degraded", "backing_off", "slow_lane", "failed"}))
        return Mood::bad;
    if (is_one_of(service.state, {"held", "stopped", "stopped_by_operator"})) return Mood::paused;
    return Mood::busy;
}

std::string state_words(const ServiceStatus& service) {
    if (service.kind == "job" && service.state == "ready") return "done";
    if (service.kind == "guard") return service.state == "ready" ? "fine" : "not ready";
    std::string words = service.state;
    std::replace(words.begin(), words.end(), '_', ' ');
    return words;
}

std::string reason_words(const ServiceStatus& service) {
    if (service.state == "ready") return {};
    std::string words = service.sentence, state = state_words(service);
    for (const std::string& start : {service.name + " is ", service.name + " "})
        if (words.starts_with(start)) words.erase(0, start.size());
    if (words.starts_with(state + ": ")) words.erase(0, state.size() + 2);
    return words == state ? std::string() : words;
}

std::size_t count_ready(const StackView& view) {
    return static_cast<std::size_t>(
        std::count_if(view.services.begin(), view.services.end(),
                      [](const ServiceStatus& service) { return service.state == "ready"; }));
}

std::vector<KeptIncident> read_kept_incidents(const std::string& directory) {
    constexpr std::size_t kMost = 15;
    std::vector<KeptIncident> kept;
    Result<std::vector<std::string>> names = list_incidents(directory);
    if (!names) return kept;
    for (std::string& name : *names) {
        if (kept.size() == kMost) break;
        if (Result<IncidentRecord> record = read_incident_record(directory, name))
            kept.push_back({std::move(name), std::move(*record)});
    }
    return kept;
}

} // namespace lakebed
