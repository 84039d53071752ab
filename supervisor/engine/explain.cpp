#include "engine/explain.h"

#include <algorithm>
#include <csignal>
#include <cstring>

#include <fmt/format.h>

namespace lakebed {
namespace {

// si_code of a child's end; <csignal> has them as CLD_* on Linux.
std::string ending(const UnitSnapshot& unit) {
    if (unit.exec_main_code == CLD_EXITED) {
        return fmt::format("exit status {}", unit.exec_main_status);
    }
    if (unit.exec_main_code == CLD_KILLED || unit.exec_main_code == CLD_DUMPED) {
        const char* name = sigabbrev_np(unit.exec_main_status);
        return name != nullptr ? fmt::format("killed by SIG{}", name)
                               : fmt::format("killed by signal {}", unit.exec_main_status);
    }
    return unit.result.empty() ? "unknown end" : fmt::format("result {}", unit.result);
}

const NodeState* node_of(const SupervisorState& state, std::string_view unit) {
    auto found = state.nodes.find(std::string(unit));
    return found == state.nodes.end() ? nullptr : &found->second;
}

const GraphNode* spec_of(const SupervisorState& state, std::string_view unit) {
    const NodeState* node = node_of(state, unit);
    const auto& nodes = state.graph.nodes;
    if (node != nullptr && node->place < nodes.size() && nodes[node->place].unit == unit)
        return &nodes[node->place];
    return find_node(state.graph, unit);
}

std::string name_of(const SupervisorState& state, std::string_view unit) {
    const GraphNode* node = spec_of(state, unit);
    return node == nullptr ? std::string(unit) : node->name;
}

bool is_ready(const SupervisorState& state, const std::string& unit) {
    const NodeState* node = node_of(state, unit);
    return node != nullptr && node->state == State::ready;
}

// What to say of the root of somebody else's trouble; empty when it is merely on its way.
std::string trouble(const SupervisorState& state, const std::string& unit) {
    const NodeState& node = *node_of(state, unit);
    if (node.unit.load_state == "masked") return "is masked";
    if (node.unit.load_state == "not-found") return "has no unit file";
    switch (node.state) {
    case State::stopped_by_operator:
        return "was stopped by an operator";
    case State::stopped:
        return "is stopped";
    case State::stopping:
        return "is stopping";
    case State::degraded:
        return node.probe_detail.empty() && node.liveness_failures == 0
                   ? "is not known to serve yet"
                   : "does not answer its probe";
    case State::held:
        if (node.hold) return "is held by an operator";
        [[fallthrough]];
    default:
        break;
    }
    if (node.last_incident && node.attempts > 0) return predicate(*node.last_incident);
    if (node.last_incident && node.bad_config) return predicate(*node.last_incident);
    return {};
}

// What a guard has to say, when that is what `unit` is.
const std::string* guard_word(const SupervisorState& state, const std::string& unit) {
    const GraphNode* spec = spec_of(state, unit);
    return spec != nullptr && is_guard(*spec) ? &node_of(state, unit)->probe_detail : nullptr;
}

// The word of the guard that suspends `spec`; nullptr when all that do are ready.
const std::string* suspended_by(const SupervisorState& state, const GraphNode& spec) {
    for (const Need& need : spec.needs)
        if (need.type == EdgeType::suspends && !is_ready(state, need.unit))
            return guard_word(state, need.unit);
    return nullptr;
}

std::string explain_guard(const GraphNode& spec, const NodeState& node) {
    if (!node.known) return spec.name + " has not been checked yet";
    return node.probe_detail.empty() ? spec.name + " is fine" : node.probe_detail;
}

// "postgres is not ready: killed by SIGKILL"
std::string missing(const SupervisorState& state, const std::string& unit) {
    if (const std::string* word = guard_word(state, unit); word && !word->empty()) return *word;
    const NodeState& node = *node_of(state, unit);
    std::string text = fmt::format("{} is not ready", name_of(state, unit));
    const bool failed = node.attempts > 0 || node.bad_config || node.state == State::restarting ||
                        node.state == State::held;
    const bool startable = node.unit.load_state != "masked" && node.unit.load_state != "not-found";
    if (node.last_incident && failed && !node.hold && startable)
        return text + ": " + node.last_incident->detail;
    const std::string said = trouble(state, unit);
    std::string_view why = said;
    for (std::string_view verb : {"was ", "is "})
        if (why.starts_with(verb)) return fmt::format("{}: {}", text, why.substr(verb.size()));
    return why.empty() ? text : fmt::format("{}: it {}", text, why);
}

std::string explain_waiting(const SupervisorState& state, const std::string& name,
                            const NodeState& node, const std::vector<std::string>& path) {
    if (node.unit.load_state == "masked") return name + " cannot start: its unit is masked";
    if (!node.unit.load_state.empty() && node.unit.load_state != "loaded")
        return fmt::format("{} cannot start: its unit is {}", name, node.unit.load_state);
    if (path.size() < 2) return name + " is about to start";
    const std::string* word = guard_word(state, path.back());
    if (word && path.size() == 2 && !word->empty())
        return fmt::format("{} is held: {}", name, *word);
    std::string text = fmt::format("{} is waiting for {}", name, name_of(state, path[1]));
    for (std::size_t i = 2; i < path.size(); ++i)
        text += fmt::format(", which waits for {}", name_of(state, path[i]));
    if (word && !word->empty()) return text + ": " + *word;
    const std::string why = trouble(state, path.back());
    if (!why.empty()) text += ", which " + why;
    return text;
}

std::string explain_degraded(const SupervisorState& state, const GraphNode& spec,
                             const NodeState& node, const std::vector<std::string>& path) {
    const std::string& name = spec.name;
    if (path.size() > 1) return fmt::format("{} runs, but {}", name, missing(state, path.back()));
    for (const Need& need : spec.needs) {
        const auto began_with = node.needs_run.find(need.unit);
        if (need.type == EdgeType::session && began_with != node.needs_run.end() &&
            began_with->second != node_of(state, need.unit)->run)
            return fmt::format("{} runs with an earlier {}, and will be restarted", name,
                               name_of(state, need.unit));
    }
    if (node.probe_detail.empty() && node.liveness_failures == 0)
        return name + " runs and must show that it is ready, as what it needs was away";
    return fmt::format("{} runs but does not answer its probe{}{}", name,
                       node.probe_detail.empty() ? "" : ": ", node.probe_detail);
}

std::string explain_held(const SupervisorState& state, const std::string& name,
                         const NodeState& node, const std::vector<std::string>& path) {
    if (node.hold) return name + " is held by an operator";
    if (node.bad_config)
        return fmt::format("{} is held: its configuration is wrong: {}; it is tried again after "
                           "the next apply or by `lakebed start {}`",
                           name, node.last_incident ? node.last_incident->detail : "unknown", name);
    if (path.size() < 2) return explain_waiting(state, name, node, path);
    return fmt::format("{} is held: {}", name, missing(state, path.back()));
}

} // namespace

std::string_view to_string(State state) {
    switch (state) {
    case State::waiting:
        return "waiting";
    case State::held:
        return "held";
    case State::starting:
        return "starting";
    case State::ready:
        return "ready";
    case State::degraded:
        return "degraded";
    case State::restarting:
        return "restarting";
    case State::backing_off:
        return "backing_off";
    case State::slow_lane:
        return "slow_lane";
    case State::stopped_by_operator:
        return "stopped_by_operator";
    case State::stopping:
        return "stopping";
    case State::stopped:
        return "stopped";
    }
    return "";
}

std::string_view to_string(Cause cause) {
    switch (cause) {
    case Cause::none:
        return "none";
    case Cause::crash:
        return "crash";
    case Cause::hang:
        return "hang";
    case Cause::out_of_memory:
        return "out_of_memory";
    case Cause::bad_config:
        return "bad_config";
    case Cause::port_taken:
        return "port_taken";
    case Cause::disk_full:
        return "disk_full";
    case Cause::start_timeout:
        return "start_timeout";
    case Cause::operator_stop:
        return "operator_stop";
    case Cause::waiting:
        return "waiting";
    }
    return "";
}

Incident read_incident(const GraphNode& node, const UnitSnapshot& unit, TimePoint now) {
    const bool fatal = unit.exec_main_code == CLD_EXITED &&
                       std::ranges::any_of(node.fatal, [&](const FatalRule& rule) {
                           return rule.exit_status == unit.exec_main_status;
                       });
    if (fatal) return {now, Cause::bad_config, ending(unit)};
    if (unit.result == "watchdog") return {now, Cause::hang, "no answer to its liveness probe"};
    if (unit.result == "oom-kill") return {now, Cause::out_of_memory, "out of memory"};
    if (unit.result == "timeout") return {now, Cause::start_timeout, "start timed out"};
    return {now, Cause::crash, ending(unit)};
}

std::string predicate(const Incident& incident) {
    switch (incident.cause) {
    case Cause::hang:
        return "hung";
    case Cause::out_of_memory:
        return "ran out of memory";
    case Cause::start_timeout:
        return "did not become ready in time";
    case Cause::bad_config:
        return "has a wrong configuration: " + incident.detail;
    case Cause::port_taken:
        return "cannot listen: " + incident.detail;
    case Cause::disk_full:
        return "has " + incident.detail;
    default:
        break;
    }
    if (incident.detail.starts_with("killed")) return "was " + incident.detail;
    if (incident.detail.starts_with("exit status")) return "ended with " + incident.detail;
    return "failed: " + incident.detail;
}

std::vector<std::string> why_path(const SupervisorState& state, std::string_view unit) {
    std::vector<std::string> path{std::string(unit)};
    while (path.size() <= state.graph.nodes.size()) {
        const GraphNode* spec = spec_of(state, path.back());
        const NodeState* node = node_of(state, path.back());
        if (spec == nullptr || node == nullptr) break;
        // Only what cannot go on by itself waits for its needs; what runs only leans on some.
        const bool leans = node->state == State::degraded && spec->kind == NodeKind::service;
        const bool waits = (node->state == State::waiting || node->state == State::held) &&
                           !node->hold && !node->bad_config;
        if (!waits && !leans) break;
        auto lacking = std::ranges::find_if(spec->needs, [&](const Need& need) {
            return !is_ready(state, need.unit) && (!leans || is_leaned_on(need.type));
        });
        if (lacking == spec->needs.end()) break;
        path.push_back(lacking->unit);
    }
    return path;
}

std::string explain(const SupervisorState& state, std::string_view unit) {
    const NodeState* found = node_of(state, unit);
    const GraphNode* spec = spec_of(state, unit);
    if (found == nullptr || spec == nullptr) return {};
    const NodeState& node = *found;
    const std::string& name = spec->name;
    if (is_guard(*spec)) return explain_guard(*spec, node);
    const bool after_failure = node.last_incident && node.attempts > 0;
    const std::string* word = suspended_by(state, *spec);
    switch (node.state) {
    case State::waiting:
        return explain_waiting(state, name, node, why_path(state, unit));
    case State::held:
        return explain_held(state, name, node, why_path(state, unit));
    case State::starting:
    case State::restarting:
        if (after_failure)
            return fmt::format("{} {}; restarting", name, predicate(*node.last_incident));
        return fmt::format("{} is {}", name,
                           node.state == State::starting ? "starting" : "restarting");
    case State::ready:
        if (word && node.despite_guard)
            return fmt::format("{} was started by hand, though {}", name, *word);
        if (after_failure)
            return fmt::format("{} {}; restarted", name, predicate(*node.last_incident));
        return name + (spec->kind == NodeKind::job ? " is done" : " is ready");
    case State::degraded:
        return explain_degraded(state, *spec, node, why_path(state, unit));
    case State::backing_off:
        if (!node.last_incident || node.attempts == 0)
            return fmt::format("{} is about to start", name);
        return fmt::format("{} {} ({} in a row); it is tried again after a pause", name,
                           predicate(*node.last_incident),
                           node.attempts == 1 ? "1 failure"
                                              : fmt::format("{} failures", node.attempts));
    case State::slow_lane:
        if (node.slow_for_stack)
            return fmt::format(
                "{} {}; the stack has used up its {} restarts within {}, it is tried every {}",
                name, node.last_incident ? predicate(*node.last_incident) : "failed",
                stack_budget(state.graph).restarts, to_string(stack_budget(state.graph).window),
                to_string(spec->restart.slow_lane));
        if (!node.slow && node.last_incident && node.last_incident->cause == Cause::port_taken)
            return fmt::format("{} {}; it is tried every {}", name, predicate(*node.last_incident),
                               to_string(spec->restart.slow_lane));
        return fmt::format("{} {}; {} restarts did not help, it is tried every {}", name,
                           node.last_incident ? predicate(*node.last_incident) : "failed",
                           spec->restart.budget, to_string(spec->restart.slow_lane));
    case State::stopped_by_operator:
        return name + " was stopped by an operator";
    case State::stopping:
        if (word && node.suspended) return fmt::format("{} is being stopped: {}", name, *word);
        return name + " is stopping";
    case State::stopped:
        return name + " is stopped";
    }
    return {};
}

} // namespace lakebed
