// Script: the engine driven by domain text. Graph and events are lines of words, what the engine
// does comes back as lines of words, so that a test reads as a story and compares one whole value.
//
//   graph    postgres probe liveness
//            hive needs postgres session, minio
//            job init needs postgres init fatal 78
//            guard room                      (hive needs room suspends)
//            budget 3                        (of the whole stack)
//   events   0 postgres inactive            (time in seconds, unit by name, state)
//            1 postgres holdoff a signal 9  (its run and how it ended)
//            2 job postgres stop done [ours]
//            3 target up t1 [SINCE] | target down | shutdown
//            4 probe hive ok|bad | live hive ok|bad | due hive restart
//            5 user stop hive | fatal hive TEXT | port hive | disk hive |
//            guard room ok|low|taken |
//            reload GENERATION | die | boot
#pragma once

#include <string>
#include <string_view>

#include "engine/supervisor.h"

namespace lakebed::test {

enum class Show {
    jobs, // what reaches the machine: jobs, probes, watchdog
    all,  // also deadlines, states and sentences
};

class Script {
  public:
    explicit Script(std::string_view graph);

    // What the engine did, a line an action: "start postgres", "deadline hive restart 3.000".
    std::string play(std::string_view events, Show show = Show::jobs);

    [[nodiscard]] const NodeState& node(std::string_view name) const;
    [[nodiscard]] const SupervisorState& state() const { return engine_.state(); }

  private:
    Event read(const std::vector<std::string>& words) const;

    ServiceGraph graph_;
    Supervisor engine_;
    int boot_ = 1;
};

[[nodiscard]] ServiceGraph read_test_graph(std::string_view text);

inline constexpr std::string_view kPair = R"(
    postgres
    hive needs postgres
)";

// A graph with postgres and hive, both up at 2 s; at 400 s both have had their good run.
[[nodiscard]] Script up(std::string_view graph = kPair);

// State of each node, "postgres ready, hive held".
[[nodiscard]] std::string states(const Script& script);

} // namespace lakebed::test
