#include "sys/systemd_manager.h"

#include <cerrno>
#include <map>
#include <memory>

#include <time.h>

#include <fmt/format.h>
#include <systemd/sd-bus.h>

namespace lakebed {
namespace {

// PID 1 answers nothing while it reloads (0.6 s with 500 units, minutes on a machine in trouble).
constexpr std::uint64_t kCallTimeout = 90'000'000;

struct BusFailure { // an sd_bus_error, freed with its owner
    sd_bus_error error = SD_BUS_ERROR_NULL;
    BusFailure() = default;
    BusFailure(const BusFailure&) = delete;
    BusFailure& operator=(const BusFailure&) = delete;
    ~BusFailure() { sd_bus_error_free(&error); }
    [[nodiscard]] tl::unexpected<Error> failure(std::string_view what, int r) const {
        return tl::unexpected<Error>(bus_error(what, error.name, error.message, r));
    }
};

BusMessagePtr new_call(sd_bus* bus, const std::string& path, const char* interface,
                       const char* method) {
    sd_bus_message* raw = nullptr;
    sd_bus_message_new_method_call(bus, &raw, kSystemdName, path.c_str(), interface, method);
    return BusMessagePtr(raw);
}

Result<BusMessagePtr> send(sd_bus* bus, const BusMessagePtr& call, std::string_view what) {
    if (call == nullptr) return fail_errno(what, ENOTCONN);
    BusFailure failed;
    sd_bus_message* reply = nullptr;
    int r = sd_bus_call(bus, call.get(), kCallTimeout, &failed.error, &reply);
    if (r < 0) return failed.failure(what, r);
    return BusMessagePtr(reply);
}

std::uint64_t monotonic_usec() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 +
           static_cast<std::uint64_t>(now.tv_nsec) / 1000;
}

int on_job_removed(sd_bus_message* message, void* userdata, sd_bus_error*) {
    std::uint32_t id = 0;
    const char* job = nullptr;
    const char* unit = nullptr;
    const char* result = nullptr;
    if (sd_bus_message_read(message, "uoss", &id, &job, &unit, &result) >= 0)
        (*static_cast<std::map<std::string, std::string>*>(userdata))[job] = result;
    return 0;
}

std::string verb_of(std::string_view method) {
    if (method == "StartUnit") return "start";
    return method == "StopUnit" ? "stop" : "restart";
}

} // namespace

SystemdManager::SystemdManager(ManagerBus bus)
    : ended_(std::make_unique<std::map<std::string, std::string>>()), bus_(std::move(bus)) {}

Result<SystemdManager> SystemdManager::connect() {
    SystemdManager manager(TRY(open_manager_bus()));
    BusMessagePtr call =
        new_call(manager.bus_.bus.get(), kManagerPath, kManagerInterface, "Subscribe");
    TRY(send(manager.bus_.bus.get(), call, "cannot talk to systemd"));
    // Before any job: over the bus a match that comes later would miss the end of a quick one.
    sd_bus_slot* raw = nullptr;
    int r = sd_bus_match_signal(
        manager.bus_.bus.get(), &raw, manager.bus_.direct ? nullptr : kSystemdName, kManagerPath,
        kManagerInterface, "JobRemoved", on_job_removed, manager.ended_.get());
    if (r < 0) return fail_errno("cannot watch systemd's jobs", -r);
    manager.watch_.reset(raw);
    return manager;
}

Result<std::string> SystemdManager::wait_for_job(const std::string& job, Duration timeout) {
    std::uint64_t deadline = monotonic_usec() + static_cast<std::uint64_t>(timeout.count());
    while (true) {
        if (auto found = ended_->find(job); found != ended_->end()) return found->second;
        int r = sd_bus_process(bus_.bus.get(), nullptr);
        if (r < 0) return fail_errno("the connection to systemd broke", -r);
        if (r > 0) continue;
        std::uint64_t now = monotonic_usec();
        if (now >= deadline) return std::string("timeout of the wait");
        r = sd_bus_wait(bus_.bus.get(), deadline - now);
        if (r < 0 && r != -EINTR) return fail_errno("the connection to systemd broke", -r);
    }
}

Result<void> SystemdManager::run_job(const char* method, const std::string& unit,
                                     Duration timeout) {
    std::string what = fmt::format("cannot {} {}", verb_of(method), unit);
    ended_->clear();
    BusMessagePtr call = new_call(bus_.bus.get(), kManagerPath, kManagerInterface, method);
    if (call == nullptr || sd_bus_message_append(call.get(), "ss", unit.c_str(), "replace") < 0)
        return fail_errno(what, ENOTCONN);
    BusMessagePtr reply = TRY(send(bus_.bus.get(), call, what));
    const char* job = nullptr;
    if (int r = sd_bus_message_read(reply.get(), "o", &job); r < 0) return fail_errno(what, -r);
    std::string result = TRY(wait_for_job(job, timeout).context(what));
    if (result == "done" || result == "skipped") return {};
    if (result == "timeout of the wait")
        return fail(Errc::temporary,
                    fmt::format("{}: not done after {}; it goes on", what, to_string(timeout)),
                    fmt::format("look at it with: systemctl status {}", unit));
    std::string why = fmt::format("the job ended with \"{}\"", result);
    if (Result<UnitProperties> now = this->unit(unit); now && now->result != "success")
        why += fmt::format(", result of the unit: {}", now->result.empty() ? "none" : now->result);
    return fail(fmt::format("{}: {}", what, why),
                fmt::format("read its log with: journalctl -u {} -n 50", unit));
}

