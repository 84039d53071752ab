#include "sim/oracle.h"

#include <algorithm>

#include <fmt/format.h>

namespace lakebed::sim {
namespace {

using namespace std::chrono_literals;

bool view_ready(const UnitSnapshot& view) {
    return view.active_state == "active" && view.job_type != "stop" && view.job_type != "restart";
}

} // namespace

Oracle::Oracle(const Scenario& scenario, Timeline& timeline, Systemd& systemd)
    : scenario_(scenario), timeline_(timeline), systemd_(systemd),
      truth_(scenario.graph.nodes.size()) {}

void Oracle::violation(std::string what) {
    if (!broken)
        broken = fmt::format("at {:.6f} s: {}", static_cast<double>(timeline_.now().count()) / 1e6,
                             what);
}

std::size_t Oracle::place(const std::string& unit) const {
    const auto& nodes = scenario_.graph.nodes;
    for (std::size_t i = 0; i < nodes.size(); ++i)
        if (nodes[i].unit == unit) return i;
    return nodes.size();
}

void Oracle::told(const Event& event, Time captured) {
    if (const auto* changed = std::get_if<UnitChanged>(&event)) {
        Truth& truth = truth_[place(changed->unit)];
        truth.view = changed->now;
        truth.viewed = true;
        note_needs(place(changed->unit));
        const bool gone = changed->now.active_state == "inactive" && changed->now.job_id == 0;
        if (!changed->now.invocation_id.empty()) truth.hold_unseen = false;
        if (truth.pending_stop && truth.leaves_trace && gone && captured >= *truth.pending_stop) {
            truth.op_stopped = true;
            truth.pending_stop.reset();
        }
    } else if (const auto* done = std::get_if<JobDone>(&event)) {
        Truth& truth = truth_[place(done->unit)];
        const bool stop = !done->ours && done->job_type == "stop" && done->result == "done";
        const bool canceled = done->ours && done->job_type != "stop" && done->result == "canceled";
        const bool gone =
            truth.view.active_state == "inactive" || truth.view.active_state == "failed";
        if (truth.pending_stop && (stop || canceled) && gone && truth.view.job_id == 0 &&
            captured >= *truth.pending_stop) {
            truth.op_stopped = target_up;
            truth.pending_stop.reset();
        }
    } else if (const auto* answer = std::get_if<ProbeResult>(&event)) {
        Truth& truth = truth_[place(answer->unit)];
        truth.answers = answer->ok;
        if (!answer->liveness && answer->ok && truth.asked) truth.unverified = false;
        if (!answer->liveness) truth.asked = false;
    } else if (const auto* starting = std::get_if<TargetStarting>(&event)) {
        target_up = true;
        // A stop that came while this was on its way goes with the stops before it.
        if (starting->invocation_id != target_run || target_seen_down) fresh_target();
        target_run = starting->invocation_id;
        target_seen_down = false;
    } else if (std::holds_alternative<TargetStopping>(event) ||
               std::holds_alternative<ShutdownRequested>(event)) {
        target_up = false;
        target_seen_down = true;
        for (Truth& truth : truth_) truth.pending_stop.reset();
    }
    if (const auto* log = std::get_if<FatalLogSeen>(&event)) {
        Truth& truth = truth_[place(log->unit)];
        // One that comes when the next start is under way already changes nothing.
        if (truth.failed_at && log->run == truth.failed_run) {
            if (log->kind == FailureKind::port_taken) truth.port_taken = timeline_.now();
        }
    }
    // A need that is away gives a new start when it is back.
    for (const Unit& real : systemd_.units())
        for (std::size_t need : real.needs)
            if (!serves(need)) {
                truth_[real.index].failed_at.reset();
                truth_[real.index].port_taken.reset(); // its need's return starts it at once
            }
}

// What is told of a failure no longer holds it up.
void Oracle::forgive(Truth& truth) {
    truth.failed_at.reset();
    truth.port_taken.reset();
}

// A dependent that runs through the loss of what it leans on must show that it still serves; one
// that began anew has shown it by its start.
void Oracle::note_needs(std::size_t unit) {
    Truth& truth = truth_[unit];
    if (!truth.view.invocation_id.empty() && truth.view.invocation_id != truth.run) {
        truth.run = truth.view.invocation_id;
        truth.unverified = truth.asked = false;
        truth.answers = true;
        truth.renewed = false;
        forgive(truth);
    }
    const bool failed =
        truth.view.active_state == "failed" || truth.view.sub_state == "auto-restart";
    if (failed && truth.view.invocation_id != truth.failed_run) {
        truth.failed_at = timeline_.now();
        truth.failed_run = truth.view.invocation_id;
    }
    for (std::size_t other : systemd_.units()[unit].dependents)
        if (leans_on_missing(other)) {
            truth_[other].unverified = true;
            truth_[other].asked = false;
        }
    if (leans_on_missing(unit)) truth.unverified = true;
}

bool Oracle::serves(std::size_t unit) const {
    const Truth& truth = truth_[unit];
    return truth.viewed && view_ready(truth.view) && truth.answers && !truth.unverified &&
           !truth.renewed && !leans_on_missing(unit);
}

bool Oracle::leans_on_missing(std::size_t unit) const {
    const GraphNode& node = scenario_.graph.nodes[unit];
    if (node.kind == NodeKind::job) return false;
    return std::ranges::any_of(node.needs, [&](const Need& need) {
        const Truth& its = truth_[place(need.unit)];
        return need.type != EdgeType::init && its.viewed && !view_ready(its.view);
    });
}

void Oracle::stops(std::size_t unit, const NodeState& node, bool daemon_alive) {
    Truth& truth = truth_[unit];
    truth.maybe_stopped = true;
    truth.last_stop = timeline_.now();
    if (!target_up) return;
    const Unit& real = systemd_.units()[unit];
    const bool resting = node.state == State::ready || node.state == State::degraded;
    const bool same_run = !real.run.empty() && node.run == real.run && node.started_at;
    truth.leaves_trace = (real.process() && (same_run || (!daemon_alive && resting))) ||
                         (real.process() && resting) ||
                         (real.phase == Phase::active && (same_run || resting)) ||
                         (real.phase == Phase::hold_off && same_run && !node.parked);
    // Joined to a stop that goes on already, it is nothing that could be seen.
    const bool joins =
        (real.job && real.job->type == "stop") || (!daemon_alive && real.phase == Phase::stopping);
    if (!joins) truth.pending_stop = timeline_.now();
}

void Oracle::starts(std::size_t unit) {
    Truth& truth = truth_[unit];
    truth.hold_unseen = truth.hold_unseen || truth.hold;
    const Unit& real = systemd_.units()[unit];
    forgive(truth);
    truth.last_start = timeline_.now();
    truth.either =
        truth.either || ((truth.op_stopped || truth.hold) &&
                         (real.job ? real.job->type != "stop" : real.phase == Phase::active));
    truth.op_stopped = truth.hold = truth.maybe_stopped = false;
    truth.pending_stop.reset();
    renew(unit);
}

void Oracle::began(std::size_t unit) {
    truth_[unit].pending_stop.reset();
}

void Oracle::asks(Verb verb, std::optional<std::size_t> only) {
    if (!only && (verb == Verb::start || verb == Verb::restart)) quick_.clear();
    for (std::size_t i = 0; i < truth_.size(); ++i) {
        if (only && *only != i) continue;
        Truth& truth = truth_[i];
        // Wishes that cross each other on their way to lakebedd.
        const bool stops = verb == Verb::stop || verb == Verb::hold;
        forgive(truth);
        if (stops) truth.last_stop = timeline_.now();
        const Unit& real = systemd_.units()[i];
        const bool unseen =
            real.run != truth.view.invocation_id || (real.job && truth.view.job_id == 0);
        truth.either = stops ? truth.last_start && unseen : truth.pending_stop.has_value();
        truth.pending_stop.reset();
        renew(i);
        switch (verb) {
        case Verb::start:
        case Verb::restart:
            truth.op_stopped = truth.hold = truth.maybe_stopped = false;
            truth.restart_asked = truth.restart_asked || verb == Verb::restart;
            break;
        case Verb::stop:
            truth.op_stopped = truth.maybe_stopped = true;
            break;
        case Verb::hold:
            truth.hold = true;
            break;
        case Verb::release:
            truth.hold = false;
            break;
        }
    }
}

void Oracle::fresh_target() {
    quick_.clear();
    for (std::size_t i = 0; i < truth_.size(); ++i) {
        Truth& truth = truth_[i];
        // A stop of this moment may come after the start.
        truth.maybe_stopped = truth.last_stop && timeline_.now() - *truth.last_stop < 1s;
        truth.op_stopped = truth.either = false;
        truth.pending_stop.reset();
        forgive(truth);
        renew(i);
    }
}

void Oracle::daemon_started() {
    target_up = false;
    for (std::size_t i = 0; i < truth_.size(); ++i) {
        truth_[i].viewed = false;
        truth_[i].view = {};
        truth_[i].actions.clear();
        relieve(i, 1);
    }
}

void Oracle::graph_reloaded(bool changed) {
    if (changed) quick_.clear();
    for (std::size_t i = 0; i < truth_.size(); ++i) {
        truth_[i].failed_at.reset();
        renew(i);
    }
}

// What makes a start something else than a restart after a failure of its own.
void Oracle::relieve(std::size_t unit, int amount) {
    truth_[unit].relief.emplace_back(timeline_.now(), amount);
}

// A new chance: the budget is whole again.
void Oracle::renew(std::size_t unit) {
    relieve(unit, scenario_.graph.nodes[unit].restart.budget + 1);
}

void Oracle::check_start(std::size_t index, bool restart) {
    Truth& truth = truth_[index];
    const GraphNode& node = scenario_.graph.nodes[index];
    if (!target_up) violation(node.name + " is started while the target is not up");
    if (!truth.viewed) violation(node.name + " is started before it was looked at");
    if (truth.op_stopped && !truth.either)
        violation(node.name + " is started although an operator stopped it");
    if (truth.hold && !truth.either) violation(node.name + " is started although it is held");
    if (truth.port_taken && timeline_.now() - *truth.port_taken < 45s)
        violation(node.name + " is tried at once though its port is taken");
    truth.port_taken.reset();
    for (const Need& need : node.needs)
        if (!view_ready(truth_[place(need.unit)].view))
            violation(fmt::format("{} is started before {} is ready", node.name, need.unit));
    if (restart && view_ready(truth.view)) {
        bool session = truth.restart_asked;
        for (const Need& need : node.needs) session = session || (need.type == EdgeType::session);
        if (!session) violation(node.name + " is healthy and was restarted");
    }
    truth.restart_asked = false;
    count(index);
    count_for_stack(index);
}

// The slow lane is a minute at least in every scenario.
void Oracle::count_for_stack(std::size_t index) {
    Truth& truth = truth_[index];
    const Time now = timeline_.now();
    const bool quick = truth.failed_at && now - *truth.failed_at < 45s;
    truth.failed_at.reset();
    if (!quick) return;
    const StackBudget budget = stack_budget(scenario_.graph);
    quick_.push_back(now);
    while (quick_.front() + budget.window <= now) quick_.pop_front();
    if (static_cast<int>(quick_.size()) > budget.restarts)
        violation(fmt::format("the stack made {} restarts within {}, {} are allowed", quick_.size(),
                              lakebed::to_string(budget.window), budget.restarts));
}

void Oracle::count(std::size_t index) {
    Truth& truth = truth_[index];
    const RestartPolicy& policy = scenario_.graph.nodes[index].restart;
    const Time now = timeline_.now();
    const Duration window = policy.budget_window;
    truth.starts.push_back(now);
    while (truth.starts.front() + window <= now) truth.starts.pop_front();
    while (!truth.relief.empty() && truth.relief.front().first + window + 1min <= now)
        truth.relief.pop_front();
    std::int64_t allowed = policy.budget + 2 + window / policy.slow_lane;
    for (const auto& [when, amount] : truth.relief) allowed += amount;
    if (static_cast<std::int64_t>(truth.starts.size()) > allowed)
        violation(fmt::format("{} was started {} times within its budget window, {} are allowed",
                              scenario_.graph.nodes[index].name, truth.starts.size(), allowed));
}

void Oracle::check_stop(std::size_t index) {
    const Truth& truth = truth_[index];
    const bool hold_off = truth.view.sub_state == "auto-restart";
    if (!hold_off && !truth.either && !truth.op_stopped && !truth.hold && target_up)
        violation(scenario_.graph.nodes[index].name + " runs and was stopped");
}

void Oracle::acted(const std::vector<Action>& actions) {
    std::vector<std::size_t> stopped;
    for (const Action& action : actions) {
        std::optional<std::size_t> unit;
        if (const auto* start = std::get_if<act::StartUnit>(&action)) {
            check_start(*(unit = place(start->unit)), false);
        } else if (const auto* restart = std::get_if<act::RestartUnit>(&action)) {
            check_start(*(unit = place(restart->unit)), true);
            truth_[*unit].renewed = true;
        } else if (const auto* stop = std::get_if<act::StopUnit>(&action)) {
            check_stop(*(unit = place(stop->unit)));
            for (std::size_t earlier : stopped)
                for (std::size_t need : systemd_.units()[*unit].needs)
                    if (need == earlier && truth_[need].view.active_state == "active" &&
                        truth_[*unit].view.active_state == "active")
                        violation("stopped a need before its dependent");
            stopped.push_back(*unit);
        } else if (const auto* probe = std::get_if<act::RunProbe>(&action)) {
            const std::size_t asked = place(probe->unit);
            if (!probe->liveness) truth_[asked].asked = !leans_on_missing(asked);
        } else if (const auto* explain = std::get_if<act::Explain>(&action)) {
            if (explain->sentence.empty()) violation("explained nothing");
        }
        if (!unit) continue;
        auto& recent = truth_[*unit].actions;
        recent.push_back(timeline_.now());
        while (recent.front() + 5s < timeline_.now()) recent.pop_front();
        if (recent.size() > 25)
            violation(scenario_.graph.nodes[*unit].name + ": more than 25 jobs in 5 s");
    }
}

void Oracle::settled(const SupervisorState& state) {
    for (std::size_t i = 0; i < truth_.size(); ++i) {
        const NodeState& node = state.nodes.at(scenario_.graph.nodes[i].unit);
        Truth& truth = truth_[i];
        if (truth.viewed && node.state == State::ready && leans_on_missing(i))
            violation(scenario_.graph.nodes[i].name + " is called ready while a need is not");
        if (truth.viewed && node.state == State::ready && truth.unverified &&
            scenario_.graph.nodes[i].probe)
            violation(scenario_.graph.nodes[i].name +
                      " is called ready and was not asked since a need went away");
        if (truth.state == node.state) continue;
        truth.state = node.state;
        if (node.state != State::ready) continue;
        // A good run or a need that came back give new tries.
        for (std::size_t dependent : systemd_.units()[i].dependents) relieve(dependent, 1);
    }
    for (std::size_t i = 0; i < truth_.size(); ++i) {
        const NodeState& node = state.nodes.at(scenario_.graph.nodes[i].unit);
        if (node.state == State::ready && node.attempts == 0 && node.restarts.empty() &&
            (truth_[i].relief.empty() || truth_[i].relief.back().first + 60s < timeline_.now()))
            renew(i);
    }
}

void Oracle::finished(const SupervisorState& state) {
    const auto& units = systemd_.units();
    std::vector<bool> wanted(units.size(), true);
    for (std::size_t i = 0; i < units.size(); ++i) {
        const Truth& truth = truth_[i];
        const NodeState& node = state.nodes.at(units[i].spec->unit);
        const std::string& name = units[i].spec->name;
        const bool down = truth.op_stopped || truth.hold;
        if (down && !truth.either && units[i].process())
            violation(name + " runs although it was stopped by an operator");
        const bool unknown = truth.maybe_stopped && (node.operator_stopped || truth.pending_stop);
        const bool still_held = truth.hold_unseen && node.hold;
        wanted[i] = !down && !unknown && !truth.either && !still_held && !units[i].fatal &&
                    !units[i].fatal_log;
        for (std::size_t need : units[i].needs) wanted[i] = wanted[i] && wanted[need];
        if (!wanted[i]) continue;
        const std::string so =
            fmt::format(" long after the last fault ({}: {})", to_string(node.state), node.reason);
        if (units[i].phase != Phase::active) violation(name + " is not up" + so);
        if (node.state != State::ready) violation(name + " is not ready" + so);
        if (units[i].hung) violation(name + " hangs" + so);
        if (units[i].stuck) violation(name + " has lost a need and nobody saw it" + so);
        for (const Need& need : units[i].spec->needs)
            if (need.type == EdgeType::session &&
                units[place(need.unit)].run_since > units[i].run_since)
                violation(fmt::format("{} still has its session with an earlier run of {}{}", name,
                                      need.unit, so));
    }
}

} // namespace lakebed::sim
