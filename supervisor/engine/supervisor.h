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
#include <string_view>
#include <unordered_map>
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
    waiting,  // for its needs to become ready
    held,     // by an operator's hold, because a need went away, or by a bad configuration
    starting, // start job queued or running; the unit's own probe decides
    ready,
    degraded,    // process runs, but does not answer its probe, or what it leans on is away
    restarting,  // we queued a restart
    backing_off, // failed; a deadline is set
    slow_lane,   // budget spent; a try every few minutes
    stopped_by_operator,
    stopping,
    stopped, // nothing to do: target not up, or a job that has not run
};
[[nodiscard]] std::string_view to_string(State state);

// Why a unit failed (design.md §5, "Causes told apart").
enum class Cause {
    none,
    crash,
    hang,
    out_of_memory,
    bad_config,
    port_taken,
    disk_full,
    start_timeout,
    operator_stop,
    waiting
};
[[nodiscard]] std::string_view to_string(Cause cause);

// One GetAll of org.freedesktop.systemd1.{Unit,Service}, as far as the engine needs it.
struct UnitSnapshot {
    std::string load_state;    // loaded | not-found | masked …
    std::string active_state;  // active | reloading | inactive | failed | activating | deactivating
    std::string sub_state;     // running | exited | auto-restart | start-post …
    std::string result;        // success | exit-code | signal | watchdog | timeout | oom-kill …
    std::string invocation_id; // hex; empty when the unit never ran or was reset
    int exec_main_code = 0;    // CLD_EXITED, CLD_KILLED, CLD_DUMPED (siginfo_t si_code)
    int exec_main_status = 0;
    int main_pid = 0;
    std::uint32_t n_restarts = 0; // systemd's own
    std::uint32_t job_id = 0;     // queued job of the unit, 0: none
    std::string job_type;         // "start", "stop", "restart", "" when no job or not known
    // ActiveEnterTimestampMonotonic or InactiveEnterTimestampMonotonic is not 0: the unit has run
    // in this boot. PID 1 forgets it when it collects an inactive unit nobody refers to, so the
    // driver should keep one reference (Unit.Ref) to each node.
    bool ran_before = false;
    // InactiveExitTimestamp and ActiveEnterTimestamp of this run, InactiveEnterTimestamp of the one
    // before (all on any one clock: they are only compared with each other); nullopt when 0 or
    // unknown.
    std::optional<TimePoint> began, became_active, became_inactive;
    bool operator==(const UnitSnapshot&) const = default;
};

// ---- events -----------------------------------------------------------------------------------
//
// What the engine expects of the driver:
// - After start: UnitChanged for every node, then TargetStarting when the target is active or
// coming
//   up, else TargetStopping. Nothing is started before.
// - UnitChanged is one atomic GetAll; equal repetitions do no harm. All nodes are read again at
//   least once a minute, after a reconnect, and after GraphReloaded.
// - JobDone comes after an UnitChanged that was read after JobRemoved arrived.
// - Each StartUnit, StopUnit and RestartUnit ends in one JobDone{ours}; a call that PID 1 refused
//   ends in the result "refused". One lost with the connection may stay out: the next UnitChanged
//   more than kLostJob later settles it.
// - Each RunProbe ends in one ProbeResult (a timeout is a failure); RunProbe while the same probe
//   runs is ignored. A DeadlineReached that comes late or twice does no harm.
// - Every guard is checked before TargetStarting is first told, after GraphReloaded, and again and
//   again; nothing that needs a guard is started before its first GuardChecked.
// - durable() is written (fsync) before the actions of an event are carried out.

struct UnitChanged { // also sent once for each node after start, reconnect and graph reload
    std::string unit;
    UnitSnapshot now;
    bool operator==(const UnitChanged&) const = default;
};
struct JobDone { // JobRemoved of systemd
    std::string unit;
    std::string job_type; // start | stop | restart; "" when the job went before it could be asked
    std::string result;   // done | canceled | timeout | failed | dependency | skipped | refused
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
    // InvocationID of the target. One that differs from that of the durable state is a new start of
    // the target (also by a reboot) and clears operators' stops; the same one is our own restart,
    // unless TargetStopping came before: a start can cancel a stop that has begun.
    std::string invocation_id;
    // Its ActiveEnterTimestamp, on the clock of UnitSnapshot's. A unit that became inactive later
    // than this was stopped by somebody, which tells when there is no durable state.
    std::optional<TimePoint> became_active;
    bool operator==(const TargetStarting&) const = default;
};
struct TargetStopping {
    bool operator==(const TargetStopping&) const = default;
};
struct ShutdownRequested { // of the machine
    bool operator==(const ShutdownRequested&) const = default;
};
struct FatalLogSeen { // a [[fatal]] rule or a common one matched the log of a failed run
    std::string unit;
    // The line; for port_taken and disk_full what the machine says of it: "port 6379 is taken by
    // nginx (pid 812)", "no space left on /data (12 MiB free)".
    std::string line;
    FailureKind kind = FailureKind::bad_config;
    std::string run; // that failed
    bool operator==(const FatalLogSeen&) const = default;
};
struct GuardChecked {
    std::string unit; // id of the guard
    bool ok = false;
    // "the disk of /data is nearly full: 212 MiB free, 512 MiB needed"; of a guard that is ready,
    // what there is to say all the same.
    std::string detail;
    bool operator==(const GuardChecked&) const = default;
};
using Event =
    std::variant<GuardChecked, UnitChanged, JobDone, ProbeResult, DeadlineReached, UserCommand,
                 GraphReloaded, TargetStarting, TargetStopping, ShutdownRequested, FatalLogSeen>;

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
struct Warn { // of the stack as a whole, to the log
    std::string sentence;
    bool operator==(const Warn&) const = default;
};
struct Announce { // state of a node changed: D-Bus signal, metrics
    std::string unit;
    State state = State::stopped;
    bool operator==(const Announce&) const = default;
};
} // namespace act
using Action =
    std::variant<act::StartUnit, act::StopUnit, act::RestartUnit, act::ResetFailed, act::RunProbe,
                 act::SetDeadline, act::TriggerWatchdog, act::Explain, act::Announce, act::Warn>;

