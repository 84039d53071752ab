#include "sim/judge.h"

#include <fmt/format.h>

namespace lakebed::sim {
namespace {

bool shown_ready(const UnitSnapshot& view) {
    return view.active_state == "active" && view.job_type != "stop" && view.job_type != "restart";
}

} // namespace

Judge::Judge(const SupervisorState& state)
    : graph_(state.graph), target_seen_down_(state.target_seen_down),
      target_run_(state.target_run) {
    for (const GraphNode& node : graph_.nodes) {
        auto found = state.nodes.find(node.unit);
        Unit& unit = units_[node.unit];
        if (found == state.nodes.end()) continue;
        unit.stopped = found->second.operator_stopped;
        unit.held = found->second.hold;
    }
}

void Judge::told(const UnitChanged& event, TimePoint now) {
    auto found = units_.find(event.unit);
    if (found == units_.end()) return;
    Unit& unit = found->second;
    const bool runs = event.now.active_state == "active" || event.now.active_state == "activating";
    const bool anew = event.now.invocation_id != unit.view.invocation_id || !unit.viewed;
    const bool wanted = event.now.job_type == "start" || event.now.job_type == "restart";
    // Somebody started it: that ends his stop.
    if ((runs && anew) || wanted) unit.stopped = unit.held = false;
    if (unit.job && now - unit.job->since > kLostJob) unit.job.reset();
    unit.view = event.now;
    unit.viewed = true;
}

void Judge::told(const JobDone& event) {
    auto found = units_.find(event.unit);
    if (found == units_.end()) return;
    Unit& unit = found->second;
    if (event.ours && unit.job && unit.job->type == event.job_type) unit.job.reset();
    const bool down = unit.view.active_state == "inactive" || unit.view.active_state == "failed";
    if (!event.ours && event.job_type == "stop" && event.result == "done" && down &&
        unit.view.job_id == 0 && target_up_)
        unit.stopped = true;
    if (!event.ours && event.job_type != "stop") unit.stopped = unit.held = false;
}

void Judge::told(const UserCommand& event) {
    for (const GraphNode& node : graph_.nodes) {
        if (!event.unit.empty() && event.unit != node.unit && event.unit != node.name) continue;
        Unit& unit = units_[node.unit];
        switch (event.verb) {
        case Verb::start:
        case Verb::restart:
            unit.stopped = unit.held = false;
            break;
        case Verb::stop:
            unit.stopped = true;
            break;
        case Verb::hold:
            unit.held = true;
            break;
        case Verb::release:
            unit.held = false;
            break;
        }
    }
}

void Judge::told(const Event& event, TimePoint now) {
    if (const auto* changed = std::get_if<UnitChanged>(&event)) return told(*changed, now);
    if (const auto* done = std::get_if<JobDone>(&event)) return told(*done);
    if (const auto* command = std::get_if<UserCommand>(&event)) return told(*command);
    if (const auto* reloaded = std::get_if<GraphReloaded>(&event)) {
        graph_ = reloaded->graph;
        std::map<std::string, Unit> units;
        for (const GraphNode& node : graph_.nodes) units[node.unit] = units_[node.unit];
        units_ = std::move(units);
    } else if (const auto* starting = std::get_if<TargetStarting>(&event)) {
        if (starting->invocation_id != target_run_ || target_seen_down_)
            for (auto& [name, unit] : units_) unit.stopped = false;
        target_up_ = true;
        target_seen_down_ = false;
        target_run_ = starting->invocation_id;
    } else if (std::holds_alternative<TargetStopping>(event) ||
               std::holds_alternative<ShutdownRequested>(event)) {
        target_up_ = false;
        target_seen_down_ = true;
    }
}

std::string Judge::check(const std::string& type, const std::string& name, TimePoint now) {
    const GraphNode* node = find_node(graph_, name);
    if (node == nullptr || node->unit != name) return name + " is not ours";
    Unit& unit = units_[name];
    if (!unit.viewed) return name + " is acted on before it was looked at";
    // A stop may cancel a start of ours; nothing else is sent while a job is on its way.
    const bool cancels = unit.job && unit.job->type != "stop" && type == "stop";
    if (unit.job && !cancels)
        return fmt::format("{}: {} while our {} is under way", name, type, unit.job->type);
    unit.job = Job{type, now};
    if (type == "stop") return {};
    if (!target_up_) return name + " is started while the target is not up";
    if (unit.stopped) return name + " is started although an operator stopped it";
    if (unit.held) return name + " is started although it is held";
    for (const Need& need : node->needs)
        if (!shown_ready(units_[need.unit].view))
            return fmt::format("{} is started before {} is ready", name, need.unit);
    return {};
}

std::optional<std::string> Judge::acted(const std::vector<Action>& actions, TimePoint now) {
    for (const Action& action : actions) {
        std::string broken;
        if (const auto* start = std::get_if<act::StartUnit>(&action))
            broken = check("start", start->unit, now);
        else if (const auto* stop = std::get_if<act::StopUnit>(&action))
            broken = check("stop", stop->unit, now);
        else if (const auto* restart = std::get_if<act::RestartUnit>(&action))
            broken = check("restart", restart->unit, now);
        else if (const auto* reset = std::get_if<act::ResetFailed>(&action))
            broken = units_.contains(reset->unit) ? "" : reset->unit + " is not ours";
        else if (const auto* kill = std::get_if<act::TriggerWatchdog>(&action))
            broken = units_.contains(kill->unit) ? "" : kill->unit + " is not ours";
        if (!broken.empty()) return broken;
    }
    return {};
}

} // namespace lakebed::sim
