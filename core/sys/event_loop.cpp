#include "sys/event_loop.h"

#include <csignal>
#include <utility>

#include <systemd/sd-event.h>
#include <time.h>

namespace lakebed {
namespace {

using Callback = std::function<void()>;

void destroy_callback(void* userdata) {
    delete static_cast<Callback*>(userdata);
}

// The callback may drop its own source; sd-event keeps that alive until the handler returns, but
// the function object would be destroyed while it runs. So it runs from a copy.
int run_callback(void* userdata) {
    Callback callback = *static_cast<Callback*>(userdata);
    callback();
    return 0;
}

int on_time(sd_event_source*, std::uint64_t, void* userdata) {
    return run_callback(userdata);
}
int on_signal_source(sd_event_source*, const signalfd_siginfo*, void* userdata) {
    return run_callback(userdata);
}

void own_callback(sd_event_source* source, Callback* callback) {
    sd_event_source_set_userdata(source, callback);
    sd_event_source_set_destroy_callback(source, destroy_callback);
}

} // namespace

void EventDeleter::operator()(sd_event* event) const noexcept {
    sd_event_unref(event);
}

void EventSource::Deleter::operator()(sd_event_source* source) const noexcept {
    sd_event_source_disable_unref(source);
}
EventSource& EventSource::operator=(EventSource&&) noexcept = default;
EventSource::~EventSource() = default;

Result<EventLoop> EventLoop::make() {
    sd_event* raw = nullptr;
    if (int r = sd_event_new(&raw); r < 0) return fail_errno("cannot make an event loop", -r);
    EventLoop loop;
    loop.event_.reset(raw);
    return loop;
}

Result<void> EventLoop::run() {
    if (int r = sd_event_loop(event_.get()); r < 0) return fail_errno("the event loop ended", -r);
    return {};
}

void EventLoop::stop() {
    sd_event_exit(event_.get(), 0);
}

std::chrono::microseconds EventLoop::boot_time() {
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec));
}

Result<EventSource> EventLoop::at(std::chrono::microseconds when, Duration slack,
                                  std::function<void()> callback) {
    EventSource result;
    sd_event_source* raw = nullptr;
    int r = sd_event_add_time(event_.get(), &raw, CLOCK_BOOTTIME,
                              static_cast<std::uint64_t>(std::max<std::int64_t>(when.count(), 1)),
                              static_cast<std::uint64_t>(std::max<std::int64_t>(slack.count(), 1)),
                              on_time, nullptr);
    if (r < 0) return fail_errno("cannot set a timer", -r);
    own_callback(raw, new Callback(std::move(callback)));
    result.source_.reset(raw);
    return result;
}

Result<EventSource> EventLoop::after(Duration delay, Duration slack,
                                     std::function<void()> callback) {
    return at(boot_time() + delay, slack, std::move(callback));
}

Result<EventSource> EventLoop::on_signal(int signal, std::function<void()> callback) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    if (int error = pthread_sigmask(SIG_BLOCK, &set, nullptr); error != 0)
        return fail_errno("cannot block a signal", error);
    EventSource result;
    sd_event_source* raw = nullptr;
    int r = sd_event_add_signal(event_.get(), &raw, signal, on_signal_source, nullptr);
    if (r < 0) return fail_errno("cannot watch a signal", -r);
    own_callback(raw, new Callback(std::move(callback)));
    result.source_.reset(raw);
    return result;
}

Result<void> EventLoop::keep_watchdog() {
    if (int r = sd_event_set_watchdog(event_.get(), 1); r < 0)
        return fail_errno("cannot keep systemd's watchdog", -r);
    return {};
}

} // namespace lakebed
