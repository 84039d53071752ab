// LoopSource: sockets and timers on an sd-event loop that belongs to somebody else.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/quantity.h"
#include "base/result.h"

struct sd_event;
struct sd_event_source;

namespace lakebed {

struct LoopSourceDeleter {
    void operator()(sd_event_source* source) const noexcept; // also from inside its own handler
};
using LoopSource = std::unique_ptr<sd_event_source, LoopSourceDeleter>;

// EPOLLIN and EPOLLOUT in `events`; the handler gets those that are ready.
[[nodiscard]] Result<LoopSource> watch_fd(sd_event* loop, int fd, std::uint32_t events,
                                          std::function<void(std::uint32_t)> handler);
[[nodiscard]] Result<void> set_events(const LoopSource& source, std::uint32_t events);

// Once, after `delay` of CLOCK_MONOTONIC; zero means at the loop's next turn.
[[nodiscard]] Result<LoopSource> run_after(sd_event* loop, Duration delay,
                                           std::function<void()> handler);

} // namespace lakebed
