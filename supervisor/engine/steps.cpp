#include "engine/steps.h"

#include <algorithm>

#include "engine/explain.h"
#include "engine/policy.h"

namespace lakebed::steps {
namespace {

using detail::Slot;

// A back-off this near to systemd's own hold-off is cancelled rather than raced.
constexpr Duration kHoldOffMargin = std::chrono::seconds(3);
// Another job was in the way of ours.
constexpr Duration kRefusedRetry = std::chrono::seconds(1);
constexpr Duration kVerifyEvery = std::chrono::seconds(1);

Observed seen(const Slot& slot) { return observe(slot.state->unit); }

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

// A need that the running service leans on is away, so its failure is not its own.
bool excused(const Turn& turn, const Slot& slot) {
    return std::ranges::any_of(slot.needs, [&](const Slot::Link& need) {
        return need.type != EdgeType::init &&
               turn.slots[need.slot].state->state != State::ready;
    });
}

bool target_runs(const Turn& turn) { return turn.state.target_up && !turn.state.shutting_down; }

bool may_run(const Turn& turn, const NodeState& node) {
    return target_runs(turn) && node.known && !node.operator_stopped && !node.hold &&
           !node.bad_config && node.doomed == Doomed::no && node.unit.load_state == "loaded";
}

bool lost(const Turn& turn, const NodeState& node) {
    return node.unit.job_id == 0 && turn.now - node.since > kLostJob;
}

// A start of ours of which nothing has been seen yet.
bool in_flight(const NodeState& node) {
    return (node.state == State::starting || node.state == State::restarting) && !node.started_at;
}

void cancel_retry(Turn& turn, Slot& slot) {
    NodeState& node = *slot.state;
    if (!node.retry_at) return;
    node.retry_at.reset();
    const auto deadline =
        node.state == State::slow_lane ? Deadline::slow_lane : Deadline::restart;
    turn.actions.push_back(act::SetDeadline{slot.spec->unit, deadline, std::nullopt});
}

void set_retry(Turn& turn, Slot& slot, State state, Duration delay) {
    become(turn, slot, state);
    slot.state->retry_at = turn.now + delay;
    const auto deadline = state == State::slow_lane ? Deadline::slow_lane : Deadline::restart;
    turn.actions.push_back(act::SetDeadline{slot.spec->unit, deadline, slot.state->retry_at});
}

// Ends systemd's own hold-off. That erases Result and InvocationID, so remember that it was us.
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
    node.stop_seen = false;
    if (!node.run.empty()) ++node.restarts_total;
    const Observed now = seen(slot);
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

// Retries what the policy says, for a failure that was just counted.
void reschedule(Turn& turn, Slot& slot, bool was_ready) {
    NodeState& node = *slot.state;
    prune(node.restarts, slot.spec->restart, turn.now);
    const Retry retry = decide_retry(slot.spec->restart, node, was_ready, turn.state.random);
    node.slow = retry.slow;
    if (retry.delay == Duration::zero()) {
        if (!needs_ready(turn, slot)) return hold_back(turn, slot);
        node.restarts.push_back(turn.now);
        return launch(turn, slot);
    }
    set_retry(turn, slot, retry.slow ? State::slow_lane : State::backing_off, retry.delay);
    if (retry.delay > kHoldOff - kHoldOffMargin) park(turn, slot);
}

// A run we have not seen before.
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
        node.verify_wanted = false;
        node.unverified_since.reset();
        node.liveness_failures = 0;
        node.needs_run.clear();
        for (const Slot::Link& link : slot.needs) {
            const Slot& need = turn.slots[link.slot];
            const UnitSnapshot& its = need.state->unit;
            const bool older = its.became_active && node.unit.began &&
                               *node.unit.began < *its.became_active;
            node.needs_run[need.spec->unit] =
                need.state->state == State::ready && !older ? need.state->run : std::string();
        }
    }
    if (node.unit.sub_state == "start-post" && !node.probing_at) node.probing_at = turn.now;
}

