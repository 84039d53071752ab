// BusService: io.lakebed.Supervisor1 on the system bus. When the bus is absent or goes, supervision
// goes on and the name is asked for again.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/supervisor.h"
#include "sys/event_loop.h"
#include "sys/supervisor_api.h"

namespace lakebed {

struct BusServiceHandlers {
    std::function<std::vector<ServiceStatus>()> services;
    std::function<SupervisorInfo()> info;
    std::function<Result<void>(Verb verb, const std::string& name)> command;
    std::function<Result<void>()> reload;
    std::function<void()> settled; // once: we have the name, or there is no bus to have it on
};

class BusService {
  public:
    BusService(EventLoop& loop, BusServiceHandlers handlers);
    ~BusService();
    BusService(const BusService&) = delete;
    BusService& operator=(const BusService&) = delete;

    void service_changed(const std::string& name, std::string_view state);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace lakebed
