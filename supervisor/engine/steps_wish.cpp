#include <algorithm>

#include "engine/moves.h"
#include "engine/policy.h"
#include "engine/steps.h"

// Steps for what the graph, timers, probes, people and the target ask of a unit.
namespace lakebed::steps {

using detail::Slot;

namespace {
constexpr Duration kVerifyEvery = std::chrono::seconds(1);

void ask(Turn& turn, Slot& slot) {
    slot.state->verifying = true;
    turn.actions.push_back(act::RunProbe{slot.spec->unit, false});
}

} // namespace

void begin(Turn& turn, Slot& slot) {
    if (!may_run(turn, *slot.state)) return;
    const Observed now = seen(slot);
    if (now == Observed::down || now == Observed::failed ||
        (now == Observed::hold_off && !slot.state->parked))
        launch(turn, slot);
}

void renew(Turn& turn, Slot& slot) {
    NodeState& node = *slot.state;
    if (lacks_need(turn, slot)) {
        if (!node.unverified_since) {
            node.probe_detail.clear();
            node.unverified_since = turn.now;
        }
        node.verify_wanted = true;
        node.verify_void = node.verifying;
        return become(turn, slot, State::degraded);
    }
    if (excused(turn, slot)) return; // not looked at yet
    bool session_over = false;
    for (const Slot::Link& link : slot.needs) {
        const Slot& need = turn.slots[link.slot];
        if (need.state->state != State::ready) continue; // needed at the start only
        auto [known, inserted] = node.needs_run.try_emplace(need.spec->unit, need.state->run);
        if (inserted || known->second == need.state->run) continue;
        if (link.type == EdgeType::session) {
            session_over = true;
            continue;
        }
        known->second = need.state->run;
        if (!is_leaned_on(link.type)) continue;
        node.verify_wanted = true;
        node.unverified_since = turn.now;
    }
    if ((session_over || node.restart_wanted) && may_run(turn, node) && !node.retry_at &&
        needs_ready(turn, slot))
        return launch(turn, slot);
    if (session_over) {
        if (!node.unverified_since) node.unverified_since = turn.now;
        return become(turn, slot, State::degraded);
    }
    if (!node.verify_wanted) return;
    node.verify_wanted = false;
    if (slot.spec->probe) {
        if (node.unverified_since) {
            node.unverified_since = turn.now; // the outage is no hang
            become(turn, slot, State::degraded);
        }
        return ask(turn, slot);
    }
    if (!node.unverified_since) return;
    node.unverified_since.reset();
    become_ready(turn, slot);
}

void susp(Turn& turn, Slot& slot) {
    hold_back(turn, slot);
}

void retry(Turn& turn, Slot& slot) {
    NodeState& node = *slot.state;
    if (!node.retry_at || turn.now < *node.retry_at || !target_runs(turn)) return;
    if (!may_run(turn, node) || !needs_ready(turn, slot)) return hold_back(turn, slot);
    const Observed now = seen(slot);
    if (now == Observed::going_down || now == Observed::queued)
        return set_retry(turn, slot, node.state, kRefusedRetry);
    node.retry_at.reset();
    prune(node.restarts, slot.spec->restart.budget_window, turn.now);
    if (node.attempts == 0 || spend(turn, slot)) launch(turn, slot); // 0: refused, not failed
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
    // The return of what it leans on asks by itself.
    if (slot.state->unverified_since && slot.spec->probe && !lacks_need(turn, slot))
        ask(turn, slot);
}

void fine(Turn& turn, Slot& slot) {
    if (!slot.state->unverified_since || lacks_need(turn, slot)) return;
    slot.state->unverified_since.reset();
    become_ready(turn, slot);
}

// Readiness that stays away for as long as a start may take, with all needs ready, is a hang.
void doubt(Turn& turn, Slot& slot) {
    NodeState& node = *slot.state;
    node.probe_detail = turn.detail;
    if (!node.unverified_since || excused(turn, slot)) node.unverified_since = turn.now;
    if (turn.now - *node.unverified_since >= slot.spec->start_timeout) {
        node.unverified_since = turn.now;
        turn.actions.push_back(act::TriggerWatchdog{slot.spec->unit});
    }
    if (!lacks_need(turn, slot))
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

void ustart(Turn& turn, Slot& slot) {
    NodeState& node = *slot.state;
    node.operator_stopped = false;
    node.hold = false;
    node.bad_config = false;
    forget_failures(node);
    turn.changed = true;
    const bool ours = node.doomed != Doomed::no; // is the stop
    if (node.state != State::stopping) node.start_wanted = stop_pends(turn, node);
    switch (node.state) {
    case State::stopping:
        if (node.suspended && lacks_guard(turn, slot)) break; // it is to stop all the same
        // What goes down as it should was sent its stop by an earlier life of lakebedd.
        if (ours && !node.stop_sent &&
            (node.doomed == Doomed::next_run || seen(slot) != Observed::going_down))
            node.doomed = Doomed::no;
        else
            node.start_wanted = true;
        if (ours && seen(slot) == Observed::up) linger(turn, slot);
        if (ours && !node.stop_sent && seen(slot) == Observed::down) {
            if (lost(turn, node)) { // no run has come
                rest(turn, slot);
            } else { // by the start that is on its way
                become(turn, slot, State::starting);
                node.started_at.reset();
            }
        }
        break;
    case State::held:
    case State::backing_off:
    case State::slow_lane:
    case State::stopped_by_operator:
    case State::stopped:
        cancel_retry(turn, slot);
        rest(turn, slot);
        break;
    default:
        break;
    }
}

void ustop(Turn& turn, Slot& slot) {
    NodeState& node = *slot.state;
    cancel_retry(turn, slot);
    forget_failures(node);
    node.restart_wanted = false;
    node.start_wanted = false;
    bring_down(turn, slot);
}

void bring_down(Turn& turn, Slot& slot) {
    NodeState& node = *slot.state;
    const Observed now = seen(slot);
    const bool gone = now == Observed::down || now == Observed::failed;
    // A run may come that was asked for before: by us, or by somebody's restart.
    const bool coming =
        in_flight(node) || node.doomed == Doomed::next_run ||
        ((now == Observed::going_down || now == Observed::queued) && node.unit.job_type != "stop");
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
    if (needs_ready(turn, slot) && startable(node))
        launch(turn, slot);
    else
        node.restart_wanted = true;
}

void wake(Turn& turn, Slot& slot) {
    NodeState& node = *slot.state;
    const Observed now = seen(slot);
    const bool gone = now == Observed::down || now == Observed::failed;
    const bool stopped_since =
        now == Observed::down && turn.target_since && node.unit.became_inactive > turn.target_since;
    if (turn.fresh && !(stopped_since && node.operator_stopped)) {
        node.operator_stopped = false;
        node.bad_config = false;
        forget_failures(node);
        if (node.state != State::stopping) node.start_wanted = stop_pends(turn, node);
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
        // What stops it is the stop of the target before, or ours for it: its JobDone is to come.
        if (turn.fresh) node.doomed = Doomed::no;
        if (turn.fresh && !node.hold) node.start_wanted = node.stop_seen || node.stop_sent;
        if (gone) rest(turn, slot);
        // That stop would have shown when it was read last: it came and went unseen.
        if (turn.fresh && now == Observed::up && !node.hold && !node.stop_sent &&
            node.seen_at - node.since > kStopShows)
            came(turn, slot);
        break;
    case State::stopped:
        node.doomed = Doomed::no;
        rest(turn, slot);
        if (now == Observed::hold_off || now == Observed::failed) fail(turn, slot);
        break;
    case State::restarting: // systemd's own, seen while the target was down
        if (now == Observed::hold_off) become(turn, slot, State::waiting);
        break;
    default:
        break;
    }
}

void sleep(Turn& turn, Slot& slot) {
    NodeState& node = *slot.state;
    cancel_retry(turn, slot);
    node.restart_wanted = false;
    node.stop_seen = true; // it comes with the target's
    // The JobDone of a stop before would have come by now, unless it is excused already.
    if (!node.start_wanted) node.stop_owed.reset();
    node.start_wanted = false;
    const Observed now = seen(slot);
    const bool gone = now == Observed::down || now == Observed::failed;
    // A start that reaches PID 1 after the target's stop is carried out (F11): undo it then.
    if (in_flight(node)) {
        node.doomed = Doomed::next_run;
        node.stop_sent = false;
    }
    const bool coming = in_flight(node) || node.doomed == Doomed::next_run;
    become(turn, slot, gone && !coming ? State::stopped : State::stopping);
    node.since = turn.now;
}

void damn(Turn& turn, Slot& slot) {
    NodeState& node = *slot.state;
    node.bad_config = true;
    node.last_incident = Incident{turn.now, Cause::bad_config, std::string(turn.detail)};
    turn.changed = true;
    if (node.state != State::starting && node.state != State::restarting) hold_back(turn, slot);
}

void blame(Turn& turn, Slot& slot) {
    NodeState& node = *slot.state;
    if (!node.last_incident) return;
    node.last_incident->cause = turn.cause;
    node.last_incident->detail = turn.detail;
    turn.changed = true;
}

void slowly(Turn& turn, Slot& slot) {
    blame(turn, slot);
    if (slot.state->attempts == 0) return; // its start was refused; it has not failed
    cancel_retry(turn, slot);
    slot.state->slow_for_stack = false;
    set_retry(turn, slot, State::slow_lane, slot.spec->restart.slow_lane);
    park(turn, slot);
}

} // namespace lakebed::steps
