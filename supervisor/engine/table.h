// The transition table: what each input does in each state. This is the whole supervisor; the steps
// it names are in steps.cpp.
#pragma once

#include <vector>

#include "engine/observe.h"

namespace lakebed {

// What an Event means for one node.
enum class Input {
    // The unit, by Observed.
    up,
    coming_up,
    hold_off,
    failed,
    down,
    going_down,
    queued,
    // The end of a job.
    stop_done,    // a stop that was not ours
    stop_undone,  // a stop of ours canceled by somebody's start
    canceled,     // a start of ours, by somebody's stop or `systemctl cancel`
    start_failed, // ours, and the unit never moved
    refused,      // ours: PID 1 did not take it, another job was in its way
    // The graph; given after each event that changed anything.
    needs_ready,
    need_lost,
    // Timers and probes.
    retry_due,
    good_run,
    liveness_due,
    verify_due,
    probe_ok,
    probe_bad,
    live_ok,
    live_bad,
    // People, the target, the log.
    start,
    stop,
    restart,
    target_up,
    target_down,
    fatal,
    port_taken,
    disk_full,
};
inline constexpr int kInputs = static_cast<int>(Input::disk_full) + 1;
inline constexpr int kStates = static_cast<int>(State::stopped) + 1;

// One call of Supervisor::on().
struct Turn {
    SupervisorState& state;
    std::vector<detail::Slot>& slots;
    TimePoint now;
    Cause cause = Cause::none;             // of port_taken, disk_full
    std::string_view detail;               // of the probe result, the log line, the job's type
    Observed before = Observed::queued;    // up to this UnitChanged
    TimePoint before_at;                   // it was read last
    bool restarted = false;                // by systemd itself, since the last UnitChanged
    bool fresh = false;                    // target_up: a new start of the target
    std::optional<TimePoint> target_since; // target_up: on the clock of the snapshots
    std::vector<Action> actions;
    bool changed = false; // readiness or a wish may have changed: look at all nodes again
};

using Step = void (*)(Turn&, detail::Slot&);
[[nodiscard]] Step step_for(Input input, State state);

inline void give(Turn& turn, detail::Slot& slot, Input input) {
    step_for(input, slot.state->state)(turn, slot);
}

} // namespace lakebed
