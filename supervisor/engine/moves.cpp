#include "engine/moves.h"

#include <algorithm>

#include <fmt/format.h>

#include "engine/policy.h"

namespace lakebed::steps {

using detail::Slot;

namespace {

// A back-off this near to systemd's own hold-off is cancelled rather than raced.
constexpr Duration kHoldOffMargin = std::chrono::seconds(3);

} // namespace

Observed seen(const Slot& slot) {
    return observe(slot.state->unit);
}

void become(Turn& turn, Slot& slot, State state) {
    turn.changed = true;
    if (slot.state->state == state) return;
    slot.state->state = state;
    slot.state->since = turn.now;
}

bool needs_ready(const Turn& turn, const Slot& slot) {
    return std::ranges::all_of(slot.needs, [&](const Slot::Link& need) {
        return turn.slots[need.slot].state->state == State::ready;
    });
}

bool excused(const Turn& turn, const Slot& slot) {
    return std::ranges::any_of(slot.needs, [&](const Slot::Link& need) {
        return is_leaned_on(need.type) && turn.slots[need.slot].state->state != State::ready;
    });
}

bool lacks_need(const Turn& turn, const Slot& slot) {
    return slot.spec->kind == NodeKind::service &&
           std::ranges::any_of(slot.needs, [&](const Slot::Link& need) {
               const NodeState& its = *turn.slots[need.slot].state;
               return is_leaned_on(need.type) && its.known && its.state != State::ready;
           });
}

bool lacks_guard(const Turn& turn, const Slot& slot) {
    return std::ranges::any_of(slot.needs, [&](const Slot::Link& need) {
        const NodeState& guard = *turn.slots[need.slot].state;
        return need.type == EdgeType::suspends && guard.known && guard.state != State::ready;
    });
}

bool target_runs(const Turn& turn) {
    return turn.state.target_up && !turn.state.shutting_down;
}

bool may_run(const Turn& turn, const NodeState& node) {
    return target_runs(turn) && node.known && !node.operator_stopped && !node.hold &&
           !node.bad_config && node.doomed == Doomed::no && startable(node);
}

bool startable(const NodeState& node) {
    return node.unit.load_state == "loaded";
}

bool lost(const Turn& turn, const NodeState& node) {
    return node.unit.job_id == 0 && turn.now - node.since > kLostJob;
}

bool in_flight(const NodeState& node) {
    return (node.state == State::starting || node.state == State::restarting) && !node.started_at;
}

bool stop_pends(const Turn& turn, const NodeState& node) {
    const bool owed = node.stop_owed && turn.now - *node.stop_owed <= kLostJob;
    // A job of unknown type in a hold-off can hardly be a start.
    const bool ends_hold_off = observe(node.unit) == Observed::hold_off && node.unit.job_id != 0 &&
                               node.unit.job_type.empty();
    return owed || ends_hold_off || node.unit.job_type == "stop";
}

void cancel_retry(Turn& turn, Slot& slot) {
    NodeState& node = *slot.state;
    if (!node.retry_at) return;
    node.retry_at.reset();
    const auto deadline = node.state == State::slow_lane ? Deadline::slow_lane : Deadline::restart;
    turn.actions.push_back(act::SetDeadline{slot.spec->unit, deadline, std::nullopt});
}

void set_retry(Turn& turn, Slot& slot, State state, Duration delay) {
    become(turn, slot, state);
    slot.state->retry_at = turn.now + delay;
    const auto deadline = state == State::slow_lane ? Deadline::slow_lane : Deadline::restart;
    turn.actions.push_back(act::SetDeadline{slot.spec->unit, deadline, slot.state->retry_at});
}

void park(Turn& turn, Slot& slot) {
    if (seen(slot) != Observed::hold_off || slot.state->parked) return;
    slot.state->parked = true;
    turn.actions.push_back(act::StopUnit{slot.spec->unit});
}

void hold_back(Turn& turn, Slot& slot) {
    cancel_retry(turn, slot);
    park(turn, slot);
    become(turn, slot, State::held);
}

void forget_failures(NodeState& node) {
    node.attempts = 0;
    node.slow = false;
    node.restarts.clear();
}

void launch(Turn& turn, Slot& slot) {
    NodeState& node = *slot.state;
    cancel_retry(turn, slot);
    node.queued_at = turn.now;
    node.started_at.reset();
    node.probing_at.reset();
    node.ready_at.reset();
    node.restart_wanted = false;
    node.suspended = false;
    node.despite_guard = false;
    node.stop_seen = false;
    const Observed now = seen(slot);
    // A start after an orderly stop is none.
    if (!node.run.empty() && (node.attempts > 0 || now != Observed::down)) ++node.restarts_total;
    if (now == Observed::down || now == Observed::failed) {
        if (node.unit.result == "start-limit-hit")
            turn.actions.push_back(act::ResetFailed{slot.spec->unit});
        turn.actions.push_back(act::StartUnit{slot.spec->unit});
        become(turn, slot, State::starting);
    } else { // StartUnit would wait out a hold-off, RestartUnit ends it
        turn.actions.push_back(act::RestartUnit{slot.spec->unit});
        become(turn, slot, State::restarting);
    }
    node.since = turn.now;
}

namespace {

bool stack_spent(const Turn& turn) {
    return turn.state.restarts.size() >=
           static_cast<std::size_t>(std::max(stack_budget(turn.state.graph).restarts, 0));
}

void wait_for_stack(Turn& turn, Slot& slot) {
    slot.state->slow_for_stack = true;
    set_retry(turn, slot, State::slow_lane, slot.spec->restart.slow_lane);
    park(turn, slot);
    if (turn.state.budget_spent) return;
    turn.state.budget_spent = true;
    const StackBudget budget = stack_budget(turn.state.graph);
    turn.actions.push_back(act::Warn{fmt::format(
        "the stack has used up its {} restarts within {}: what fails now is tried slowly",
        budget.restarts, to_string(budget.window))});
}

} // namespace

bool spend(Turn& turn, Slot& slot) {
    NodeState& node = *slot.state;
    // Tries of the slow lane are the way out of it, and rare.
    if (node.state != State::slow_lane) {
        if (stack_spent(turn)) {
            wait_for_stack(turn, slot);
            return false;
        }
        turn.state.restarts.push_back(turn.now);
    }
    node.restarts.push_back(turn.now);
    return true;
}

void reschedule(Turn& turn, Slot& slot, bool was_ready) {
    NodeState& node = *slot.state;
    if (!startable(node)) return hold_back(turn, slot);
    prune(node.restarts, slot.spec->restart.budget_window, turn.now);
    const Retry retry = decide_retry(slot.spec->restart, node, was_ready, turn.state.random);
    node.slow = retry.slow;
    node.slow_for_stack = false;
    if (retry.delay == Duration::zero()) {
        if (!needs_ready(turn, slot)) return hold_back(turn, slot);
        if (spend(turn, slot)) launch(turn, slot);
        return;
    }
    if (!retry.slow && stack_spent(turn)) return wait_for_stack(turn, slot);
    set_retry(turn, slot, retry.slow ? State::slow_lane : State::backing_off, retry.delay);
    if (retry.delay > kHoldOff - kHoldOffMargin) park(turn, slot);
}

void note_run(Turn& turn, Slot& slot) {
    NodeState& node = *slot.state;
    const std::string& run = node.unit.invocation_id;
    if (run != node.run || !node.started_at) {
        if (!in_flight(node)) node.queued_at = turn.now;
        node.run = run;
        node.started_at = turn.now;
        node.probing_at.reset();
        node.ready_at.reset();
        node.parked = false;
        node.stop_seen = false;
        node.start_wanted = false;
        node.stop_owed.reset();
        node.verify_wanted = false;
        node.unverified_since.reset();
        node.verify_void = node.verifying;
        node.liveness_failures = 0;
        node.needs_run.clear();
        for (const Slot::Link& link : slot.needs) {
            const Slot& need = turn.slots[link.slot];
            if (is_guard(*need.spec)) continue;
            const UnitSnapshot& its = need.state->unit;
            const bool older =
                its.became_active && node.unit.began && *node.unit.began < *its.became_active;
            node.needs_run[need.spec->unit] =
                need.state->state == State::ready && !older ? need.state->run : std::string();
        }
    }
    if (node.unit.sub_state == "start-post" && !node.probing_at) node.probing_at = turn.now;
}

void adopt_wish(Turn& turn, Slot& slot) {
    NodeState& node = *slot.state;
    cancel_retry(turn, slot);
    node.despite_guard = !turn.restarted && lacks_guard(turn, slot);
    node.suspended = false;
    node.operator_stopped = false;
    node.hold = false;
    node.doomed = Doomed::no;
    node.stop_sent = false;
    node.start_wanted = false;
}

void tell_dependents(Turn& turn, const Slot& slot) {
    for (Slot& other : turn.slots)
        for (const Slot::Link& link : other.needs)
            if (&turn.slots[link.slot] == &slot && is_leaned_on(link.type))
                other.state->verify_wanted = true;
}

void become_ready(Turn& turn, Slot& slot) {
    NodeState& node = *slot.state;
    const bool fresh = !node.ready_at;
    if (fresh) node.ready_at = turn.now;
    node.ready_once = true;
    node.bad_config = false;
    const bool ill = node.unverified_since || node.liveness_failures > 0;
    if (node.unverified_since) node.verify_wanted = true;
    const State was = node.state;
    const bool well_again = was != State::ready && !ill;
    // A deadline that comes due in another state than these two is gone.
    const bool back = was != State::ready && was != State::degraded;
    if (well_again) tell_dependents(turn, slot);
    become(turn, slot, ill ? State::degraded : State::ready);
    // A degraded run is no good one: what came due meanwhile comes due now.
    if ((fresh || well_again) && (node.attempts > 0 || node.slow || !node.restarts.empty()))
        turn.actions.push_back(
            act::SetDeadline{slot.spec->unit, Deadline::good_run,
                             std::max(turn.now, *node.ready_at + slot.spec->restart.reset_after)});
    if ((fresh || back) && slot.spec->liveness)
        turn.actions.push_back(act::SetDeadline{slot.spec->unit, Deadline::liveness,
                                                turn.now + slot.spec->liveness->every});
}

void rest(Turn& turn, Slot& slot) {
    const NodeState& node = *slot.state;
    become(turn, slot,
           !target_runs(turn)      ? State::stopped
           : node.hold             ? State::held
           : node.operator_stopped ? State::stopped_by_operator
           : node.suspended        ? State::held
                                   : State::waiting);
}

void stop_doomed(Turn& turn, Slot& slot) {
    if (slot.state->stop_sent && !lost(turn, *slot.state)) return;
    slot.state->stop_sent = true;
    slot.state->since = turn.now;
    turn.actions.push_back(act::StopUnit{slot.spec->unit});
}

} // namespace lakebed::steps
