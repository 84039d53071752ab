// LoopMeter: how long each handler kept an event loop busy; nobody else was served meanwhile.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "sys/event_loop.h"

namespace lakebed {

struct TurnTimes {
    // Upper bounds of the counts in seconds; the last count is of longer turns.
    static constexpr std::array<double, 8> kBounds = {0.0001, 0.001, 0.005, 0.01,
                                                      0.05,   0.1,   0.5,   1};
    std::array<std::uint64_t, kBounds.size() + 1> counts{};
    double sum = 0; // seconds
    double max = 0;
};

// Measures from its making to its end, and never wakes the loop.
class LoopMeter {
  public:
    [[nodiscard]] static Result<LoopMeter> make(EventLoop& loop);

    [[nodiscard]] const TurnTimes& turns() const { return *turns_; }

  private:
    struct Deleter {
        void operator()(sd_event_source* source) const noexcept;
    };
    std::unique_ptr<TurnTimes> turns_;
    std::unique_ptr<sd_event_source, Deleter> source_;
};

} // namespace lakebed
