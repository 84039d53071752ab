// EventLoop: the one thread of a daemon. Timers, signals and the watchdog on sd-event.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "base/quantity.h"
#include "base/result.h"

struct sd_event;
struct sd_event_source;

namespace lakebed {

struct EventDeleter {
    void operator()(sd_event* event) const noexcept;
};

// A timer or signal handler; dropped when its owner goes, also from inside its own callback.
class EventSource {
  public:
    EventSource() = default;
    EventSource(EventSource&&) noexcept = default;
    EventSource& operator=(EventSource&&) noexcept;
    ~EventSource();

    [[nodiscard]] bool active() const { return source_ != nullptr; }

  private:
    friend class EventLoop;
    struct Deleter {
        void operator()(sd_event_source* source) const noexcept;
    };
    std::unique_ptr<sd_event_source, Deleter> source_;
};

class EventLoop {
  public:
    [[nodiscard]] static Result<EventLoop> make();

    [[nodiscard]] sd_event* get() const { return event_.get(); }

    // Until stop().
    [[nodiscard]] Result<void> run();
    void stop();

    // Microseconds of CLOCK_BOOTTIME, which goes on while the machine sleeps.
    [[nodiscard]] static std::chrono::microseconds boot_time();

    // Once, at that CLOCK_BOOTTIME; up to `slack` later, so that wake-ups fall together.
    [[nodiscard]] Result<EventSource> at(std::chrono::microseconds when, Duration slack,
                                         std::function<void()> callback);
    [[nodiscard]] Result<EventSource> after(Duration delay, Duration slack,
                                            std::function<void()> callback);

    // Blocks the signal for this process and hands it to the callback instead.
    [[nodiscard]] Result<EventSource> on_signal(int signal, std::function<void()> callback);

    // WATCHDOG=1 from the loop, at half the interval that systemd asks for; nothing when it asks
    // none.
    [[nodiscard]] Result<void> keep_watchdog();

  private:
    std::unique_ptr<sd_event, EventDeleter> event_;
};

} // namespace lakebed
