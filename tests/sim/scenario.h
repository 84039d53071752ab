// Scenario: one simulated life of a stack as a value: its graph, its timing, and the list of what
// goes wrong. A seed makes it; shrinking drops entries of the list.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/supervisor.h"

namespace lakebed::sim {

// Deterministic over all platforms, unlike the distributions of <random>.
class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next();
    std::int64_t between(std::int64_t low, std::int64_t high); // both ends included
    bool chance(double probability);
    Duration span(Duration low, Duration high);

  private:
    std::uint64_t state_;
};

enum class Kind {
    crash, // killed by a signal, or exit 1
    out_of_memory,
    clean_exit, // exit 0 after a TERM by hand
    fatal_exit, // exit 78 now and at every start, until an operator mends it
    fatal_log,  // exit 1, and a log line that a [[fatal]] rule matches
    port_taken, // exit 1, and its starts fail until the port is free
    disk_full,  // the same with space
    hang,       // no answer until it is killed
    guard,      // a disk that fills up, a port that somebody takes, for a while
    flap,       // dies soon after each start, for a while
    bad_starts, // the next starts fail
    stuck,      // readiness is lost until it is restarted
    op_stop,
    op_start,
    op_restart, // systemctl
    op_reset_failed,
    op_mask, // and unmask what is masked
    user_start,
    user_stop,
    user_restart,
    user_hold,
    user_release, // lakebed
    user_stop_all,
    user_start_all,
    daemon_death,               // of lakebedd, back after `span`
    daemon_death_before_acting, // the next time it has something to do
    reconnect,                  // the bus connection breaks: signals and calls are lost
    target_stop,                // and start after `span`
    target_restart,
    reboot,
    reload_graph, // the same, another, or without a node or with it again
};
[[nodiscard]] std::string_view to_string(Kind kind);

struct Fault {
    Duration at{0};
    Kind kind = Kind::crash;
    std::size_t unit = 0;
    Duration span{0};
    int count = 0;
};

struct Timing { // of one unit
    Duration start{0}, post{0}, stop{0};
};

struct Scenario {
    std::uint64_t seed = 0;
    Duration length{0};
    ServiceGraph graph;
    std::vector<Timing> timing; // by index into graph.nodes
    std::vector<Fault> faults;  // in order of time; none in the last kQuiet
    double lost_signals = 0;    // share of PropertiesChanged that never arrive
    bool keeps_loaded = false;  // lakebedd has a bus on which to refer to its units
    double hidden_jobs = 0;     // share of jobs that end before lakebedd can ask their type
};

// Longest time from the last fault to all ready that we promise in the simulation.
inline constexpr Duration kQuiet = std::chrono::minutes(12);

[[nodiscard]] Scenario make_scenario(std::uint64_t seed, Duration length);
[[nodiscard]] ServiceGraph core_graph();
[[nodiscard]] std::string describe(const Scenario& scenario, const Fault& fault);

} // namespace lakebed::sim