// Somebody or systemd itself runs it: that ends every reason not to.
void adopt_wish(Turn& turn, Slot& slot) {
    NodeState& node = *slot.state;
    cancel_retry(turn, slot);
    node.operator_stopped = false;
    node.hold = false;
    node.doomed = Doomed::no;
    node.stop_sent = false;
    node.start_wanted = false;
}

void tell_dependents(Turn& turn, const Slot& slot) {
    for (Slot& other : turn.slots)
        for (const Slot::Link& link : other.needs)
            if (&turn.slots[link.slot] == &slot && link.type == EdgeType::reconnects)
                other.state->verify_wanted = true;
}

void become_ready(Turn& turn, Slot& slot) {
    NodeState& node = *slot.state;
    const bool fresh = !node.ready_at;
    if (fresh) node.ready_at = turn.now;
    node.ready_once = true;
    node.bad_config = false;
    const bool ill = node.unverified_since || node.liveness_failures > 0;
    if (node.state != State::ready && !ill) tell_dependents(turn, slot);
    become(turn, slot, ill ? State::degraded : State::ready);
    if (fresh && (node.attempts > 0 || node.slow || !node.restarts.empty()))
        turn.actions.push_back(act::SetDeadline{slot.spec->unit, Deadline::good_run,
                                                turn.now + slot.spec->restart.reset_after});
    if (fresh && slot.spec->liveness)
        turn.actions.push_back(act::SetDeadline{slot.spec->unit, Deadline::liveness,
                                                turn.now + slot.spec->liveness->every});
}

void rest(Turn& turn, Slot& slot) {
    const NodeState& node = *slot.state;
    become(turn, slot,
           !target_runs(turn)      ? State::stopped
           : node.hold             ? State::held
           : node.operator_stopped ? State::stopped_by_operator
                                   : State::waiting);
}

void stop_doomed(Turn& turn, Slot& slot) {
    if (slot.state->stop_sent && !lost(turn, *slot.state)) return;
    slot.state->stop_sent = true;
    turn.actions.push_back(act::StopUnit{slot.spec->unit});
}

} // namespace

void ignore(Turn&, Slot&) {}

// ---- the unit ---------------------------------------------------------------------------------

void came(Turn& turn, Slot& slot) {
    if (slot.state->state != State::starting && slot.state->state != State::restarting)
        adopt_wish(turn, slot);
    note_run(turn, slot);
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
    if (!known_run && turn.restarted && node.doomed != Doomed::no) node.doomed = Doomed::next_run;
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
    // The stop that goes with the target may not show in this snapshot yet.
    if (known_run && !target_runs(turn) && !lost(turn, node)) return;
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
    if (excused(turn, slot)) return hold_back(turn, slot);
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
        return; // our stop, or `systemctl reset-failed`
    opstop(turn, slot);
}

void vanish(Turn& turn, Slot& slot) {
    if (slot.state->started_at) return opstop(turn, slot);
    if (lost(turn, *slot.state)) nostrt(turn, slot);
}

void ended(Turn& turn, Slot& slot) {
    NodeState& node = *slot.state;
    if (node.doomed == Doomed::next_run && !node.stop_sent && !lost(turn, node)) return;
    node.doomed = Doomed::no;
    node.stop_sent = false;
    node.stop_seen = false;
    if (!target_runs(turn))
        node.start_wanted = true; // should the target be up again when its JobDone comes
    else if (!node.start_wanted && !node.hold)
        node.operator_stopped = true;
    rest(turn, slot);
}

// ---- jobs -------------------------------------------------------------------------------------

