// Judge: the invariants that need no hidden truth, only what the engine was told.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/supervisor.h"

namespace lakebed::sim {

class Judge {
  public:
    // A life of lakebedd begins; what it remembers of operators' wishes holds.
    explicit Judge(const SupervisorState& state);

    void told(const Event& event, TimePoint now);
    // What the actions that followed broke, if anything.
    [[nodiscard]] std::optional<std::string> acted(const std::vector<Action>& actions,
                                                   TimePoint now);

  private:
    struct Job {
        std::string type;
        TimePoint since;
    };
    struct Unit {
        UnitSnapshot view;
        bool viewed = false;
        bool stopped = false;   // by an operator
        bool held = false;      // by one too
        std::optional<Job> job; // ours, whose end has not been told
    };

    void told(const UnitChanged& event, TimePoint now);
    void told(const JobDone& event);
    void told(const UserCommand& event);
    [[nodiscard]] std::string check(const std::string& type, const std::string& unit,
                                    TimePoint now);

    ServiceGraph graph_;
    std::map<std::string, Unit> units_;
    bool target_up_ = false, target_seen_down_ = false;
    std::string target_run_;
};

} // namespace lakebed::sim
