// Calls Client and SystemdManager as a program would, for test_lakebedd.py.
#include <cstdio>
#include <string>

#include <fmt/format.h>

#include "client/client.h"
#include "sys/systemd_manager.h"

using namespace lakebed;

namespace {

Result<void> list() {
    Client client = TRY(Client::connect());
    for (const ServiceStatus& service : TRY(client.list_services()))
        fmt::print("{} {} {} restarts={} needs={}\n", service.name, service.state, service.active,
                   service.restarts, service.needs);
    SupervisorInfo info = TRY(client.info());
    fmt::print("site={} generation={} target={} ready={} problem={}\n", info.site, info.generation,
               info.target_active, info.ready, info.problem);
    return {};
}

Result<void> wait_ready(Duration timeout) {
    Client client = TRY(Client::connect());
    auto ready = [&]() -> Result<bool> { return TRY(client.info()).ready; };
    Result<bool> done = client.wait(ready, timeout);
    if (!done) return tl::unexpected<Error>(done.error());
    fmt::print("{}\n", *done ? "ready" : "timeout");
    return {};
}

Result<void> order(const std::string& verb, const std::string& name) {
    Client client = TRY(Client::connect());
    if (verb == "start") return client.start(name);
    if (verb == "stop") return client.stop(name);
    if (verb == "restart") return client.restart(name);
    if (verb == "hold") return client.hold(name);
    return client.release(name);
}

Result<void> unit_order(const std::string& verb, const std::string& unit) {
    SystemdManager manager = TRY(SystemdManager::connect());
    if (verb == "unit-start") return manager.start_unit(unit, std::chrono::seconds(20));
    if (verb == "unit-stop") return manager.stop_unit(unit);
    if (verb == "unit-restart") return manager.restart_unit(unit);
    if (verb == "unit-enable") return manager.enable_unit(unit);
    if (verb == "unit-disable") return manager.disable_unit(unit);
    if (verb == "daemon-reload") return manager.daemon_reload();
    UnitProperties shown = TRY(manager.unit(unit));
    fmt::print("{} {} {} file={} pid={}\n", shown.id, shown.load_state, shown.active_state,
               shown.unit_file_state, shown.main_pid);
    for (const UnitStatus& listed : TRY(manager.list_units({unit})))
        fmt::print("listed {} {} {}\n", listed.name, listed.active_state, listed.sub_state);
    return {};
}

} // namespace

int main(int argc, char** argv) {
    std::string verb = argc > 1 ? argv[1] : "list";
    std::string name = argc > 2 ? argv[2] : "";
    Result<void> done = verb == "list"         ? list()
                        : verb == "wait-ready" ? wait_ready(std::chrono::seconds(15))
                        : verb.starts_with("unit-") || verb == "daemon-reload"
                            ? unit_order(verb, name)
                            : order(verb, name);
    if (done) return 0;
    fmt::print(stderr, "error: {}\n  fix: {}\n", done.error().message, done.error().hint);
    return static_cast<int>(done.error().code);
}
