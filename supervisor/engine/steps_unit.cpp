#include <algorithm>

#include "engine/explain.h"
#include "engine/moves.h"
#include "engine/steps.h"

// Steps for what happens to a unit and its jobs.
namespace lakebed::steps {

using detail::Slot;

void ignore(Turn&, Slot&) {}

void came(Turn& turn, Slot& slot) {
    NodeState& node = *slot.state;
    // Taken for gone, so what happened to its needs meanwhile went by.
    const bool kept = node.state != State::starting && node.unit.invocation_id == node.run;
    if (node.state != State::starting && node.state != State::restarting) adopt_wish(turn, slot);
    note_run(turn, slot);
    if (kept && !slot.needs.empty()) node.unverified_since = turn.now;
    become_ready(turn, slot);
}

void same(Turn& turn, Slot& slot) {
    if (slot.state->unit.invocation_id == slot.state->run) return;
    tell_dependents(turn, slot);
    came(turn, slot);
}

void redone(Turn& turn, Slot& slot) {
    NodeState& node = *slot.state;
    if (node.unit.invocation_id != node.run || node.started_at || lost(turn, node))
        came(turn, slot);
}

void began(Turn& turn, Slot& slot) {
    NodeState& node = *slot.state;
    if (node.state != State::starting && node.state != State::restarting) adopt_wish(turn, slot);
    note_run(turn, slot);
    become(turn, slot, State::starting);
}

void rebegn(Turn& turn, Slot& slot) {
    if (slot.state->unit.invocation_id != slot.state->run) began(turn, slot);
}

void linger(Turn& turn, Slot& slot) {
    NodeState& node = *slot.state;
    const bool up = seen(slot) == Observed::up;
    const bool known_run = node.unit.invocation_id == node.run;
    // A start in place of the stop that showed before; the end of that may have gone by.
    if (known_run && turn.before == Observed::going_down && node.unit.job_type == "start")
        return undone(turn, slot);
    if (!known_run && turn.restarted && node.doomed != Doomed::no) node.doomed = Doomed::next_run;
    // It stayed down for so long that the start we meant to undo is lost: this one is somebody's.
    if (!known_run && turn.before == Observed::down && turn.now - node.since > kLostJob)
        node.doomed = Doomed::no;
    const bool overtaken = node.start_wanted && up && lost(turn, node); // our stop went missing
    if (!overtaken &&
        (node.doomed == Doomed::next_run || (node.doomed == Doomed::this_run && known_run))) {
        if (!known_run) {
            note_run(turn, slot);
            node.doomed = Doomed::this_run;
            node.stop_sent = false;
        }
        // PID 1 refuses a stop while the start job runs
        if (up && !turn.state.shutting_down) stop_doomed(turn, slot);
        return;
    }
    // The stop that goes with the target may not show in this snapshot yet, or not as what it is.
    if (known_run && !target_runs(turn) && !lost(turn, node)) return;
    // Nor may it with a run of ours that was on its way when that stop came.
    const bool ours = known_run || (node.start_wanted && !node.started_at);
    if (ours && node.unit.job_id != 0 && node.unit.job_type.empty()) return;
    if (up)
        came(turn, slot);
    else
        began(turn, slot);
}

void fail(Turn& turn, Slot& slot) {
    NodeState& node = *slot.state;
    const bool hold_off = seen(slot) == Observed::hold_off;
    const std::string& run = node.unit.invocation_id;
    const bool active = node.state == State::starting || node.state == State::ready ||
                        node.state == State::degraded || node.state == State::restarting;
    if (run.empty() ? !active : run == node.failed_run) {
        if (active && lost(turn, node)) return nostrt(turn, slot);
        if (node.state == State::stopping && hold_off && node.doomed != Doomed::no)
            return stop_doomed(turn, slot);
        if (node.state == State::stopping && !hold_off) return ended(turn, slot);
        return;
    }
    if (node.state == State::stopped_by_operator && run == node.run) return; // a dirty stop
    if (node.state == State::stopping && node.stop_seen && !hold_off) {
        node.failed_run = run;
        node.stop_owed = turn.now;
        return ended(turn, slot);
    }
    const bool new_run = run != node.run;
    if (new_run) note_run(turn, slot);
    node.failed_run = run;
    const bool was_ready = node.ready_at.has_value();
    node.ready_at.reset();
    node.parked = false;
    node.last_incident = read_incident(*slot.spec, node.unit, turn.now);
    turn.changed = true;

    if (node.doomed != Doomed::no) {
        if (!hold_off) return ended(turn, slot);
        become(turn, slot, State::stopping);
        node.stop_sent = false; // it died before that stop
        return stop_doomed(turn, slot);
    }
    if (new_run) { // somebody started it since
        node.operator_stopped = false;
        node.hold = false;
    }
    if (node.operator_stopped || node.hold) {
        park(turn, slot);
        return rest(turn, slot);
    }
    if (!target_runs(turn))
        return become(turn, slot, hold_off ? State::restarting : State::stopped);
    if (node.bad_config || node.last_incident->cause == Cause::bad_config) {
        node.bad_config = true;
        return hold_back(turn, slot);
    }
    if (excused(turn, slot) || lacks_guard(turn, slot)) return hold_back(turn, slot);
    ++node.attempts;
    // `failed` may be an operator's stop that ended badly; its JobDone follows within the back-off.
    reschedule(turn, slot, was_ready && hold_off);
}

void leave(Turn& turn, Slot& slot) {
    NodeState& node = *slot.state;
    if (node.parked) return;
    const bool restart = node.unit.job_type == "restart" || node.unit.job_type == "start";
    node.stop_seen = node.unit.job_id != 0 && !restart;
    become(turn, slot, restart ? State::restarting : State::stopping);
    if (restart) node.started_at.reset();
}

void idle(Turn& turn, Slot& slot) {
    if (slot.state->parked || turn.before == Observed::down || turn.before == Observed::failed)
        return;                           // our stop, or `systemctl reset-failed`
    if (slot.state->start_wanted) return; // the JobDone of that stop is to come
    opstop(turn, slot);
}

void vanish(Turn& turn, Slot& slot) {
    if (slot.state->started_at) return taken(turn, slot);
    if (lost(turn, *slot.state)) nostrt(turn, slot);
}

// The job of the target's stop shows at once: one that shows after a run was read without it is
// somebody else's, and not excused by the target's start.
void anew(Turn& turn, Slot& slot) {
    if (turn.before == Observed::up && turn.before_at - slot.state->since > kStopShows)
        slot.state->start_wanted = false;
}

void ended(Turn& turn, Slot& slot) {
    NodeState& node = *slot.state;
    if (node.doomed == Doomed::next_run && !node.stop_sent && !lost(turn, node)) return;
    // It was read when the target began to stop, and the job of that stop would have shown since.
    const bool was_read = turn.before == Observed::up && turn.before_at > node.since - kStopShows;
    if (was_read && lost(turn, node)) node.start_wanted = false;
    node.doomed = Doomed::no;
    node.stop_sent = false;
    node.stop_seen = false;
    if (!target_runs(turn))
        node.start_wanted = true; // should the target be up again when its JobDone comes
    else if (!node.start_wanted && !node.hold && !node.suspended)
        node.operator_stopped = true;
    rest(turn, slot);
}

namespace {

// `coming`: a start of ours may still be carried out. The run it brings is not somebody's.
void stopped_by_hand(Turn& turn, Slot& slot, bool coming) {
    NodeState& node = *slot.state;
    if (node.start_wanted) {
        node.start_wanted = false;
        return;
    }
    const Observed now = seen(slot);
    if (now == Observed::up || now == Observed::coming_up) return; // started again since
    cancel_retry(turn, slot);
    const bool gone = now == Observed::down || now == Observed::failed;
    const bool ours = in_flight(node) && node.queued_at == node.since; // not somebody's restart
    coming = coming && gone && (ours || node.doomed == Doomed::next_run);
    if (target_runs(turn)) {
        node.operator_stopped = true;
        forget_failures(node);
        node.restart_wanted = false;
    }
    node.parked = false;
    node.stop_seen = !gone;
    if (!gone) return become(turn, slot, State::stopping);
    node.doomed = coming ? Doomed::next_run : Doomed::no;
    node.stop_sent = false;
    if (!coming) return rest(turn, slot);
    become(turn, slot, State::stopping);
    node.since = turn.now;
}

} // namespace

void opstop(Turn& turn, Slot& slot) {
    stopped_by_hand(turn, slot, true);
}

void taken(Turn& turn, Slot& slot) {
    if (!slot.state->start_wanted) return opstop(turn, slot);
    if (!in_flight(*slot.state)) rest(turn, slot); // the JobDone of that stop is to come
}

void ceded(Turn& turn, Slot& slot) {
    // Else that stop is to end in its JobDone.
    if (!slot.state->start_wanted) stopped_by_hand(turn, slot, false);
}

void undone(Turn& turn, Slot& slot) {
    slot.state->parked = false;
    slot.state->operator_stopped = false;
    slot.state->hold = false;
    slot.state->doomed = Doomed::no;
    slot.state->stop_sent = false;
    const Observed now = seen(slot);
    if (slot.state->state == State::stopping && now == Observed::up) came(turn, slot);
    if (slot.state->state == State::stopping && now == Observed::coming_up) began(turn, slot);
}

void nostrt(Turn& turn, Slot& slot) {
    NodeState& node = *slot.state;
    const Observed now = seen(slot);
    const bool moved = node.started_at || now == Observed::up || now == Observed::coming_up ||
                       now == Observed::going_down;
    if (moved || (now == Observed::hold_off && !lost(turn, node))) return;
    node.last_incident = Incident{turn.now, Cause::crash, "its start job came to nothing"};
    turn.changed = true;
    ++node.attempts;
    reschedule(turn, slot, false);
}

void later(Turn& turn, Slot& slot) {
    NodeState& node = *slot.state;
    switch (seen(slot)) {
    case Observed::up:
        node.restart_wanted = true;
        node.ready_at = node.since; // launch() took it for gone
        node.started_at = node.since;
        become_ready(turn, slot);
        return set_retry(turn, slot, node.state, kRefusedRetry);
    case Observed::coming_up:
        return began(turn, slot);
    default:
        return set_retry(turn, slot, State::backing_off, kRefusedRetry);
    }
}

void unsent(Turn& turn, Slot& slot) {
    NodeState& node = *slot.state;
    node.stop_sent = false;
    const Observed now = seen(slot);
    if (now != Observed::down) node.parked = false;
    // What was in the way was asked for before the stop, and so is the run it will bring.
    if (node.doomed == Doomed::this_run && turn.detail == "stop") node.doomed = Doomed::next_run;
    if (node.state == State::stopping && node.doomed == Doomed::next_run && turn.detail != "stop" &&
        (now == Observed::down || now == Observed::failed)) {
        node.doomed = Doomed::no; // the start we wanted to undo has not come about
        ended(turn, slot);
    }
}

} // namespace lakebed::steps
