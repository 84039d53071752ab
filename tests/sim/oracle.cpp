#include "sim/oracle.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

// What lakebedd was told, and what it could know by it.
namespace lakebed::sim {

using namespace std::chrono_literals;

Oracle::Oracle(const Scenario& scenario, Timeline& timeline, Systemd& systemd)
    : scenario_(scenario), timeline_(timeline), systemd_(systemd),
      truth_(scenario.graph.nodes.size()) {}

void Oracle::violation(std::string what) {
    if (!broken)
        broken = fmt::format("at {:.6f} s: {}", static_cast<double>(timeline_.now().count()) / 1e6,
                             what);
}

void Oracle::told(const Event& event, Time captured) {
    if (const auto* changed = std::get_if<UnitChanged>(&event)) {
        viewed(*changed, captured);
    } else if (const auto* done = std::get_if<JobDone>(&event)) {
        ended(*done, captured);
    } else if (const auto* answer = std::get_if<ProbeResult>(&event)) {
        answered(*answer);
    } else if (const auto* log = std::get_if<FatalLogSeen>(&event)) {
        logged(*log);
    } else if (const auto* guard = std::get_if<GuardChecked>(&event)) {
        guarded(*guard);
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
        for (Truth& truth : truth_) {
            truth.pending_stop.reset();
            truth.leaving = true;
        }
    } else if (!std::holds_alternative<GraphReloaded>(event)) {
        return; // nothing that a service leans on
    }
    lean();
}

void Oracle::viewed(const UnitChanged& event, Time captured) {
    const std::size_t unit = systemd_.place(event.unit);
    if (!systemd_.units()[unit].installed) return; // was on its way when it was removed
    Truth& truth = truth_[unit];
    truth.view = event.now;
    truth.viewed = true;
    const bool left = std::exchange(truth.leaving, false);
    // A job whose type is not known can hardly be a start.
    const bool ends = event.now.job_type == "stop" || event.now.job_type == "restart" ||
                      (event.now.job_id != 0 && event.now.job_type.empty());
    truth.up = truth.was_up = event.now.active_state == "active" && !ends;
    truth.was_gone = event.now.active_state == "inactive";
    const std::string& run = event.now.invocation_id;
    if (!run.empty() && run != truth.run) {
        // One that began anew has shown by its start that it serves.
        truth.run = run;
        truth.unverified = truth.asked = truth.renewed = truth.parked = truth.ended = false;
        truth.alive = true;
        if (event.now.active_state != "deactivating") truth.hold_unseen = false;
        truth.up_since.reset();
        forgive(truth);
        if (truth.up) absence_missed(unit);
    }
    if (truth.up && !truth.up_since) truth.up_since = timeline_.now();
    // A service that systemd would restart is `failed` by the end of a stop only; what fails while
    // a stop waits is started anew by whoever starts it.
    const bool by_itself =
        !ends && !left &&
        (event.now.active_state != "failed" || event.now.load_state == "masked" ||
         event.now.exec_main_status == 78 || systemd_.units()[unit].spec->kind == NodeKind::job);
    const bool failed = event.now.active_state == "failed" || event.now.sub_state == "auto-restart";
    if (failed && run != truth.failed_run) {
        // A good run lies behind it.
        if (truth.up_since &&
            timeline_.now() - *truth.up_since >= scenario_.graph.nodes[unit].restart.reset_after)
            renew(unit);
        truth.failed_at = by_itself ? std::optional(timeline_.now()) : std::nullopt;
        // The log may have said so before it ended.
        truth.bad_config = truth.bad_config || event.now.exec_main_status == 78;
        truth.failed_run = run;
    }
    if (event.now.load_state == "masked") { // to unmask it starts it at once
        truth.failed_at.reset();
        truth.port_taken.reset();
    }
    const bool gone = event.now.active_state == "inactive" && event.now.job_id == 0;
    if (truth.pending_stop && truth.leaves_trace && gone && captured >= *truth.pending_stop) {
        truth.op_stopped = true;
        truth.pending_stop.reset();
    }
}

// It is up with another run: that it was away in between nobody told.
void Oracle::absence_missed(std::size_t unit) {
    for (std::size_t dependent : systemd_.units()[unit].dependents) {
        const Unit& real = systemd_.units()[dependent];
        const auto link = std::ranges::find(real.needs, unit, &Link::unit);
        Truth& truth = truth_[dependent];
        if (link->type == EdgeType::init || real.spec->kind == NodeKind::job || !truth.was_up)
            continue;
        truth.unverified = true;
        truth.asked = false;
    }
}

void Oracle::ended(const JobDone& event, Time captured) {
    Truth& truth = truth_[systemd_.place(event.unit)];
    const bool stop = !event.ours && event.job_type == "stop" && event.result == "done";
    const bool canceled = event.ours && event.job_type != "stop" && event.result == "canceled";
    const bool gone = truth.view.active_state == "inactive" || truth.view.active_state == "failed";
    // Of a stop that a start of the target has made void: that can be told by nothing.
    if (stop && !truth.pending_stop && truth.last_stop && timeline_.now() - *truth.last_stop < 1min)
        truth.crossed = true;
    if (truth.pending_stop && (stop || canceled) && gone && truth.view.job_id == 0 &&
        captured >= *truth.pending_stop) {
        truth.op_stopped = target_up;
        // The stop of the target that ended while there was no connection is told of about now, or
        // never: which of the two this is cannot be known.
        truth.either = truth.either || (fresh_ && reconnected_ && *reconnected_ - *fresh_ < 1min &&
                                        timeline_.now() - *reconnected_ < kLostJob + 1s);
        truth.pending_stop.reset();
    }
}

void Oracle::answered(const ProbeResult& event) {
    Truth& truth = truth_[systemd_.place(event.unit)];
    if (event.liveness) {
        if (truth.up) truth.alive = event.ok; // else of a run that is over
        return;
    }
    if (truth.asked) truth.unverified = !event.ok;
    truth.asked = false;
}

void Oracle::logged(const FatalLogSeen& event) {
    Truth& truth = truth_[systemd_.place(event.unit)];
    truth.bad_config = truth.bad_config || event.kind == FailureKind::bad_config;
    // One that comes when the next start is under way already changes nothing.
    if (!truth.failed_at || event.run != truth.failed_run) return;
    if (event.kind == FailureKind::port_taken) truth.port_taken = timeline_.now();
}

// A service that runs through the loss of what it leans on must show that it still serves. Until
// then it is not there for those that lean on it, and so on up: lakebedd is to do the same, and
// what waits for such a need is started by its return, not by the clock. Needs come first.
void Oracle::lean() {
    for (const Unit& real : systemd_.units()) {
        if (!real.installed) continue;
        Truth& truth = truth_[real.index];
        bool lacks = false, missing = false, down = false, renewed = truth.renewed;
        for (const Link& need : real.needs) {
            const Truth& its = truth_[need.unit];
            missing = missing || !its.serves ||
                      (its.leaving && !is_guard(*systemd_.units()[need.unit].spec));
            if (!is_leaned_on(need.type) || !its.viewed) continue;
            lacks = lacks || !its.there;
            down = down || its.view.active_state != "active";
            renewed = renewed || !its.serves;
        }
        truth.lacks = lacks && real.spec->kind == NodeKind::service;
        if (truth.lacks) {
            // Its own start shows that it serves with needs that ran all the while.
            truth.unverified = truth.unverified || truth.up || down;
            truth.asked = false;
        } else if (!real.spec->probe) {
            truth.unverified = false;
        }
        if (missing) { // its return starts it at once
            truth.failed_at.reset();
            truth.port_taken.reset();
        }
        const bool served = truth.serves;
        truth.there = truth.viewed && truth.up && truth.alive && !truth.unverified && !truth.lacks;
        truth.serves = truth.there && !renewed;
        // A need that came back gives a start that is no restart after a failure.
        if (truth.serves && !served)
            for (std::size_t dependent : real.dependents) relieve(dependent, 1);
    }
}

// What is told of a failure no longer holds it up.
void Oracle::forgive(Truth& truth) {
    truth.failed_at.reset();
    truth.port_taken.reset();
    truth.bad_config = false;
}

void Oracle::reconnected() {
    reconnected_ = timeline_.now();
}

void Oracle::daemon_started() {
    target_up = false;
    for (std::size_t i = 0; i < truth_.size(); ++i) {
        Truth& truth = truth_[i];
        truth.viewed = truth.up = truth.there = truth.serves = false;
        truth.bad_since.reset(); // it is told anew
        truth.alive = true;      // it counts anew
        truth.view = {};
        truth.actions.clear();
        relieve(i, 1);
    }
}

} // namespace lakebed::sim
