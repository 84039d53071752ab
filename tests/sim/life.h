// Life: the machine, the people and lakebedd's door, while one Scenario is played.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/oracle.h"
#include "sim/play.h"
#include "sim/systemd.h"

namespace lakebed::sim {

class Life {
  public:
    Life(const Scenario& scenario, Mutant mutant, bool trace);
    Outcome run();

  private:
    // lakebedd: its lives and its connection; signals come in the order of that one connection.
    void boot_daemon();
    void kill_daemon(Duration away);
    void connect();
    void read_again_each_minute(std::uint64_t life);
    void list_all();
    void arrive(std::function<void()> what); // a signal
    void tell(const Event& event, Time captured);
    void tell(const Event& event) { tell(event, timeline_.now()); }
    void read_log(const UnitChanged& failed);
    void publish();
    void check_deadlines();
    void check_guards(bool all); // else those that have changed only
    void watch_guards(std::uint64_t life);
    void check_shortcuts(Supervisor& whole, const Event& event, const std::vector<Action>& actions);

    // What it does.
    void perform(const Action& action);
    void perform(const act::SetDeadline& action);
    void perform(const act::RunProbe& action);
    void call(const std::string& unit, const std::string& type);
    void mutate(const Event& event, std::vector<Action>& actions);
    [[nodiscard]] ServiceGraph mutated(ServiceGraph graph) const;
    [[nodiscard]] bool answers(std::size_t unit, bool liveness) const;

    // People and accidents.
    void inject(const Fault& fault);
    void lose_need(Unit& real);
    void command(Verb verb, std::optional<std::size_t> unit);
    void mask(std::size_t unit, const Fault& fault);
    void reload(const Fault& fault);
    void stop_target();
    void start_target(bool cancels_stop);
    void restart_target(bool cancels_stop);
    void reboot();
    void heal();

    [[nodiscard]] const std::string& unit(std::size_t index) const {
        return scenario_.graph.nodes[index].unit;
    }
    [[nodiscard]] TargetStarting target_starting() const;
    [[nodiscard]] TimePoint clock() const { return TimePoint(timeline_.now() - booted_); }
    void note(const std::string& text) const;

    const Scenario& scenario_;
    Mutant mutant_;
    bool trace_;
    Random random_;
    Timeline timeline_;
    Systemd systemd_;
    Oracle oracle_;
    Outcome outcome_;

    std::optional<Supervisor> engine_; // nullopt: lakebedd is dead
    std::string remembered_;           // its state file
    ServiceGraph graph_;               // its graph file
    std::vector<const NodeState*> published_;
    std::uint64_t connection_ = 0, life_ = 0;
    bool connected_ = false;
    Time last_arrival_{0};
    std::vector<bool> hinted_; // units with a signal under way
    // By unit and kind: the token of the one that counts, 0: none.
    std::vector<std::array<std::uint64_t, static_cast<std::size_t>(Deadline::flush) + 1>>
        deadlines_;
    std::uint64_t deadline_token_ = 0;
    std::vector<std::array<bool, 2>> probing_; // by unit, readiness and liveness
    std::map<std::size_t, bool> guards_told_;  // in this life
    std::set<std::string> logs_seen_;
    bool die_before_acting_ = false;
    bool target_up_ = false;
    int target_starts_ = 0, boots_ = 0, generation_ = 0;
    Time booted_{0}, target_since_{0};
};

} // namespace lakebed::sim
