#include <csignal>

#include "engine/explain.h"
#include "engine/moves.h"
#include "engine/steps.h"

// The first snapshot of a unit after lakebedd started: what runs is taken as it is.
namespace lakebed::steps {

using detail::Slot;

namespace {

// It is inactive, and we remember it otherwise: only a stop by somebody else does that, as every
// crash ends in systemd's own restart.
bool was_stopped(const NodeState& node, Observed before) {
    switch (node.state) {
    case State::ready:
    case State::degraded:
    case State::restarting:
    case State::stopping:
        return true;
    case State::starting:
        return node.started_at || (node.run.empty() && node.unit.ran_before);
    case State::held:
    case State::backing_off:
    case State::slow_lane:
        return !node.parked && before == Observed::hold_off;
    default:
        return false;
    }
}

// A failure that no restart follows, and that somebody has cleared since (`systemctl
// reset-failed`): PID 1 keeps the exit status. Nobody stopped it.
bool failed_and_reset(const Slot& slot, TimePoint now) {
    const UnitSnapshot& unit = slot.state->unit;
    const bool failed_job = slot.spec->kind == NodeKind::job && unit.exec_main_code == CLD_EXITED &&
                            unit.exec_main_status != 0;
    return failed_job || read_incident(*slot.spec, unit, now).cause == Cause::bad_config;
}

// Somebody began this run while we were away; who runs on against a guard was suspended before.
void adopt_foreign(Turn& turn, Slot& slot) {
    const bool was_suspended = slot.state->suspended || slot.state->despite_guard;
    adopt_wish(turn, slot);
    slot.state->despite_guard = slot.state->despite_guard && was_suspended;
}

// A job or a run that is neither ours nor systemd's, so somebody has started it since.
bool wanted_by_hand(const NodeState& node, bool same_run) {
    switch (observe(node.unit)) {
    case Observed::hold_off: // ours end it at once, and systemd's own are restarts
    case Observed::failed:
        return node.unit.job_type == "start" || (!same_run && node.doomed == Doomed::this_run);
    case Observed::up:
        return node.unit.job_type == "start";
    case Observed::going_down: // in place of our stop
        return node.unit.job_type == "restart" && node.doomed != Doomed::next_run;
    default:
        return false;
    }
}

} // namespace

void adopt(Turn& turn, Slot& slot) {
    NodeState& node = *slot.state;
    const bool recorded = node.recorded;
    node.known = true;
    node.recorded = true;
    // Its stop for a guard was still to be sent: what took it down is somebody else's.
    const bool unsent = node.doomed == Doomed::this_run && !node.stop_sent;
    node.stop_sent = false; // or it died with us
    const bool excused_stop = node.start_wanted;
    if (seen(slot) != Observed::going_down) node.start_wanted = false;
    turn.changed = true;
    const bool same_run = node.unit.invocation_id == node.run;
    // Not somebody's start: the run we were about to stop failed, and systemd began the next.
    if (!same_run && turn.restarted && node.doomed != Doomed::no) node.doomed = Doomed::next_run;
    if (wanted_by_hand(node, same_run)) adopt_wish(turn, slot);
    switch (seen(slot)) {
    case Observed::up:
        if (node.doomed == Doomed::next_run || (node.doomed == Doomed::this_run && same_run)) {
            become(turn, slot, State::stopping);
            return linger(turn, slot);
        }
        if (!same_run) adopt_foreign(turn, slot);
        if (same_run && !node.started_at) node.started_at = node.since; // our restart was not sent
        note_run(turn, slot);
        // It was degraded, or a restart or a stop of it went missing.
        if (same_run && node.state != State::ready && node.state != State::starting)
            node.unverified_since = turn.now;
        node.verify_wanted = !slot.needs.empty(); // they may have come and gone while we were away
        node.ready_at.reset();                    // arms the deadlines again
        return become_ready(turn, slot);
    case Observed::coming_up:
        if (node.doomed != Doomed::no && (same_run || node.doomed == Doomed::next_run))
            return become(turn, slot, State::stopping);
        if (!same_run) adopt_foreign(turn, slot);
        note_run(turn, slot);
        return become(turn, slot, State::starting);
    case Observed::hold_off:
    case Observed::failed:
        if (node.doomed != Doomed::no) {
            become(turn, slot, State::stopping);
            return fail(turn, slot);
        }
        if (node.unit.invocation_id != node.failed_run) // counted when the target's state is known
            return become(turn, slot, State::stopped);
        if (node.state == State::starting || node.state == State::restarting) {
            become(turn, slot, State::backing_off); // our job was not sent any more
            node.retry_at = turn.now;
        }
        if (node.parked && seen(slot) == Observed::hold_off) { // nor this stop
            node.parked = false;
            park(turn, slot);
        }
        return;
    case Observed::going_down:
        if (node.doomed == Doomed::next_run) return become(turn, slot, State::stopping);
        return leave(turn, slot);
    case Observed::queued:
        if (node.state == State::ready || node.state == State::degraded) leave(turn, slot);
        return;
    case Observed::down:
        break;
    }
    if (excused_stop && (node.state == State::stopping || in_flight(node)))
        return become(turn, slot, State::stopped);
    const bool was_away = !recorded ? node.unit.ran_before : was_stopped(node, turn.before);
    if (was_away && failed_and_reset(slot, turn.now)) return become(turn, slot, State::stopped);
    if (was_away) {
        const bool ours = node.hold || (node.suspended && !unsent);
        node.operator_stopped = node.operator_stopped || !ours;
        node.doomed = Doomed::no;
        node.stop_sent = false;
        forget_failures(node);
        return become(turn, slot,
                      node.operator_stopped && !node.hold ? State::stopped_by_operator
                                                          : State::held);
    }
    if (node.state == State::starting) become(turn, slot, State::stopped);
}

} // namespace lakebed::steps
