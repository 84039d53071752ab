// SystemdManager: blocking calls to systemd for programs that run and end; no systemctl is forked.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/quantity.h"
#include "base/result.h"
#include "sys/bus.h"
#include "sys/systemd_unit.h"

namespace lakebed {

struct UnitStatus { // a line of ListUnits: units that are loaded
    std::string name;
    std::string description;
    std::string load_state;
    std::string active_state;
    std::string sub_state;
    std::string job_type; // start | stop | restart …, empty: no job queued
    bool operator==(const UnitStatus&) const = default;
};

class SystemdManager {
  public:
    // «systemd is not running here» when there is none.
    [[nodiscard]] static Result<SystemdManager> connect();

    // Queues the job (mode replace, as systemctl does) and waits for its end. A job that ends in
    // anything but done is an error that names the unit's result and how to read its log; one that
    // lasts longer than `timeout` goes on, and is reported as Errc::temporary.
    [[nodiscard]] Result<void> start_unit(const std::string& unit,
                                          Duration timeout = std::chrono::minutes(10));
    [[nodiscard]] Result<void> stop_unit(const std::string& unit,
                                         Duration timeout = std::chrono::minutes(10));
    [[nodiscard]] Result<void> restart_unit(const std::string& unit,
                                            Duration timeout = std::chrono::minutes(10));

    // Queues a start (mode fail: it changes no job that is queued) and does not wait for it.
    [[nodiscard]] Result<void> queue_start(const std::string& unit);

    [[nodiscard]] Result<void> daemon_reload();

    // Unit files by their [Install] section; both include the daemon-reload that systemctl does
    // too.
    [[nodiscard]] Result<void> enable_unit(const std::string& unit);
    [[nodiscard]] Result<void> disable_unit(const std::string& unit);

    [[nodiscard]] Result<void> reset_failed(const std::string& unit);

    // Loaded units whose names match one of the glob patterns, such as "lakebed-*".
    [[nodiscard]] Result<std::vector<UnitStatus>>
    list_units(const std::vector<std::string>& patterns);

    // Also of a unit that is not loaded or does not exist (load_state not-found).
    [[nodiscard]] Result<UnitProperties> unit(const std::string& unit);

    [[nodiscard]] Result<std::string> system_state(); // running | degraded | starting | stopping …

  private:
    explicit SystemdManager(ManagerBus bus);
    Result<void> run_job(const char* method, const std::string& unit, Duration timeout);
    Result<std::string> wait_for_job(const std::string& job, Duration timeout);
    Result<BusMessagePtr> call_with_strings(std::string_view what, const char* method,
                                            const std::vector<std::string>& strings);
    Result<void> change_unit_file(const char* method, const std::string& unit);

    std::unique_ptr<std::map<std::string, std::string>> ended_; // path of a job -> its result
    ManagerBus bus_;
    BusSlotPtr watch_;
};

} // namespace lakebed
