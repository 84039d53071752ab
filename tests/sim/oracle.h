// Oracle: what must hold whatever happens (design.md §6), judged from what was delivered to the
// engine, what it did, and the truth about units and people.
//
// Two judgements do lean on the engine's own state: whether a stop by an operator left a trace that
// it could see, and when its budget began anew. Wishes that cross on their way to it (`either`) are
// not judged.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "sim/systemd.h"

namespace lakebed::sim {

struct Truth { // about one unit
    // What lakebedd was told last.
    UnitSnapshot view;
    bool viewed = false;
    // People's wishes, from the moment lakebedd could know of them.
    bool op_stopped = false;
    bool hold = false;
    std::optional<Time> pending_stop; // done, not yet visible to lakebedd
    std::optional<Time> last_stop;    // by people
    std::optional<Time> last_start;   // by people
    bool leaves_trace = false;        // … and visible in a snapshot, not in a signal only
    bool maybe_stopped = false;       // somebody stopped it, perhaps without a trace
    bool hold_unseen = false;         // its end by a start was not seen
    bool either = false; // a start by people that left no trace, as nothing was to be done
    bool restart_asked = false;
    // What it leans on.
    std::string run;        // as last told
    std::string failed_run; // the last of which a failure was told
    std::optional<Time> port_taken;
    bool renewed = false;    // by a restart of ours that was not seen to come yet
    bool answers = true;     // its probes, as far as was told
    bool unverified = false; // a need went away, and no probe has shown since that it serves
    bool asked = false;      // by a readiness probe, with all that it leans on there
    // Counting.
    std::deque<Time> starts;
    std::deque<std::pair<Time, int>> relief; // starts that are not restarts of a failure
    std::deque<Time> actions;
    std::optional<Time> failed_at; // by itself, and nothing since that gives it a new start
    State state = State::stopped;
};

class Oracle {
  public:
    Oracle(const Scenario& scenario, Timeline& timeline, Systemd& systemd);

    void told(const Event& event, Time captured);
    void acted(const std::vector<Action>& actions);
    void settled(const SupervisorState& state);  // after each turn of the engine
    void finished(const SupervisorState& state); // after kQuiet

    // People.
    void stops(std::size_t unit, const NodeState& node, bool daemon_alive);
    void starts(std::size_t unit);
    void asks(Verb verb, std::optional<std::size_t> unit);
    void fresh_target();
    void daemon_started();
    void graph_reloaded(bool changed);
    void began(std::size_t unit); // a start of lakebedd's was carried out

    void violation(std::string what);
    std::optional<std::string> broken;
    bool target_up = false; // as lakebedd was told
    bool target_seen_down = false;
    std::string target_run;

  private:
    std::size_t place(const std::string& unit) const;
    void check_start(std::size_t unit, bool restart);
    void check_stop(std::size_t unit);
    void count_for_stack(std::size_t unit);
    void count(std::size_t unit);
    static void forgive(Truth& truth);
    void note_needs(std::size_t unit);
    [[nodiscard]] bool serves(std::size_t unit) const; // as far as was told
    [[nodiscard]] bool leans_on_missing(std::size_t unit) const;
    void relieve(std::size_t unit, int amount);
    void renew(std::size_t unit);

    const Scenario& scenario_;
    Timeline& timeline_;
    Systemd& systemd_;
    std::vector<Truth> truth_;
    std::deque<Time> quick_; // restarts of the stack that no slow lane has held up
};

} // namespace lakebed::sim
