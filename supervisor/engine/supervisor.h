// Supervisor: the decisions of lakebedd as one pure, total, deterministic function.
//
// How it works: the driver turns what happens (signals of systemd, probe results, timers, people's
// commands) into Events and calls on(). The engine changes its own state and returns Actions, which
// the driver carries out in order. No loop, bus, clock or log in here; time comes with the event.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "model/service_graph.h"

namespace lakebed {

// Microseconds of CLOCK_BOOTTIME in the daemon, of simulated time in tests.
struct EngineClock {
    using duration = std::chrono::microseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<EngineClock>;
    static constexpr bool is_steady = true;
};
using TimePoint = EngineClock::time_point;

enum class State {
    waiting,             // for its needs to become ready
    held,                // by an operator's hold, or suspended because a need went away
    starting,            // start job queued or running; the unit's own probe decides
    ready,
    degraded,            // process runs, but does not answer its probe
    restarting,          // we queued a restart
    backing_off,         // failed; a deadline is set
    slow_lane,           // budget spent; a try every few minutes
    stopped_by_operator,
    stopping,
    stopped,             // nothing to do: target not up, or a job that has not run
};
[[nodiscard]] std::string_view to_string(State state);

// Why a unit failed (design.md §5, "Causes told apart").
enum class Cause { none, crash, hang, out_of_memory, bad_config, start_timeout, operator_stop, waiting };
[[nodiscard]] std::string_view to_string(Cause cause);

// One GetAll of org.freedesktop.systemd1.{Unit,Service}, as far as the engine needs it.
struct UnitSnapshot {
    std::string load_state;   // loaded | not-found | masked …
    std::string active_state; // active | reloading | inactive | failed | activating | deactivating
    std::string sub_state;    // running | exited | auto-restart | start-post …
    std::string result;       // success | exit-code | signal | watchdog | timeout | oom-kill …
    std::string invocation_id; // hex; empty when the unit never ran or was reset
    int exec_main_code = 0;    // CLD_EXITED, CLD_KILLED, CLD_DUMPED (siginfo_t si_code)
    int exec_main_status = 0;
    int main_pid = 0;
    std::uint32_t n_restarts = 0; // systemd's own
    std::uint32_t job_id = 0;     // queued job of the unit, 0: none
    std::string job_type;         // "start", "stop", "restart", "" when no job
    bool operator==(const UnitSnapshot&) const = default;
};

// ---- events -----------------------------------------------------------------------------------

struct UnitChanged { // also sent once for each node after start, reconnect and graph reload
    std::string unit;
    UnitSnapshot now;
    bool operator==(const UnitChanged&) const = default;
};
struct JobDone { // JobRemoved of systemd
    std::string unit;
    std::string job_type; // start | stop | restart
    std::string result;   // done | canceled | timeout | failed | dependency | skipped
    bool ours = false;    // queued by an Action of ours
    bool operator==(const JobDone&) const = default;
};
struct ProbeResult {
    std::string unit;
    bool liveness = false; // else readiness
    bool ok = false;
    std::string detail;
    bool operator==(const ProbeResult&) const = default;
};
enum class Deadline { restart, slow_lane, good_run, liveness, verify, flush };
struct DeadlineReached {
    std::string unit;
    Deadline deadline = Deadline::restart;
    bool operator==(const DeadlineReached&) const = default;
};
enum class Verb { start, stop, restart, hold, release };
struct UserCommand {
    Verb verb = Verb::start;
    std::string unit; // empty: the whole stack
    bool operator==(const UserCommand&) const = default;
};
struct GraphReloaded {
    ServiceGraph graph;
    bool operator==(const GraphReloaded&) const = default;
};
struct TargetStarting { // lakebed.target is up or coming up: start what should run
    bool operator==(const TargetStarting&) const = default;
};
struct TargetStopping {
    bool operator==(const TargetStopping&) const = default;
};
struct ShutdownRequested { // of the machine
    bool operator==(const ShutdownRequested&) const = default;
};
struct FatalLogSeen { // a [[fatal]] rule matched the unit's exit status or log
    std::string unit;
    std::string line;
    bool operator==(const FatalLogSeen&) const = default;
};
using Event = std::variant<UnitChanged, JobDone, ProbeResult, DeadlineReached, UserCommand,
                           GraphReloaded, TargetStarting, TargetStopping, ShutdownRequested,
                           FatalLogSeen>;

// ---- actions ----------------------------------------------------------------------------------

namespace act {
struct StartUnit {
    std::string unit;
    bool operator==(const StartUnit&) const = default;
};
struct StopUnit {
    std::string unit;
    bool operator==(const StopUnit&) const = default;
};
struct RestartUnit {
    std::string unit;
    bool operator==(const RestartUnit&) const = default;
};
struct ResetFailed {
    std::string unit;
    bool operator==(const ResetFailed&) const = default;
};
struct RunProbe {
    std::string unit;
    bool liveness = false;
    bool operator==(const RunProbe&) const = default;
};
struct SetDeadline { // replaces an earlier one of the same unit and kind; at == nullopt cancels
    std::string unit;
    Deadline deadline = Deadline::restart;
    std::optional<TimePoint> at;
    bool operator==(const SetDeadline&) const = default;
};
struct TriggerWatchdog {
    std::string unit;
    bool operator==(const TriggerWatchdog&) const = default;
};
struct Explain { // one sentence: STATUS= while the unit has a process, else a journal entry of it
    std::string unit;
    std::string sentence;
    bool operator==(const Explain&) const = default;
};
struct Announce { // state of a node changed: D-Bus signal, metrics
    std::string unit;
    State state = State::stopped;
    bool operator==(const Announce&) const = default;
};
} // namespace act
using Action = std::variant<act::StartUnit, act::StopUnit, act::RestartUnit, act::ResetFailed,
                            act::RunProbe, act::SetDeadline, act::TriggerWatchdog, act::Explain,
                            act::Announce>;

// ---- state ------------------------------------------------------------------------------------

struct Incident { // a failure of a service, as it was seen
    TimePoint at;
    Cause cause = Cause::none;
    std::string detail; // "killed by SIGKILL", "exit status 1"
    bool operator==(const Incident&) const = default;
};

struct NodeState {
    State state = State::stopped;
    TimePoint since;          // of `state`
    std::string reason;       // the sentence last explained
    UnitSnapshot unit;        // last seen
    bool operator_stopped = false;
    bool hold = false;
    int attempts = 0;                // consecutive failures, exponent of the back-off
    std::vector<TimePoint> restarts; // ours, within the budget window
    std::uint64_t restarts_total = 0;
    std::optional<TimePoint> retry_at;
    std::optional<Incident> last_incident;
    bool ready_once = false;
    int liveness_failures = 0;
    // Spans of the last start.
    std::optional<TimePoint> queued_at, started_at, ready_at;
    bool operator==(const NodeState&) const = default;
};

struct SupervisorState {
    ServiceGraph graph;
    bool target_up = false;
    bool shutting_down = false;
    std::map<std::string, NodeState> nodes; // by unit
    std::uint64_t random = 0x9e3779b97f4a7c15; // state of the jitter generator; seeded by the driver
    bool operator==(const SupervisorState&) const = default;
};

class Supervisor {
  public:
    explicit Supervisor(SupervisorState initial = {});

    [[nodiscard]] std::vector<Action> on(const Event& event, TimePoint now);
    [[nodiscard]] const SupervisorState& state() const;

  private:
    SupervisorState state_;
};

} // namespace lakebed
