#include "engine/supervisor.h"

#include <algorithm>
#include <array>
#include <cassert>

#include "engine/explain.h"
#include "engine/guards.h"
#include "engine/moves.h"
#include "engine/policy.h"
#include "engine/steps.h"
#include "engine/table.h"

namespace lakebed {
namespace {

using detail::Slot;

Input input_of(Observed observed) {
    switch (observed) {
    case Observed::up:
        return Input::up;
    case Observed::coming_up:
        return Input::coming_up;
    case Observed::hold_off:
        return Input::hold_off;
    case Observed::failed:
        return Input::failed;
    case Observed::down:
        return Input::down;
    case Observed::going_down:
        return Input::going_down;
    case Observed::queued:
        break;
    }
    return Input::queued;
}

void take(Turn& turn, Slot& slot, const UnitChanged& event) {
    NodeState& node = *slot.state;
    turn.before = observe(node.unit);
    turn.before_at = node.seen_at;
    turn.restarted = event.now.n_restarts > node.unit.n_restarts;
    turn.changed = node.unit != event.now || !node.known;
    const bool was_gone = turn.before == Observed::down || turn.before == Observed::failed;
    // Nothing but a stop job makes a unit inactive, and its snapshots may coalesce.
    if (node.known && !was_gone && observe(event.now) == Observed::down) node.stop_owed = turn.now;
    node.unit = event.now;
    node.seen_at = turn.now;
    if (node.known)
        give(turn, slot, input_of(observe(node.unit)));
    else {
        steps::adopt(turn, slot);
        if (turn.state.target_up) give(turn, slot, Input::target_up); // new in a reloaded graph
    }
}

void take(Turn& turn, Slot& slot, const JobDone& event) {
    NodeState& node = *slot.state;
    turn.detail = event.job_type;
    // A job whose type is not known and that leaves the unit inactive was one.
    const bool stop = event.job_type == "stop" ||
                      (event.job_type.empty() && !event.ours && event.result == "done" &&
                       observe(node.unit) == Observed::down);
    // That of the stop before came already, or went by with the connection.
    if (observe(node.unit) == Observed::down && !steps::stop_pends(turn, node))
        node.start_wanted = false;
    if (stop) node.stop_owed.reset();
    if (!event.ours) {
        if (stop && event.result == "done") give(turn, slot, Input::stop_done);
        // Of unknown type, but what is failed by now it has hardly started.
        const bool ended = event.job_type.empty() && observe(node.unit) == Observed::failed;
        if ((stop && event.result != "done") || (ended && event.result == "done"))
            node.start_wanted = false;
        if (stop && event.result == "canceled") node.stop_seen = false;
        return;
    }
    if (event.result == "done") {
        if (stop && node.doomed != Doomed::no) {
            node.doomed = Doomed::no;
            node.stop_sent = false;
        }
        if (stop) node.start_wanted = false;
        // It ran, also when its snapshots coalesced: to be inactive now is to have been stopped.
        const bool waits = node.state == State::starting || node.state == State::restarting;
        if (!stop && waits && !node.started_at) {
            node.started_at = turn.now;
            if (observe(node.unit) == Observed::down) give(turn, slot, Input::down);
        }
        return; // the unit itself tells the rest
    }
    if (stop) {
        if (event.result == "canceled") give(turn, slot, Input::stop_undone);
        if (event.result == "refused") steps::unsent(turn, slot);
    } else if (event.result == "refused") {
        give(turn, slot, Input::refused);
    } else if (event.result == "canceled") {
        give(turn, slot, Input::canceled);
    } else {
        give(turn, slot, Input::start_failed);
    }
}

void take(Turn& turn, Slot& slot, const ProbeResult& event) {
    turn.detail = event.detail;
    if (event.liveness) return give(turn, slot, event.ok ? Input::live_ok : Input::live_bad);
    NodeState& node = *slot.state;
    node.verifying = false;
    if (node.verify_void) { // it says nothing of the time since
        node.verify_void = false;
        node.verify_wanted = node.verify_wanted || node.unverified_since;
        turn.changed = true;
    } else {
        give(turn, slot, event.ok ? Input::probe_ok : Input::probe_bad);
    }
}

void take(Turn& turn, Slot& slot, const DeadlineReached& event) {
    switch (event.deadline) {
    case Deadline::restart:
    case Deadline::slow_lane:
        give(turn, slot, Input::retry_due);
        break;
    case Deadline::good_run:
        give(turn, slot, Input::good_run);
        break;
    case Deadline::liveness:
        give(turn, slot, Input::liveness_due);
        break;
    case Deadline::verify:
        give(turn, slot, Input::verify_due);
        break;
    case Deadline::flush:
        break;
    }
}

void take(Turn& turn, Slot& slot, const FatalLogSeen& event) {
    turn.detail = event.line;
    if (event.kind == FailureKind::bad_config) return give(turn, slot, Input::fatal);
    if (event.run != slot.state->failed_run) return; // of a failure that is history
    const bool port = event.kind == FailureKind::port_taken;
    turn.cause = port ? Cause::port_taken : Cause::disk_full;
    give(turn, slot, port ? Input::port_taken : Input::disk_full);
}

void take(Turn& turn, Slot& slot, const GuardChecked& event) {
    take_guard(turn, slot, event);
}

void command(Turn& turn, Slot& slot, Verb verb) {
    if (is_guard(*slot.spec)) return;
    NodeState& node = *slot.state;
    turn.changed = true;
    switch (verb) {
    case Verb::start:
        give(turn, slot, Input::start);
        break;
    case Verb::stop:
        node.operator_stopped = true;
        give(turn, slot, Input::stop);
        break;
    case Verb::restart:
        give(turn, slot, Input::restart);
        break;
    case Verb::hold:
        node.hold = true;
        give(turn, slot, Input::stop);
        break;
    case Verb::release:
        if (node.hold) {
            const bool stopped = node.operator_stopped;
            give(turn, slot, Input::start);
            if (stopped) {
                node.operator_stopped = true;
                give(turn, slot, Input::stop);
            }
        }
        break;
    }
}

bool leans_on_touched(const Turn& turn, const Slot& slot) {
    return std::ranges::any_of(
        slot.needs, [&](const Slot::Link& need) { return turn.slots[need.slot].touched; });
}

// Needs come before dependents in `slots`, so one pass settles the whole graph.
void settle(Turn& turn) {
    for (Slot& slot : turn.slots) {
        if (!slot.state->known || is_guard(*slot.spec)) continue;
        if (!slot.touched && !leans_on_touched(turn, slot)) continue;
        turn.changed = false;
        give(turn, slot, steps::needs_ready(turn, slot) ? Input::needs_ready : Input::need_lost);
        slot.touched = slot.touched || turn.changed;
    }
    suspend_writers(turn);
}

// Sentences of these lead to the root of their trouble.
bool names_needs(const NodeState& node) {
    return node.state == State::waiting || node.state == State::held ||
           node.state == State::degraded || node.suspended || node.despite_guard;
}

void tell(Turn& turn) {
    for (Slot& slot : turn.slots) {
        if (slot.touched && slot.state->state != slot.announced) {
            slot.announced = slot.state->state;
            turn.actions.push_back(act::Announce{slot.spec->unit, slot.announced});
        }
    }
    for (Slot& slot : turn.slots) {
        NodeState& node = *slot.state;
        slot.touched = slot.touched || (names_needs(node) && leans_on_touched(turn, slot));
        if (!node.known || !slot.touched) continue;
        std::string sentence = explain(turn.state, slot.spec->unit);
        if (sentence == node.reason) continue;
        const bool news = !node.reason.empty() || node.state != State::stopped;
        node.reason = std::move(sentence);
        if (!news) continue; // that nothing has begun yet needs no telling
        turn.actions.push_back(act::Explain{slot.spec->unit, node.reason});
    }
    for (Slot& slot : turn.slots) slot.touched = false;
}

template <class T> struct is_unit_event : std::false_type {};
template <> struct is_unit_event<UnitChanged> : std::true_type {};
template <> struct is_unit_event<JobDone> : std::true_type {};
template <> struct is_unit_event<ProbeResult> : std::true_type {};
template <> struct is_unit_event<DeadlineReached> : std::true_type {};
template <> struct is_unit_event<FatalLogSeen> : std::true_type {};
template <> struct is_unit_event<GuardChecked> : std::true_type {};

} // namespace

Supervisor::Supervisor(SupervisorState initial) : state_(std::move(initial)) {
    index();
}

const SupervisorState& Supervisor::state() const {
    return state_;
}

void Supervisor::index() {
    auto order = start_order(state_.graph);
    assert(order && "check_graph() comes before the supervisor");
    slots_.clear();
    places_.clear();
    budget_ = stack_budget(state_.graph);
    if (!order) return;
    for (const std::string& unit : *order) {
        NodeState& node = state_.nodes[unit];
        const GraphNode* spec = find_node(state_.graph, unit);
        node.place = static_cast<std::size_t>(spec - state_.graph.nodes.data());
        Slot slot{.spec = spec, .state = &node, .announced = node.state};
        for (const Need& need : slot.spec->needs)
            slot.needs.push_back({places_.at(need.unit), need.type});
        places_[slot.spec->unit] = slots_.size();
        slots_.push_back(std::move(slot));
    }
}

// What runs is left alone; a new input is a new chance for what was refused as wrong.
void Supervisor::reload(const ServiceGraph& graph, std::vector<Action>& actions) {
    std::map<std::string, GraphNode> old;
    for (const GraphNode& node : state_.graph.nodes) old.emplace(node.unit, node);
    std::map<std::string, NodeState> nodes;
    for (const GraphNode& node : graph.nodes) {
        auto found = state_.nodes.extract(node.unit);
        if (found.empty()) {
            nodes.emplace(node.unit, NodeState{});
            continue;
        }
        NodeState& kept = found.mapped();
        if (kept.bad_config && kept.state == State::held && !kept.hold) kept.state = State::waiting;
        kept.bad_config = false;
        // A probe under way may have ended with the graph that described it.
        kept.verify_wanted = kept.verify_wanted || kept.verifying || kept.unverified_since;
        kept.verifying = kept.verify_void = false;
        if (old.contains(node.unit) && old.at(node.unit) != node) {
            kept.attempts = 0;
            kept.slow = false;
            kept.restarts.clear();
            std::erase_if(kept.needs_run, [&](const auto& entry) {
                return std::ranges::none_of(
                    node.needs, [&](const Need& need) { return need.unit == entry.first; });
            });
        }
        nodes.insert(std::move(found));
    }
    for (const auto& [unit, gone] : state_.nodes)
        for (Deadline deadline : {Deadline::restart, Deadline::slow_lane, Deadline::good_run,
                                  Deadline::liveness, Deadline::verify})
            actions.push_back(act::SetDeadline{unit, deadline, std::nullopt});
    if (state_.graph.nodes != graph.nodes) state_.restarts.clear(); // it is another stack
    state_.graph = graph;
    state_.nodes = std::move(nodes);
    index();
}

std::vector<Action> Supervisor::on(const Event& event, TimePoint now) {
    Turn turn{.state = state_, .slots = slots_, .now = now};
    prune(state_.restarts, budget_.window, now);
    if (static_cast<int>(state_.restarts.size()) < budget_.restarts) state_.budget_spent = false;

    std::visit(
        [&](const auto& e) {
            using E = std::decay_t<decltype(e)>;
            if constexpr (is_unit_event<E>::value) {
                const auto place = places_.find(e.unit);
                if (place == places_.end()) return;
                Slot& slot = slots_[place->second];
                if (is_guard(*slot.spec) != std::is_same_v<E, GuardChecked>) return;
                slot.touched = true;
                take(turn, slot, e);
            } else if constexpr (std::is_same_v<E, UserCommand>) {
                if (e.unit.empty() && (e.verb == Verb::start || e.verb == Verb::restart))
                    state_.restarts.clear();
                // Stops go from the dependents down, as systemd orders the jobs of one moment.
                auto one = [&](Slot& slot) {
                    if (!e.unit.empty() && slot.spec->unit != e.unit && slot.spec->name != e.unit)
                        return;
                    slot.touched = true;
                    command(turn, slot, e.verb);
                };
                if (e.verb == Verb::stop || e.verb == Verb::hold)
                    std::for_each(slots_.rbegin(), slots_.rend(), one);
                else
                    std::for_each(slots_.begin(), slots_.end(), one);
            } else if constexpr (std::is_same_v<E, GraphReloaded>) {
                reload(e.graph, turn.actions);
                turn.changed = true;
            } else {
                turn.changed = true;
                const bool up = std::is_same_v<E, TargetStarting>;
                if constexpr (std::is_same_v<E, TargetStarting>) {
                    turn.fresh = e.invocation_id != state_.target_run || state_.target_seen_down;
                    if (state_.target_run.empty()) turn.target_since = e.became_active;
                    state_.target_run = e.invocation_id;
                    if (turn.fresh) state_.restarts.clear();
                }
                if constexpr (std::is_same_v<E, ShutdownRequested>) state_.shutting_down = true;
                // Told again after a reconnect: nothing new.
                if (up && state_.target_up && !turn.fresh) return;
                state_.target_up = up && !state_.shutting_down;
                state_.target_seen_down = !up;
                for (Slot& slot : slots_) {
                    if (!slot.state->known || is_guard(*slot.spec)) continue;
                    slot.touched = true;
                    give(turn, slot, state_.target_up ? Input::target_up : Input::target_down);
                }
            }
        },
        event);

    if (turn.changed) {
        settle(turn);
        tell(turn);
    }
    return std::move(turn.actions);
}

} // namespace lakebed