// ---- state ------------------------------------------------------------------------------------

struct Incident { // a failure of a service, as it was seen
    TimePoint at;
    Cause cause = Cause::none;
    std::string detail; // "killed by SIGKILL", "exit status 1"
    bool operator==(const Incident&) const = default;
};

// Which job of ours brings a run down that nobody wants any more (lakebed stop, hold).
enum class Doomed {
    no,
    this_run, // the one of NodeState::run
    next_run, // one we had queued but not seen when it became unwanted
};

struct NodeState {
    std::size_t place = 0; // in graph.nodes, while an engine has it
    State state = State::stopped;
    TimePoint since;       // of `state`
    std::string reason;    // the sentence last explained
    UnitSnapshot unit;     // last seen
    TimePoint seen_at;     // … then
    bool known = false;    // a snapshot was seen since lakebedd started
    bool recorded = false; // known now or by the durable state of this boot
    bool operator_stopped = false;
    bool hold = false;
    bool bad_config = false;     // not retried until the graph or an operator changes something
    bool suspended = false;      // stopped, or to be stopped, by us as a guard is not ready
    bool despite_guard = false;  // it runs by somebody's will all the same: leave it
    bool parked = false;         // inactive because our StopUnit ended its hold-off
    bool slow = false;           // in the slow lane until a good run
    bool slow_for_stack = false; // this time, as the budget of the stack was spent
    bool restart_wanted = false; // once, as soon as all needs are ready
    bool start_wanted = false;   // the stop under way no longer counts; its JobDone is to come
    bool stop_sent = false;      // for `doomed`
    bool stop_seen = false;      // going down by a job, not by dying
    Doomed doomed = Doomed::no;
    int attempts = 0;                 // consecutive failures, exponent of the back-off
    std::vector<TimePoint> restarts;  // ours that count, within the budget window
    std::uint64_t restarts_total = 0; // every restart of ours, after a failure or of a running unit
    std::optional<TimePoint> retry_at;
    std::optional<TimePoint> stop_owed; // it was stopped then, and the JobDone of that is to come
    std::optional<Incident> last_incident;
    bool ready_once = false;
    std::string run;                              // InvocationID of the last run seen
    std::string failed_run;                       // of the last failure that was counted
    std::map<std::string, std::string> needs_run; // by need: its run when ours began; "" not ready
    int liveness_failures = 0;
    std::string probe_detail; // of the last failed probe; of a guard, of its last check
    std::optional<TimePoint> unverified_since; // it is not known to serve since then
    bool verify_wanted = false;                // a need came back
    bool verifying = false;                    // a readiness probe is under way
    bool verify_void = false;                  // it began before a need went away
    // Spans of the last start.
    std::optional<TimePoint> queued_at, started_at, probing_at, ready_at;
    bool operator==(const NodeState&) const = default;
};

struct SupervisorState {
    ServiceGraph graph;
    bool target_up = false;
    bool target_seen_down = false; // since it was last said to be up
    std::string target_run;        // InvocationID of lakebed.target
    bool shutting_down = false;
    std::map<std::string, NodeState> nodes; // by unit
    std::vector<TimePoint> restarts;        // of all nodes, within the window of the stack's budget
    bool budget_spent = false;              // of the stack, and said so
    std::uint64_t random =
        0x9e3779b97f4a7c15; // state of the jitter generator; seeded by the driver
    bool operator==(const SupervisorState&) const = default;
};

// systemd's own restart, the fail-safe under a dead lakebedd: RestartSec= of every service unit.
inline constexpr Duration kHoldOff = std::chrono::seconds(15);
// A start or stop of ours that has left no trace for so long is taken for lost.
inline constexpr Duration kLostJob = std::chrono::seconds(5);

namespace detail {
// A node with its place in the graph, resolved once; `links` are indices into the same vector.
struct Slot {
    struct Link {
        std::size_t slot = 0;
        EdgeType type = EdgeType::reconnects;
    };
    const GraphNode* spec = nullptr;
    NodeState* state = nullptr;
    std::vector<Link> needs;
    State announced = State::stopped;
    // Something happened to it since the graph was last settled: it and what leans on it are looked
    // at again, the rest would come to the same. lakebed_sim compares with an engine that looks at
    // all.
    bool touched = true;
};
} // namespace detail

// Movable, not copyable: it keeps pointers into its own state.
class Supervisor {
  public:
    // A graph with a cycle or an unknown need breaks a precondition: check_graph() comes first.
    explicit Supervisor(SupervisorState initial = {});
    Supervisor(Supervisor&&) = default;
    Supervisor& operator=(Supervisor&&) = default;

    [[nodiscard]] std::vector<Action> on(const Event& event, TimePoint now);
    [[nodiscard]] const SupervisorState& state() const;

  private:
    void index();
    void reload(const ServiceGraph& graph, std::vector<Action>& actions);

    SupervisorState state_;
    std::vector<detail::Slot> slots_;                          // in start order
    std::unordered_map<std::string_view, std::size_t> places_; // by unit, in `slots_`
    StackBudget budget_;
};

} // namespace lakebed
