// Connection: a TCP connection of an acceptance step, where every wait ends at the step's deadline.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/probe_spec.h"
#include "sys/unique_fd.h"

namespace lakebed {

using DeadlinePoint = std::chrono::steady_clock::time_point;

class Connection {
  public:
    [[nodiscard]] static Result<Connection> open(const std::string& host, Port port,
                                                 DeadlinePoint deadline);

    [[nodiscard]] Result<void> send(std::string_view bytes);
    // Whatever has arrived, at least one byte; the peer's close is an error.
    [[nodiscard]] Result<std::string> receive();

  private:
    Connection(UniqueFd fd, DeadlinePoint deadline) : fd_(std::move(fd)), deadline_(deadline) {}
    [[nodiscard]] Result<void> wait(short events);

    UniqueFd fd_;
    DeadlinePoint deadline_;
};

} // namespace lakebed
