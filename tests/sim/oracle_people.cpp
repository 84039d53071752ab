#include <algorithm>

#include "sim/oracle.h"

// What people want, from the moment on when lakebedd could know of it.
namespace lakebed::sim {

using namespace std::chrono_literals;

void Oracle::stops(std::size_t unit, bool daemon_alive) {
    Truth& truth = truth_[unit];
    truth.maybe_stopped = true;
    truth.last_stop = timeline_.now();
    if (!target_up) return;
    const Unit& real = systemd_.units()[unit];
    const bool told_of_run = !real.run.empty() && truth.run == real.run && !truth.renewed;
    const bool resting = truth.was_up && !truth.renewed && !truth.op_stopped && !truth.hold;
    truth.leaves_trace = (real.process() && (told_of_run || resting)) ||
                         (real.phase == Phase::hold_off && told_of_run && !truth.parked);
    // Ours may have been carried out or lost with lakebedd: both look the same.
    if (!daemon_alive && truth.ended) truth.leaves_trace = false;
    // Joined to a stop that goes on already, it is nothing that could be seen.
    const bool joins =
        (real.job && real.job->type == "stop") || (!daemon_alive && real.phase == Phase::stopping);
    if (!joins) truth.pending_stop = timeline_.now();
}

void Oracle::starts(std::size_t unit, bool daemon_alive) {
    Truth& truth = truth_[unit];
    const Unit& real = systemd_.units()[unit];
    if (real.masked) return; // refused
    truth.hold_unseen = truth.hold_unseen || truth.hold;
    forgive(truth);
    truth.last_start = timeline_.now();
    // One that waits a hold-off out looks like systemd's own restart when it is over, and so does
    // one in place of our stop once that run has failed.
    const bool unseen = real.job ? real.job->type != "stop" : real.phase == Phase::active;
    // Ours is then kept in mind until the run of that job cannot come any more.
    const bool unclear = truth.unclear && timeline_.now() - *truth.unclear < kLostJob + 1s;
    const bool merged = !daemon_alive && (real.phase == Phase::hold_off || !truth.was_gone);
    truth.either =
        truth.either || ((truth.op_stopped || truth.hold) && (unseen || merged || unclear));
    truth.op_stopped = truth.hold = truth.maybe_stopped = truth.crossed = false;
    truth.pending_stop.reset();
    renew(unit);
}

void Oracle::began(std::size_t unit) {
    Truth& truth = truth_[unit];
    truth.restart_asked = false;
    truth.crossed = truth.crossed || truth.pending_stop;
    truth.pending_stop.reset();
}

void Oracle::asks(Verb verb, std::optional<std::size_t> only) {
    if (!only && (verb == Verb::start || verb == Verb::restart)) quick_.clear();
    for (std::size_t i = 0; i < truth_.size(); ++i) {
        if ((only && *only != i) || !systemd_.units()[i].installed) continue;
        if (is_guard(*systemd_.units()[i].spec)) continue;
        Truth& truth = truth_[i];
        // Wishes that cross each other on their way to lakebedd.
        const bool stops = verb == Verb::stop || verb == Verb::hold;
        forgive(truth);
        if (stops) truth.last_stop = timeline_.now();
        const Unit& real = systemd_.units()[i];
        const bool unseen =
            real.run != truth.view.invocation_id || (real.job && truth.view.job_id == 0);
        truth.unclear.reset();
        if (stops && truth.view.job_id != 0 && truth.view.job_type.empty())
            truth.unclear = timeline_.now();
        const bool still = verb == Verb::release && truth.either; // that ends a hold only
        truth.either =
            still || (stops ? truth.last_start && unseen : truth.pending_stop.has_value());
        truth.pending_stop.reset();
        truth.crossed = false;
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
    fresh_ = timeline_.now();
    quick_.clear();
    for (std::size_t i = 0; i < truth_.size(); ++i) {
        Truth& truth = truth_[i];
        // A stop of this moment may come after the start, and what takes down a run that lakebedd
        // has not heard of yet may be an operator's stop or that of the target.
        auto just_now = [&](std::optional<Time> at) { return at && timeline_.now() - *at < 1s; };
        truth.maybe_stopped = just_now(truth.last_stop) || just_now(truth.last_start);
        truth.op_stopped = false;
        truth.either =
            truth.either && truth.hold; // a hold outlives the target, and so does its doubt
        truth.crossed = just_now(truth.last_stop);
        truth.pending_stop.reset();
        forgive(truth);
        renew(i);
    }
}

void Oracle::rebooted() {
    for (Truth& truth : truth_) truth.was_up = truth.renewed = truth.parked = truth.ended = false;
    fresh_target();
}

void Oracle::graph_reloaded(bool changed) {
    if (changed) quick_.clear();
    for (std::size_t i = 0; i < truth_.size(); ++i) {
        truth_[i].failed_at.reset();
        if (truth_[i].bad_config) forgive(truth_[i]); // it may be right now
        renew(i);
    }
}

void Oracle::removed(std::size_t unit) {
    truth_[unit] = Truth();
    // What starts without it has nothing to show for its absence.
    for (std::size_t dependent : systemd_.units()[unit].dependents)
        if (!truth_[dependent].up) truth_[dependent].unverified = false;
}

} // namespace lakebed::sim
