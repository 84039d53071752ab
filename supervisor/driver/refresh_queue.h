// RefreshQueue: at most one read of a unit under way, and one more to follow, however many hints
// come.
#pragma once

#include <map>
#include <string>

namespace lakebed {

class RefreshQueue {
  public:
    // A hint came. True: read the unit now.
    [[nodiscard]] bool want(const std::string& unit);
    // The read has ended. True: hints came meanwhile, read it again.
    [[nodiscard]] bool done(const std::string& unit);
    // The connection broke: nothing is under way any more.
    void clear() { under_way_.clear(); }
    [[nodiscard]] bool idle() const { return under_way_.empty(); }

  private:
    std::map<std::string, bool> under_way_; // unit -> one more wanted
};

} // namespace lakebed
