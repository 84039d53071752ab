// Client: lakebedd over D-Bus, for programs that ask something and end.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/quantity.h"
#include "base/result.h"
#include "sys/bus.h"
#include "sys/supervisor_api.h"

namespace lakebed {

class Client {
  public:
    // «lakebedd is not running» (Errc::not_found) and «systemd is not running here» with what to
    // do.
    [[nodiscard]] static Result<Client> connect();

    [[nodiscard]] Result<std::vector<ServiceStatus>> list_services();
    [[nodiscard]] Result<SupervisorInfo> info();

    [[nodiscard]] Result<void> start(const std::string& name);
    [[nodiscard]] Result<void> stop(const std::string& name);
    [[nodiscard]] Result<void> restart(const std::string& name);
    [[nodiscard]] Result<void> hold(const std::string& name);
    [[nodiscard]] Result<void> release(const std::string& name);
    [[nodiscard]] Result<void> reload();

    // Calls `done` at once, at each ServiceChanged, and at least each 500 ms, until it says true or
    // `timeout` is over (false). An Error that `done` returns ends the wait.
    [[nodiscard]] Result<bool> wait(const std::function<Result<bool>()>& done, Duration timeout);

  private:
    explicit Client(BusPtr bus) : bus_(std::move(bus)) {}
    Result<BusMessagePtr> call(const char* method, const std::string* name, std::string_view what);

    BusPtr bus_;
    BusSlotPtr watch_;
};

} // namespace lakebed