void opstop(Turn& turn, Slot& slot) {
    NodeState& node = *slot.state;
    if (node.start_wanted) {
        node.start_wanted = false;
        return;
    }
    const Observed now = seen(slot);
    if (now == Observed::up || now == Observed::coming_up) return; // started again since
    cancel_retry(turn, slot);
    const bool gone = now == Observed::down || now == Observed::failed;
    if (target_runs(turn)) {
        node.operator_stopped = true;
        forget_failures(node);
        node.restart_wanted = false;
    }
    node.parked = false;
    node.stop_seen = !gone;
    if (!gone) return become(turn, slot, State::stopping);
    node.doomed = Doomed::no;
    node.stop_sent = false;
    rest(turn, slot);
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
    case Observed::coming_up: return began(turn, slot);
    default: return set_retry(turn, slot, State::backing_off, kRefusedRetry);
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

// ---- the graph --------------------------------------------------------------------------------

void begin(Turn& turn, Slot& slot) {
    if (!may_run(turn, *slot.state)) return;
    const Observed now = seen(slot);
    if (now == Observed::down || now == Observed::failed ||
        (now == Observed::hold_off && !slot.state->parked))
        launch(turn, slot);
}

void renew(Turn& turn, Slot& slot) {
    NodeState& node = *slot.state;
    bool restart = node.restart_wanted;
    for (const Slot::Link& link : slot.needs) {
        const Slot& need = turn.slots[link.slot];
        auto [known, inserted] = node.needs_run.try_emplace(need.spec->unit, need.state->run);
        if (inserted || known->second == need.state->run) continue;
        if (link.type == EdgeType::session) restart = true;
        if (link.type == EdgeType::reconnects) node.verify_wanted = true;
        if (link.type != EdgeType::session) known->second = need.state->run;
    }
    if (restart && may_run(turn, node)) {
        if (!node.retry_at) launch(turn, slot);
        return;
    }
    if (!node.verify_wanted) return;
    node.verify_wanted = false;
    if (slot.spec->probe) turn.actions.push_back(act::RunProbe{slot.spec->unit, false});
}

void susp(Turn& turn, Slot& slot) { hold_back(turn, slot); }

// ---- timers and probes ------------------------------------------------------------------------

void retry(Turn& turn, Slot& slot) {
    NodeState& node = *slot.state;
    if (!node.retry_at || turn.now < *node.retry_at || !target_runs(turn)) return;
    if (!may_run(turn, node) || !needs_ready(turn, slot)) return hold_back(turn, slot);
    const Observed now = seen(slot);
    if (now == Observed::going_down || now == Observed::queued)
        return set_retry(turn, slot, node.state, kRefusedRetry);
    node.retry_at.reset();
    prune(node.restarts, slot.spec->restart, turn.now);
    node.restarts.push_back(turn.now);
    launch(turn, slot);
}

void again(Turn& turn, Slot& slot) {
    if (!slot.state->retry_at || turn.now < *slot.state->retry_at) return;
    slot.state->retry_at.reset();
    turn.changed = true;
}

void good(Turn& turn, Slot& slot) {
    NodeState& node = *slot.state;
    if (!node.ready_at || turn.now - *node.ready_at < slot.spec->restart.reset_after) return;
    forget_failures(node);
    turn.changed = true;
}

void ping(Turn& turn, Slot& slot) {
    if (!slot.spec->liveness) return;
    turn.actions.push_back(act::RunProbe{slot.spec->unit, true});
    turn.actions.push_back(act::SetDeadline{slot.spec->unit, Deadline::liveness,
                                            turn.now + slot.spec->liveness->every});
}

void verify(Turn& turn, Slot& slot) {
    if (slot.state->unverified_since && slot.spec->probe)
        turn.actions.push_back(act::RunProbe{slot.spec->unit, false});
}

void fine(Turn& turn, Slot& slot) {
    if (!slot.state->unverified_since) return;
    slot.state->unverified_since.reset();
    become_ready(turn, slot);
}

// Readiness that stays away for as long as a start may take, with all needs ready, is a hang.
void doubt(Turn& turn, Slot& slot) {
    NodeState& node = *slot.state;
    node.probe_detail = turn.detail;
    if (!node.unverified_since || !needs_ready(turn, slot)) node.unverified_since = turn.now;
    if (turn.now - *node.unverified_since >= slot.spec->start_timeout) {
        node.unverified_since = turn.now;
        turn.actions.push_back(act::TriggerWatchdog{slot.spec->unit});
    }
    turn.actions.push_back(
        act::SetDeadline{slot.spec->unit, Deadline::verify, turn.now + kVerifyEvery});
    become(turn, slot, State::degraded);
}

void alive(Turn& turn, Slot& slot) {
    if (slot.state->liveness_failures == 0) return;
    slot.state->liveness_failures = 0;
    become_ready(turn, slot);
}

// One failed probe is enough not to start dependents on it; `failures` of them are a hang.
void hung(Turn& turn, Slot& slot) {
    if (!slot.spec->liveness) return;
    NodeState& node = *slot.state;
    node.probe_detail = turn.detail;
    ++node.liveness_failures;
    if (node.liveness_failures % std::max(slot.spec->liveness->failures, 1) == 0)
        turn.actions.push_back(act::TriggerWatchdog{slot.spec->unit});
    become(turn, slot, State::degraded);
}

// ---- people, the target, the log --------------------------------------------------------------

void ustart(Turn& turn, Slot& slot) {
    NodeState& node = *slot.state;
    node.operator_stopped = false;
    node.hold = false;
    node.bad_config = false;
    forget_failures(node);
    turn.changed = true;
    const bool ours = node.doomed != Doomed::no; // is the stop
    switch (node.state) {
    case State::stopping:
        if (ours && !node.stop_sent)
            node.doomed = Doomed::no;
        else
            node.start_wanted = true;
        if (ours && seen(slot) == Observed::up) linger(turn, slot);
        break;
    case State::held:
    case State::backing_off:
    case State::slow_lane:
    case State::stopped_by_operator:
    case State::stopped:
        cancel_retry(turn, slot);
        rest(turn, slot);
        break;
    default: break;
    }
}

void ustop(Turn& turn, Slot& slot) {
    NodeState& node = *slot.state;
    cancel_retry(turn, slot);
    forget_failures(node);
    node.restart_wanted = false;
    node.start_wanted = false;
    const Observed now = seen(slot);
    const bool gone = now == Observed::down || now == Observed::failed;
    // A run may come that was asked for before: by us, or by somebody's restart.
    const bool coming = in_flight(node) || node.doomed == Doomed::next_run ||
                        ((now == Observed::going_down || now == Observed::queued) &&
                         node.unit.job_type != "stop");
    if (gone && !coming) return rest(turn, slot);
    node.doomed = coming || now == Observed::hold_off ? Doomed::next_run
                  : now == Observed::going_down       ? Doomed::no
                                                      : Doomed::this_run;
    if (!coming && (now == Observed::up || now == Observed::hold_off)) stop_doomed(turn, slot);
    become(turn, slot, State::stopping);
    node.since = turn.now;
}

void ureset(Turn& turn, Slot& slot) {
    NodeState& node = *slot.state;
    forget_failures(node);
    node.bad_config = false;
    if (!target_runs(turn) || in_flight(node)) return;
    if (needs_ready(turn, slot))
        launch(turn, slot);
    else
        node.restart_wanted = true;
}

void wake(Turn& turn, Slot& slot) {
    NodeState& node = *slot.state;
    const Observed now = seen(slot);
    const bool gone = now == Observed::down || now == Observed::failed;
    const bool stopped_since = now == Observed::down && turn.target_since &&
                               node.unit.became_inactive > turn.target_since;
    if (turn.fresh && !(stopped_since && node.operator_stopped)) {
        node.operator_stopped = false;
        node.bad_config = false;
        forget_failures(node);
        if (node.state == State::backing_off || node.state == State::slow_lane ||
            node.state == State::stopped_by_operator || node.state == State::held) {
            cancel_retry(turn, slot);
            rest(turn, slot);
        }
    }
    switch (node.state) {
    case State::backing_off:
    case State::slow_lane:
        set_retry(turn, slot, node.state,
                  node.retry_at ? std::max(*node.retry_at - turn.now, Duration::zero())
                                : Duration::zero());
        break;
    case State::stopping:
        // What stops it is the stop of the target before, whose JobDone is still to come.
        if (turn.fresh) node.doomed = Doomed::no;
        if (turn.fresh && !node.hold) node.start_wanted = true;
        if (gone) rest(turn, slot);
        break;
    case State::stopped:
        node.doomed = Doomed::no;
        rest(turn, slot);
        if (now == Observed::hold_off || now == Observed::failed) fail(turn, slot);
        break;
    case State::restarting: // systemd's own, seen while the target was down
        if (now == Observed::hold_off) become(turn, slot, State::waiting);
        break;
    default: break;
    }
}

void sleep(Turn& turn, Slot& slot) {
    NodeState& node = *slot.state;
    cancel_retry(turn, slot);
    node.restart_wanted = false;
    node.start_wanted = false;
    const Observed now = seen(slot);
    const bool gone = now == Observed::down || now == Observed::failed;
    // A start that reaches PID 1 after the target's stop is carried out (F11): undo it then.
    if (in_flight(node)) {
        node.doomed = Doomed::next_run;
        node.stop_sent = false;
    }
    become(turn, slot, gone && !in_flight(node) ? State::stopped : State::stopping);
    node.since = turn.now;
}

void damn(Turn& turn, Slot& slot) {
    NodeState& node = *slot.state;
    node.bad_config = true;
    node.last_incident = Incident{turn.now, Cause::bad_config, std::string(turn.detail)};
    turn.changed = true;
    if (node.state != State::starting && node.state != State::restarting) hold_back(turn, slot);
}

// ---- adoption ---------------------------------------------------------------------------------

namespace {

// It is inactive, and we remember it otherwise: only a stop by somebody else does that, as every
// crash ends in systemd's own restart.
bool was_stopped(const NodeState& node, Observed before) {
    switch (node.state) {
    case State::ready:
    case State::degraded:
    case State::restarting:
    case State::stopping: return true;
    case State::starting: return node.started_at || (node.run.empty() && node.unit.ran_before);
    case State::held:
    case State::backing_off:
    case State::slow_lane: return !node.parked && before == Observed::hold_off;
    default: return false;
    }
}

} // namespace

void adopt(Turn& turn, Slot& slot) {
    NodeState& node = *slot.state;
    const bool recorded = node.recorded;
    node.known = true;
    node.recorded = true;
    node.stop_sent = false; // or it died with us
    const bool excused_stop = node.start_wanted;
    if (seen(slot) != Observed::going_down) node.start_wanted = false;
    turn.changed = true;
    const bool same_run = node.unit.invocation_id == node.run;
    // Not somebody's start: the run we were about to stop failed, and systemd began the next.
    if (!same_run && turn.restarted && node.doomed != Doomed::no) node.doomed = Doomed::next_run;
    switch (seen(slot)) {
    case Observed::up:
        if (node.doomed == Doomed::next_run || (node.doomed == Doomed::this_run && same_run)) {
            become(turn, slot, State::stopping);
            return linger(turn, slot);
        }
        if (!same_run) adopt_wish(turn, slot);
        if (same_run && !node.started_at) node.started_at = node.since; // our restart was not sent
        note_run(turn, slot);
        node.verify_wanted = !slot.needs.empty(); // they may have come and gone while we were away
        node.ready_at.reset();                    // arms the deadlines again
        return become_ready(turn, slot);
    case Observed::coming_up:
        if (node.doomed != Doomed::no && (same_run || node.doomed == Doomed::next_run))
            return become(turn, slot, State::stopping);
        if (!same_run) adopt_wish(turn, slot);
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
    case Observed::going_down: return leave(turn, slot);
    case Observed::queued:
        if (node.state == State::ready || node.state == State::degraded) leave(turn, slot);
        return;
    case Observed::down: break;
    }
    if (excused_stop && node.state == State::stopping) return become(turn, slot, State::stopped);
    if (!recorded ? node.unit.ran_before : was_stopped(node, turn.before)) {
        node.operator_stopped = node.operator_stopped || !node.hold;
        node.doomed = Doomed::no;
        node.stop_sent = false;
        forget_failures(node);
        return become(turn, slot, node.hold ? State::held : State::stopped_by_operator);
    }
    if (node.state == State::starting) become(turn, slot, State::stopped);
}

} // namespace lakebed::steps
