#include "probe/loop_source.h"

#include <ctime>
#include <utility>

#include <systemd/sd-event.h>

namespace lakebed {
namespace {

using FdHandler = std::function<void(std::uint32_t)>;
using TimeHandler = std::function<void()>;

// Handlers run from a copy: one may drop its own source, and the function object goes with it.
int run_fd_handler(sd_event_source*, int, std::uint32_t events, void* userdata) {
    FdHandler handler = *static_cast<FdHandler*>(userdata);
    handler(events);
    return 0;
}

int run_time_handler(sd_event_source*, std::uint64_t, void* userdata) {
    TimeHandler handler = *static_cast<TimeHandler*>(userdata);
    handler();
    return 0;
}

template <class Handler> LoopSource own_handler(sd_event_source* source, Handler handler) {
    sd_event_source_set_userdata(source, new Handler(std::move(handler)));
    sd_event_source_set_destroy_callback(source,
                                         [](void* owned) { delete static_cast<Handler*>(owned); });
    return LoopSource(source);
}

} // namespace

void LoopSourceDeleter::operator()(sd_event_source* source) const noexcept {
    sd_event_source_disable_unref(source);
}

Result<LoopSource> watch_fd(sd_event* loop, int fd, std::uint32_t events, FdHandler handler) {
    sd_event_source* source = nullptr;
    int error = sd_event_add_io(loop, &source, fd, events, run_fd_handler, nullptr);
    if (error < 0) return fail_errno("cannot watch a socket", -error);
    return own_handler(source, std::move(handler));
}

Result<void> set_events(const LoopSource& source, std::uint32_t events) {
    int error = sd_event_source_set_io_events(source.get(), events);
    if (error < 0) return fail_errno("cannot watch a socket", -error);
    return {};
}

Result<LoopSource> run_after(sd_event* loop, Duration delay, TimeHandler handler) {
    constexpr std::uint64_t kAccuracy = 1000; // the default of 250 ms would blur the interval
    sd_event_source* source = nullptr;
    int error = sd_event_add_time_relative(loop, &source, CLOCK_MONOTONIC,
                                           static_cast<std::uint64_t>(delay.count()), kAccuracy,
                                           run_time_handler, nullptr);
    if (error < 0) return fail_errno("cannot set a timer", -error);
    return own_handler(source, std::move(handler));
}

} // namespace lakebed
