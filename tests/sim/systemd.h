// Systemd: PID 1 and the services, as far as supervision.md has measured them, in simulated time.
//
// One job a unit, jobs ordered by After=, modes `fail` and `replace`, the hold-off of
// Restart=always, Type=oneshot without it. What happens is handed to `changed` (a property of a
// unit) and `removed` (the end of a job), from which the daemon's door makes signals.
#pragma once

#include <functional>
#include <optional>
#include <queue>
#include <string>
#include <unordered_map>
#include <vector>

#include "sim/scenario.h"

namespace lakebed::sim {

using Time = Duration; // since the machine was first switched on

class Timeline {
  public:
    void at(Time when, std::function<void()> what);
    bool step(Time until); // false when nothing is left before `until`
    [[nodiscard]] Time now() const { return now_; }
    [[nodiscard]] std::uint64_t steps() const { return steps_; }

  private:
    struct Entry {
        Time when;
        std::uint64_t order;
        std::function<void()> what;
        bool operator<(const Entry& other) const {
            return when != other.when ? when > other.when : order > other.order;
        }
    };
    std::priority_queue<Entry> entries_;
    std::uint64_t order_ = 0, steps_ = 0;
    Time now_{0};
};

enum class Who { daemon, people, systemd };

struct Job {
    std::uint32_t id = 0;
    std::string type; // start | stop | restart
    Who who = Who::systemd;
    bool running = false;
    bool hidden = false; // ends before anybody can ask for its type
    std::string asked{}; // its type when it was queued, by which it is known until it ends
};

enum class Phase { inactive, starting, post, active, stopping, hold_off, failed };

struct Link { // by the graph that lakebedd has now
    std::size_t unit = 0;
    EdgeType type = EdgeType::reconnects;
};

struct Unit {
    std::size_t index = 0;
    bool installed = true; // and so in that graph
    bool masked = false;
    const GraphNode* spec = nullptr;
    Timing timing;
    Phase phase = Phase::inactive;
    std::string result = "success";
    int code = 0, status = 0;
    std::string run; // InvocationID
    std::uint32_t n_restarts = 0;
    bool ran = false;
    std::optional<Job> job;
    std::uint64_t epoch = 0; // of the phase; timers of an earlier one are void
    Time active_since{0}, run_since{0}, inactive_since{0};
    std::vector<Link> needs;
    std::vector<std::size_t> dependents;
    // Faults.
    bool hung = false, stuck = false, fatal = false, fatal_log = false;
    bool dying = false; // stopping, and it will have failed
    int bad_starts = 0;
    Time flap_until{0}, port_until{0}, disk_until{0};
    bool port_failed = false, disk_failed = false; // that was what the last failure came from

    [[nodiscard]] bool process() const {
        return phase == Phase::starting || phase == Phase::post || phase == Phase::active ||
               phase == Phase::stopping;
    }
};

struct Ended { // JobRemoved
    std::size_t unit = 0;
    Job job;
    std::string result;
};

class Systemd {
  public:
    Systemd(Timeline& timeline, Random& random, const Scenario& scenario);

    std::function<void(std::size_t)> changed;
    std::function<void(const Ended&)> removed;

    // Id of the job, 0 when refused (mode fail).
    std::uint32_t request(std::size_t unit, const std::string& type, Who who, bool replace = false);
    void kill(std::size_t unit, const std::string& result, int code, int status);
    void reset_failed(std::size_t unit);
    void mask(std::size_t unit, bool masked);
    // Units that are not in the graph are removed; of the scenario's.
    void install(const ServiceGraph& graph);
    void keep_loaded(bool all); // lakebedd refers to them (RefUnit), or does no more
    void power_off();           // everything is gone at once; what counts at a reboot

    [[nodiscard]] UnitSnapshot snapshot(std::size_t unit) const;
    [[nodiscard]] std::size_t place(const std::string& unit) const { return places_.at(unit); }
    [[nodiscard]] std::vector<Unit>& units() { return units_; }
    [[nodiscard]] const std::vector<Unit>& units() const { return units_; }

  private:
    void run_jobs_soon();
    void run_jobs();
    bool runnable(const Unit& unit) const;
    void run(Unit& unit);
    int bad_start(Unit& unit);
    void begin_start(Unit& unit);
    void begin_stop(Unit& unit);
    void stopped(Unit& unit);
    void ended_badly(Unit& unit, const std::string& result, int code, int status);
    void down(Unit& unit);
    void collect();
    void fail(Unit& unit, const std::string& result, int code, int status);
    void finish(Unit& unit, const std::string& result);
    void enter(Unit& unit, Phase phase);
    void after(Unit& unit, Duration delay, std::function<void(Unit&)> what);

    Timeline& timeline_;
    Random& random_;
    const Scenario& scenario_;
    std::vector<Unit> units_;
    std::unordered_map<std::string, std::size_t> places_;
    std::uint32_t last_job_ = 0;
    std::uint64_t last_run_ = 0;
    bool running_jobs_ = false, jobs_wait_ = false, kept_loaded_ = false;
};

} // namespace lakebed::sim
