// Oracle: what must hold whatever happens (design.md §6), judged from what was delivered to the
// engine, what it did and published, and the truth about units and people.
//
// Of the engine's state it reads the state and the sentence of each service only, which everybody
// can. Wishes that cross on their way to lakebedd (`either`) are not judged.
#pragma once

#include <deque>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sim/systemd.h"

namespace lakebed::sim {

struct Truth { // about one unit
    // What lakebedd was told last.
    UnitSnapshot view;
    bool viewed = false;
    bool up = false;        // by `view`: active, and nothing pending that ends it
    bool was_up = false;    // the same, also by what an earlier life of lakebedd was told
    bool was_gone = true;   // the same of its being inactive
    std::string run;        // the last that was told
    std::string failed_run; // the last of which a failure was told
    // People's wishes, from the moment lakebedd could know of them.
    bool op_stopped = false;
    bool hold = false;
    std::optional<Time> pending_stop; // done, not yet visible to lakebedd
    std::optional<Time> last_stop;    // by people
    std::optional<Time> last_start;   // by people
    bool leaves_trace = false;        // … and visible in a snapshot, not in a signal only
    bool maybe_stopped = false;       // somebody stopped it, perhaps without a trace
    std::optional<Time> unclear;      // our stop met a job whose type was not told
    bool hold_unseen = false;         // its end by a start was not seen
    bool crossed = false; // a stop that lakebedd did not know of, by its start: either may win
    bool either = false;  // a start by people that left no trace, as nothing was to be done
    bool restart_asked = false;
    // What it leans on, as far as was told.
    bool lacks = false;      // a need of the running service is away
    bool there = false;      // it runs, answers, and all it leans on does too
    bool serves = false;     // … and no restart of ours is on its way to any of them
    bool alive = true;       // by its liveness probe
    bool unverified = false; // a need was away, and no probe has shown since that it serves
    bool asked = false;      // by a readiness probe, with all that it leans on there
    bool renewed = false;    // by a restart of ours that was not seen to come yet
    bool parked = false;     // by our stop, which ended its hold-off
    bool ended = false;      // by our stop for a guard
    bool leaving = false;    // perhaps, with the target: it was not read since that began to stop
    // Failures.
    std::optional<Time> failed_at; // by itself, and nothing since that gives it a new start
    bool bad_config = false;
    std::optional<Time> port_taken;
    std::optional<Time> up_since; // of `run`
    // Of a guard that is not ready: since when, by what this and by what any life of lakebedd was
    // told, and when it was last so.
    std::optional<Time> bad_since, bad_first, last_bad;
    // Counting.
    std::deque<Time> starts;
    std::deque<std::pair<Time, int>> relief; // starts that are not restarts of a failure
    std::deque<Time> actions;
};

class Oracle {
  public:
    // Of each node of the scenario; nullptr while it is not in lakebedd's graph.
    using Published = std::span<const NodeState* const>;

    Oracle(const Scenario& scenario, Timeline& timeline, Systemd& systemd);

    void told(const Event& event, Time captured);
    void acted(const std::vector<Action>& actions);
    void settled(Published nodes);  // after each turn of the engine
    void finished(Published nodes); // after kQuiet

    // People.
    void stops(std::size_t unit, bool daemon_alive);
    void starts(std::size_t unit, bool daemon_alive);
    void asks(Verb verb, std::optional<std::size_t> unit);
    void fresh_target();
    void rebooted();
    void daemon_started();
    void reconnected();
    void graph_reloaded(bool changed);
    void removed(std::size_t unit); // from the graph
    void began(std::size_t unit);   // a start of lakebedd's was carried out

    void violation(std::string what);
    std::optional<std::string> broken;
    bool target_up = false; // as lakebedd was told
    bool target_seen_down = false;
    std::string target_run;

  private:
    const std::string& name(std::size_t unit) const { return scenario_.graph.nodes[unit].name; }
    // What was told.
    void viewed(const UnitChanged& event, Time captured);
    void absence_missed(std::size_t unit);
    void ended(const JobDone& event, Time captured);
    void answered(const ProbeResult& event);
    void logged(const FatalLogSeen& event);
    void lean();
    void guarded(const GuardChecked& event);
    // By a guard that is not ready, or was so lately: a stop may have waited for a start's end.
    [[nodiscard]] std::optional<Time> suspended_since(std::size_t unit) const;
    [[nodiscard]] bool started_by_hand(std::size_t unit, Time since) const;
    void check_suspension(std::size_t unit);
    void check_writers();
    static void forgive(Truth& truth);
    // What was done.
    void check_start(std::size_t unit, bool restart);
    void check_stop(std::size_t unit);
    void count_for_stack(std::size_t unit);
    void count(std::size_t unit);
    void relieve(std::size_t unit, int amount);
    void renew(std::size_t unit);
    void check_attribution(std::size_t unit, std::size_t root, const NodeState& node);

    const Scenario& scenario_;
    Timeline& timeline_;
    Systemd& systemd_;
    std::vector<Truth> truth_;
    std::optional<Time> reconnected_, fresh_; // the connection, and the target
    std::deque<Time> quick_;                  // restarts of the stack that no slow lane has held up
};

} // namespace lakebed::sim
