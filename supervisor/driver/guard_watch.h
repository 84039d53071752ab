// GuardWatch: checks the resource guards of the graph: all of them now and then, more often where
// one is not ready or nearly so, and those of a unit right before an event that may start it.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "driver/disk_space.h"
#include "engine/supervisor.h"
#include "sys/event_loop.h"

namespace lakebed {

struct GuardWatchHooks {
    std::function<const SupervisorState&()> state;
    std::function<void(GuardChecked)> tell;
};

class GuardWatch {
  public:
    // `graph_file`: the clock must not be before the time it was written.
    GuardWatch(EventLoop& loop, std::string graph_file, GuardWatchHooks hooks);

    // Tells of every guard, and again from then on.
    void check_all();

    // What to tell the engine before `event`.
    [[nodiscard]] std::vector<GuardChecked> before(const Event& event);

  private:
    [[nodiscard]] std::vector<GuardChecked> check(const std::vector<const GraphNode*>& guards);
    [[nodiscard]] std::vector<const GraphNode*> guards_of(const std::string& unit) const;
    [[nodiscard]] std::optional<Verdict> check_disk(const GraphNode& guard, const DiskCheck& check);
    [[nodiscard]] Verdict check_clock() const;
    // The same again while only a figure has changed: it is news once a minute.
    [[nodiscard]] GuardChecked calmed(GuardChecked checked);
    [[nodiscard]] bool may_wait(const GraphNode& guard) const;
    void tick();
    void complain(const std::string& guard, const std::string& why);

    EventLoop& loop_;
    std::string graph_file_;
    GuardWatchHooks hooks_;
    SpaceReader spaces_;
    std::map<std::string, int> unanswered_; // looks at a disk that have brought nothing, by guard
    std::map<std::string, std::pair<GuardChecked, TimePoint>> told_; // with another word, by guard
    std::set<std::string> near_;                                     // disks nearly at their mark
    std::map<std::string, std::string> complaints_;
    EventSource timer_;
};

} // namespace lakebed
