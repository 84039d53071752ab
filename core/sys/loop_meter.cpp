#include "sys/loop_meter.h"

#include <algorithm>

#include <systemd/sd-event.h>
#include <time.h>

namespace lakebed {
namespace {

int never(sd_event_source*, std::uint64_t, void*) {
    return 0;
}

// Called before each wait. sd_event_now() is when the last wait ended, after which one handler ran.
int measure(sd_event_source* source, void* userdata) {
    std::uint64_t woken = 0;
    sd_event* loop = sd_event_source_get_event(source);
    if (sd_event_now(loop, CLOCK_MONOTONIC, &woken) != 0) return 0; // before the first wait
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    double took = static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9 -
                  static_cast<double>(woken) / 1e6;
    took = std::max(took, 0.0); // the loop's clock counts whole microseconds
    auto& turns = *static_cast<TurnTimes*>(userdata);
    auto bound = std::lower_bound(TurnTimes::kBounds.begin(), TurnTimes::kBounds.end(), took);
    ++turns.counts[static_cast<std::size_t>(bound - TurnTimes::kBounds.begin())];
    turns.sum += took;
    turns.max = std::max(turns.max, took);
    return 0;
}

} // namespace

void LoopMeter::Deleter::operator()(sd_event_source* source) const noexcept {
    sd_event_source_disable_unref(source);
}

Result<LoopMeter> LoopMeter::make(EventLoop& loop) {
    LoopMeter meter;
    meter.turns_ = std::make_unique<TurnTimes>();
    sd_event_source* raw = nullptr;
    // A timer that never comes carries the prepare callback.
    int r = sd_event_add_time(loop.get(), &raw, CLOCK_MONOTONIC, UINT64_MAX, 0, never,
                              meter.turns_.get());
    meter.source_.reset(raw);
    if (r >= 0) r = sd_event_source_set_prepare(raw, measure);
    if (r < 0) return fail_errno("cannot measure the event loop", -r);
    return meter;
}

} // namespace lakebed
