#include "probe/event_source.h"

#include <ctime>
#include <utility>

#include <systemd/sd-event.h>

namespace lakebed {

struct EventHandler {
    std::function<void(std::uint32_t)> on_fd;
    std::function<void()> on_time;
};

namespace {

// Both copy the handler to the stack: it may destroy the source that owns it while it runs.
int run_fd(sd_event_source*, int, std::uint32_t events, void* userdata) {
    auto handler = static_cast<EventHandler*>(userdata)->on_fd;
    handler(events);
    return 0;
}

int run_time(sd_event_source*, std::uint64_t, void* userdata) {
    auto handler = static_cast<EventHandler*>(userdata)->on_time;
    handler();
    return 0;
}

} // namespace

EventSource::EventSource(EventSource&& other) noexcept
    : source_(std::exchange(other.source_, nullptr)), handler_(std::move(other.handler_)) {}

EventSource& EventSource::operator=(EventSource&& other) noexcept {
    if (this != &other) {
        reset();
        source_ = std::exchange(other.source_, nullptr);
        handler_ = std::move(other.handler_);
    }
    return *this;
}

EventSource::~EventSource() { reset(); }

void EventSource::reset() {
    sd_event_source_disable_unref(std::exchange(source_, nullptr));
    handler_.reset();
}

Result<EventSource> EventSource::watch_fd(sd_event* loop, int fd, std::uint32_t events,
                                          std::function<void(std::uint32_t)> handler) {
    EventSource made;
    made.handler_ = std::make_shared<EventHandler>();
    made.handler_->on_fd = std::move(handler);
    int error = sd_event_add_io(loop, &made.source_, fd, events, run_fd, made.handler_.get());
    if (error < 0) return fail_errno("cannot watch a socket", -error);
    return made;
}

Result<EventSource> EventSource::after(sd_event* loop, Duration delay,
                                       std::function<void()> handler) {
    constexpr std::uint64_t kAccuracy = 1000; // the default of 250 ms would blur the interval
    EventSource made;
    made.handler_ = std::make_shared<EventHandler>();
    made.handler_->on_time = std::move(handler);
    int error = sd_event_add_time_relative(loop, &made.source_, CLOCK_MONOTONIC,
                                           static_cast<std::uint64_t>(delay.count()), kAccuracy,
                                           run_time, made.handler_.get());
    if (error < 0) return fail_errno("cannot set a timer", -error);
    return made;
}

Result<void> EventSource::set_events(std::uint32_t events) {
    int error = sd_event_source_set_io_events(source_, events);
    if (error < 0) return fail_errno("cannot watch a socket", -error);
    return {};
}

} // namespace lakebed
