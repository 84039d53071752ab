// EventSource: a registration on an sd-event loop that ends with its owner, and the two that probes
// use, with a plain std::function as handler.
#pragma once

#include <functional>
#include <memory>

#include "base/quantity.h"
#include "base/result.h"

struct sd_event;
struct sd_event_source;

namespace lakebed {

struct EventHandler; // the std::function behind the C callback

class EventSource {
  public:
    EventSource() = default;
    EventSource(EventSource&&) noexcept;
    EventSource& operator=(EventSource&&) noexcept;
    ~EventSource();

    // EPOLLIN and EPOLLOUT in `events`; the handler gets those that are ready.
    [[nodiscard]] static Result<EventSource> watch_fd(sd_event* loop, int fd, std::uint32_t events,
                                                      std::function<void(std::uint32_t)> handler);
    // Once, after `delay` of CLOCK_MONOTONIC; zero means at the loop's next turn.
    [[nodiscard]] static Result<EventSource> after(sd_event* loop, Duration delay,
                                                   std::function<void()> handler);

    // The handler may reset its own source.
    void reset();
    [[nodiscard]] bool active() const { return source_ != nullptr; }
    [[nodiscard]] Result<void> set_events(std::uint32_t events);

  private:
    sd_event_source* source_ = nullptr;
    std::shared_ptr<EventHandler> handler_;
};

} // namespace lakebed
