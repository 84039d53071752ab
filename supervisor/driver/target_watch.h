// TargetWatch: what the engine is told of lakebed.target, out of what is seen of it.
#pragma once

#include <optional>
#include <string>

#include "engine/supervisor.h"

namespace lakebed {

class TargetWatch {
  public:
    void seen(UnitSnapshot target) { target_ = std::move(target); }
    void connection_broke() { target_.reset(); } // what was told stays told
    [[nodiscard]] bool known() const { return target_.has_value(); }

    // A stop of it was queued. That is told at once: its members' stops come next, and would pass
    // for an operator's.
    [[nodiscard]] std::optional<Event> stop_queued();

    // What the engine does not know yet of what was last seen.
    [[nodiscard]] std::optional<Event> news();

  private:
    std::optional<UnitSnapshot> target_;
    std::optional<std::string> told_; // invocation, "" for down
};

} // namespace lakebed
