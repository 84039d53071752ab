// What a record holds: each type of the engine once, for writing and reading alike.
//
// The structured bindings make a new member an error here, and the missing Name or fields() a new
// alternative one, so that a recording never leaves out what the engine knows.
#pragma once

#include <concepts>
#include <string_view>
#include <type_traits>

#include "engine/supervisor.h"

namespace lakebed::recorded {

inline std::string_view word(State state) {
    return to_string(state);
}
inline std::string_view word(Cause cause) {
    return to_string(cause);
}
inline std::string_view word(FailureKind kind) {
    return to_string(kind);
}
inline std::string_view word(Deadline deadline) {
    switch (deadline) {
    case Deadline::restart:
        return "restart";
    case Deadline::slow_lane:
        return "slow_lane";
    case Deadline::good_run:
        return "good_run";
    case Deadline::liveness:
        return "liveness";
    case Deadline::verify:
        return "verify";
    case Deadline::flush:
        return "flush";
    }
    return "";
}
inline std::string_view word(Verb verb) {
    switch (verb) {
    case Verb::start:
        return "start";
    case Verb::stop:
        return "stop";
    case Verb::restart:
        return "restart";
    case Verb::hold:
        return "hold";
    case Verb::release:
        return "release";
    }
    return "";
}
inline std::string_view word(Doomed doomed) {
    switch (doomed) {
    case Doomed::no:
        return "no";
    case Doomed::this_run:
        return "this_run";
    case Doomed::next_run:
        return "next_run";
    }
    return "";
}

template <class T, class Of>
concept Is = std::same_as<std::remove_const_t<T>, Of>;

template <class T> struct Name;
#define LAKEBED_NAME(type, text)                                                                   \
    template <> struct Name<type> { static constexpr std::string_view is = text; }
LAKEBED_NAME(GuardChecked, "guard_checked");
LAKEBED_NAME(UnitChanged, "unit_changed");
LAKEBED_NAME(JobDone, "job_done");
LAKEBED_NAME(ProbeResult, "probe_result");
LAKEBED_NAME(DeadlineReached, "deadline_reached");
LAKEBED_NAME(UserCommand, "user_command");
LAKEBED_NAME(GraphReloaded, "graph_reloaded");
LAKEBED_NAME(TargetStarting, "target_starting");
LAKEBED_NAME(TargetStopping, "target_stopping");
LAKEBED_NAME(ShutdownRequested, "shutdown_requested");
LAKEBED_NAME(FatalLogSeen, "fatal_log_seen");
LAKEBED_NAME(act::StartUnit, "start");
LAKEBED_NAME(act::StopUnit, "stop");
LAKEBED_NAME(act::RestartUnit, "restart");
LAKEBED_NAME(act::ResetFailed, "reset_failed");
LAKEBED_NAME(act::RunProbe, "run_probe");
LAKEBED_NAME(act::SetDeadline, "set_deadline");
LAKEBED_NAME(act::TriggerWatchdog, "trigger_watchdog");
LAKEBED_NAME(act::Explain, "explain");
LAKEBED_NAME(act::Warn, "warn");
LAKEBED_NAME(act::Announce, "announce");
#undef LAKEBED_NAME

template <class Io, Is<UnitSnapshot> T> void fields(Io& io, T& value) {
    auto& [load_state, active_state, sub_state, result, invocation_id, exec_main_code,
           exec_main_status, main_pid, n_restarts, job_id, job_type, ran_before, began,
           became_active, became_inactive] = value;
    io("load_state", load_state);
    io("active_state", active_state);
    io("sub_state", sub_state);
    io("result", result);
    io("invocation_id", invocation_id);
    io("exec_main_code", exec_main_code);
    io("exec_main_status", exec_main_status);
    io("main_pid", main_pid);
    io("n_restarts", n_restarts);
    io("job_id", job_id);
    io("job_type", job_type);
    io("ran_before", ran_before);
    io("began", began);
    io("became_active", became_active);
    io("became_inactive", became_inactive);
}
template <class Io, Is<GuardChecked> T> void fields(Io& io, T& value) {
    auto& [unit, ok, detail] = value;
    io("unit", unit);
    io("ok", ok);
    io("detail", detail);
}
template <class Io, Is<UnitChanged> T> void fields(Io& io, T& value) {
    auto& [unit, now] = value;
    io("unit", unit);
    io("now", now);
}
template <class Io, Is<JobDone> T> void fields(Io& io, T& value) {
    auto& [unit, job_type, result, ours] = value;
    io("unit", unit);
    io("job_type", job_type);
    io("result", result);
    io("ours", ours);
}
template <class Io, Is<ProbeResult> T> void fields(Io& io, T& value) {
    auto& [unit, liveness, ok, detail] = value;
    io("unit", unit);
    io("liveness", liveness);
    io("ok", ok);
    io("detail", detail);
}
template <class Io, Is<DeadlineReached> T> void fields(Io& io, T& value) {
    auto& [unit, deadline] = value;
    io("unit", unit);
    io("deadline", deadline);
}
template <class Io, Is<UserCommand> T> void fields(Io& io, T& value) {
    auto& [verb, unit] = value;
    io("verb", verb);
    io("unit", unit);
}
template <class Io, Is<GraphReloaded> T> void fields(Io& io, T& value) {
    auto& [graph] = value;
    io("graph", graph);
}
template <class Io, Is<TargetStarting> T> void fields(Io& io, T& value) {
    auto& [invocation_id, became_active] = value;
    io("invocation_id", invocation_id);
    io("became_active", became_active);
}
template <class Io, class T>
requires Is<T, TargetStopping> || Is<T, ShutdownRequested>
void fields(Io&, T&) {
    static_assert(std::is_empty_v<T>);
}
template <class Io, Is<FatalLogSeen> T> void fields(Io& io, T& value) {
    auto& [unit, line, kind, run] = value;
    io("unit", unit);
    io("line", line);
    io("kind", kind);
    io("run", run);
}
template <class Io, class T>
requires Is<T, act::StartUnit> || Is<T, act::StopUnit> || Is<T, act::RestartUnit> ||
    Is<T, act::ResetFailed> || Is<T, act::TriggerWatchdog>
void fields(Io& io, T& value) {
    auto& [unit] = value;
    io("unit", unit);
}
template <class Io, Is<act::RunProbe> T> void fields(Io& io, T& value) {
    auto& [unit, liveness] = value;
    io("unit", unit);
    io("liveness", liveness);
}
template <class Io, Is<act::SetDeadline> T> void fields(Io& io, T& value) {
    auto& [unit, deadline, at] = value;
    io("unit", unit);
    io("deadline", deadline);
    io("at", at);
}
template <class Io, Is<act::Explain> T> void fields(Io& io, T& value) {
    auto& [unit, sentence] = value;
    io("unit", unit);
    io("sentence", sentence);
}
template <class Io, Is<act::Warn> T> void fields(Io& io, T& value) {
    auto& [sentence] = value;
    io("sentence", sentence);
}
template <class Io, Is<act::Announce> T> void fields(Io& io, T& value) {
    auto& [unit, state] = value;
    io("unit", unit);
    io("state", state);
}
template <class Io, Is<Incident> T> void fields(Io& io, T& value) {
    auto& [at, cause, detail] = value;
    io("at", at);
    io("cause", cause);
    io("detail", detail);
}
template <class Io, Is<NodeState> T> void fields(Io& io, T& value) {
    // `place` is the engine's own, made anew from the graph.
    auto& [place, state, since, reason, unit, seen_at, known, recorded, operator_stopped, hold,
           bad_config, suspended, despite_guard, parked, slow, slow_for_stack, restart_wanted,
           start_wanted, stop_sent, stop_seen, doomed, attempts, restarts, restarts_total, retry_at,
           stop_owed, last_incident, ready_once, run, failed_run, needs_run, liveness_failures,
           probe_detail, unverified_since, verify_wanted, verifying, verify_void, queued_at,
           started_at, probing_at, ready_at] = value;
    io("state", state);
    io("since", since);
    io("reason", reason);
    io("unit", unit);
    io("seen_at", seen_at);
    io("known", known);
    io("recorded", recorded);
    io("operator_stopped", operator_stopped);
    io("hold", hold);
    io("bad_config", bad_config);
    io("suspended", suspended);
    io("despite_guard", despite_guard);
    io("parked", parked);
    io("slow", slow);
    io("slow_for_stack", slow_for_stack);
    io("restart_wanted", restart_wanted);
    io("start_wanted", start_wanted);
    io("stop_sent", stop_sent);
    io("stop_seen", stop_seen);
    io("doomed", doomed);
    io("attempts", attempts);
    io("restarts", restarts);
    io("restarts_total", restarts_total);
    io("retry_at", retry_at);
    io("stop_owed", stop_owed);
    io("last_incident", last_incident);
    io("ready_once", ready_once);
    io("run", run);
    io("failed_run", failed_run);
    io("needs_run", needs_run);
    io("liveness_failures", liveness_failures);
    io("probe_detail", probe_detail);
    io("unverified_since", unverified_since);
    io("verify_wanted", verify_wanted);
    io("verifying", verifying);
    io("verify_void", verify_void);
    io("queued_at", queued_at);
    io("started_at", started_at);
    io("probing_at", probing_at);
    io("ready_at", ready_at);
}
template <class Io, Is<SupervisorState> T> void fields(Io& io, T& value) {
    auto& [graph, target_up, target_seen_down, target_run, shutting_down, nodes, restarts,
           budget_spent, random] = value;
    io("graph", graph);
    io("target_up", target_up);
    io("target_seen_down", target_seen_down);
    io("target_run", target_run);
    io("shutting_down", shutting_down);
    io("nodes", nodes);
    io("restarts", restarts);
    io("budget_spent", budget_spent);
    io("random", random);
}

} // namespace lakebed::recorded
