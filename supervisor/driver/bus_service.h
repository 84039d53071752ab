// BusService: io.lakebed.Supervisor1 on the system bus. When the bus is absent or goes, supervision
// goes on and the name is asked for again.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/supervisor.h"
#include "sys/event_loop.h"
#include "sys/incident_files.h"
#include "sys/supervisor_api.h"

namespace lakebed {

struct BusServiceHandlers {
    std::function<std::vector<ServiceStatus>()> services;
    std::function<SupervisorInfo()> info;
    std::function<Result<void>(Verb verb, const std::string& name)> command;
    // What was ordered, and who did, "root" or "uid 1000": told a moment after the command.
    std::function<void(Verb verb, const std::string& name, const std::string& who)> ordered;
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
    void incident_seen(const IncidentRecord& record, const std::string& evidence);
    // Has PID 1 keep these units loaded, and no others of before (RefUnit): it forgets what is
    // inactive and nobody's need, and would read it again at its start.
    void keep_loaded(const std::set<std::string>& units);
    // Tells of the properties that are not as they were when this was last called.
    void changed();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace lakebed