Result<void> SystemdManager::start_unit(const std::string& unit, Duration timeout) {
    return run_job("StartUnit", unit, timeout);
}
Result<void> SystemdManager::stop_unit(const std::string& unit, Duration timeout) {
    return run_job("StopUnit", unit, timeout);
}
Result<void> SystemdManager::restart_unit(const std::string& unit, Duration timeout) {
    return run_job("RestartUnit", unit, timeout);
}

Result<void> SystemdManager::queue_start(const std::string& unit) {
    std::string what = "cannot start " + unit;
    BusMessagePtr call = new_call(bus_.bus.get(), kManagerPath, kManagerInterface, "StartUnit");
    if (call == nullptr || sd_bus_message_append(call.get(), "ss", unit.c_str(), "fail") < 0)
        return fail_errno(what, ENOTCONN);
    TRY(send(bus_.bus.get(), call, what));
    return {};
}

Result<void> SystemdManager::daemon_reload() {
    TRY(send(bus_.bus.get(), new_call(bus_.bus.get(), kManagerPath, kManagerInterface, "Reload"),
             "cannot reload the unit files"));
    return {};
}

Result<void> SystemdManager::change_unit_file(const char* method, const std::string& unit) {
    bool enable = std::string_view(method) == "EnableUnitFiles";
    std::string what = fmt::format("cannot {} {}", enable ? "enable" : "disable", unit);
    BusMessagePtr call = new_call(bus_.bus.get(), kManagerPath, kManagerInterface, method);
    int r = call == nullptr ? -ENOTCONN : sd_bus_message_append(call.get(), "as", 1, unit.c_str());
    if (r >= 0)
        r = enable ? sd_bus_message_append(call.get(), "bb", 0, 0)
                   : sd_bus_message_append(call.get(), "b", 0);
    if (r < 0) return fail_errno(what, -r);
    TRY(send(bus_.bus.get(), call, what));
    return daemon_reload();
}

Result<void> SystemdManager::enable_unit(const std::string& unit) {
    return change_unit_file("EnableUnitFiles", unit);
}
Result<void> SystemdManager::disable_unit(const std::string& unit) {
    return change_unit_file("DisableUnitFiles", unit);
}

Result<void> SystemdManager::reset_failed(const std::string& unit) {
    TRY(call_with_strings("cannot reset the failed state of " + unit, "ResetFailedUnit", {unit}));
    return {};
}

Result<BusMessagePtr> SystemdManager::call_with_strings(std::string_view what, const char* method,
                                                        const std::vector<std::string>& strings) {
    BusMessagePtr call = new_call(bus_.bus.get(), kManagerPath, kManagerInterface, method);
    if (call == nullptr) return fail_errno(what, ENOTCONN);
    for (const std::string& text : strings)
        if (int r = sd_bus_message_append(call.get(), "s", text.c_str()); r < 0)
            return fail_errno(what, -r);
    return send(bus_.bus.get(), call, what);
}

Result<std::vector<UnitStatus>>
SystemdManager::list_units(const std::vector<std::string>& patterns) {
    constexpr std::string_view kWhat = "cannot list the units";
    BusMessagePtr call =
        new_call(bus_.bus.get(), kManagerPath, kManagerInterface, "ListUnitsByPatterns");
    int r = call == nullptr ? -ENOTCONN : sd_bus_message_append(call.get(), "as", 0);
    if (r >= 0) r = sd_bus_message_open_container(call.get(), 'a', "s");
    for (const std::string& pattern : patterns)
        if (r >= 0) r = sd_bus_message_append(call.get(), "s", pattern.c_str());
    if (r >= 0) r = sd_bus_message_close_container(call.get());
    if (r < 0) return fail_errno(kWhat, -r);
    BusMessagePtr reply = TRY(send(bus_.bus.get(), call, kWhat));
    std::vector<UnitStatus> units;
    r = sd_bus_message_enter_container(reply.get(), 'a', "(ssssssouso)");
    while (r >= 0) {
        const char *name, *description, *load, *active, *sub, *following, *path, *job, *job_path;
        std::uint32_t job_id = 0;
        r = sd_bus_message_read(reply.get(), "(ssssssouso)", &name, &description, &load, &active,
                                &sub, &following, &path, &job_id, &job, &job_path);
        if (r <= 0) break;
        units.push_back({name, description, load, active, sub, job});
    }
    if (r < 0) return fail_errno(kWhat, -r);
    return units;
}

Result<UnitProperties> SystemdManager::unit(const std::string& unit) {
    std::string what = "cannot read the state of " + unit;
    BusMessagePtr call =
        new_call(bus_.bus.get(), unit_path(unit), "org.freedesktop.DBus.Properties", "GetAll");
    if (call == nullptr || sd_bus_message_append(call.get(), "s", "") < 0)
        return fail_errno(what, EINVAL);
    BusMessagePtr reply = TRY(send(bus_.bus.get(), call, what));
    UnitProperties properties;
    if (int r = read_unit_properties(reply.get(), properties); r < 0) return fail_errno(what, -r);
    return properties;
}

Result<std::string> SystemdManager::system_state() {
    BusFailure failed;
    char* raw = nullptr;
    int r = sd_bus_get_property_string(bus_.bus.get(), kSystemdName, kManagerPath,
                                       kManagerInterface, "SystemState", &failed.error, &raw);
    if (r < 0) return failed.failure("cannot read the state of the system", r);
    std::string state = raw;
    std::free(raw);
    return state;
}

} // namespace lakebed
