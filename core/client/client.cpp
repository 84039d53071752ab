#include "client/client.h"

#include <cerrno>
#include <string_view>

#include <systemd/sd-bus.h>
#include <systemd/sd-daemon.h>
#include <time.h>

namespace lakebed {
namespace {

// lakebedd answers from memory; more than this means that it is stuck.
constexpr std::uint64_t kCallTimeout = 10'000'000;
constexpr std::uint64_t kMaxPause = 500'000;

std::uint64_t monotonic_usec() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 +
           static_cast<std::uint64_t>(now.tv_nsec) / 1000;
}

Error call_error(std::string_view what, const sd_bus_error& error, int r) {
    if (sd_bus_error_has_name(&error, SD_BUS_ERROR_SERVICE_UNKNOWN) != 0 ||
        sd_bus_error_has_name(&error, SD_BUS_ERROR_NAME_HAS_NO_OWNER) != 0)
        return {Errc::not_found, "lakebedd is not running", "systemctl start lakebedd"};
    if (sd_bus_error_has_name(&error, SD_BUS_ERROR_NO_REPLY) != 0 || r == -ETIMEDOUT)
        return {Errc::temporary, std::string(what) + ": lakebedd does not answer",
                "look at it with: systemctl status lakebedd"};
    Error failure = bus_error(what, error.name, error.message, r);
    if (sd_bus_error_has_name(&error, kNoSuchService) != 0) {
        // Its text is a whole sentence with a suggestion.
        failure = {Errc::not_found, error.message, "lakebed status shows all of them"};
    } else if (failure.code == Errc::refused) {
        failure.hint = "run it as root or as a member of group lakebed";
    }
    return failure;
}

int note_signal(sd_bus_message*, void*, sd_bus_error*) {
    return 0;
} // waking up is all we want

Result<std::string> read_string(sd_bus* bus, const char* name) {
    sd_bus_error error = SD_BUS_ERROR_NULL;
    char* raw = nullptr;
    int r = sd_bus_get_property_string(bus, kSupervisorName, kSupervisorPath, kSupervisorName, name,
                                       &error, &raw);
    if (r < 0) {
        Error failure = call_error("cannot ask lakebedd", error, r);
        sd_bus_error_free(&error);
        return tl::unexpected<Error>(std::move(failure));
    }
    std::string text = raw;
    std::free(raw);
    return text;
}

template <class T> Result<T> read_trivial(sd_bus* bus, const char* name, char type) {
    sd_bus_error error = SD_BUS_ERROR_NULL;
    T value{};
    int r = sd_bus_get_property_trivial(bus, kSupervisorName, kSupervisorPath, kSupervisorName,
                                        name, &error, type, &value);
    if (r < 0) {
        Error failure = call_error("cannot ask lakebedd", error, r);
        sd_bus_error_free(&error);
        return tl::unexpected<Error>(std::move(failure));
    }
    return value;
}

} // namespace

Result<Client> Client::connect() {
    if (sd_booted() <= 0)
        return fail("systemd is not running here: /run/systemd/system does not exist",
                    "lakebed needs a machine that was booted with systemd");
    Result<BusPtr> bus = open_system_bus();
    if (!bus) {
        bus.error().hint = "lakebedd answers on the system bus: systemctl start dbus";
        return tl::unexpected<Error>(std::move(bus).error());
    }
    Client client(std::move(*bus));
    sd_bus_slot* raw = nullptr;
    int r = sd_bus_match_signal(client.bus_.get(), &raw, kSupervisorName, kSupervisorPath,
                                kSupervisorName, "ServiceChanged", note_signal, nullptr);
    if (r < 0) return fail_errno("cannot watch lakebedd's signals", -r);
    client.watch_.reset(raw);
    TRY(read_string(client.bus_.get(), "Version")); // is it there?
    return client;
}

Result<BusMessagePtr> Client::call(const char* method, const std::string* name,
                                   std::string_view what) {
    sd_bus_message* raw = nullptr;
    int r = sd_bus_message_new_method_call(bus_.get(), &raw, kSupervisorName, kSupervisorPath,
                                           kSupervisorName, method);
    BusMessagePtr message(raw);
    if (r >= 0) r = sd_bus_message_set_auto_start(raw, 0);
    if (r >= 0 && name != nullptr) r = sd_bus_message_append(raw, "s", name->c_str());
    if (r < 0) return fail_errno(what, -r);
    sd_bus_error error = SD_BUS_ERROR_NULL;
    sd_bus_message* reply = nullptr;
    r = sd_bus_call(bus_.get(), raw, kCallTimeout, &error, &reply);
    if (r >= 0) return BusMessagePtr(reply);
    Error failure = call_error(what, error, r);
    sd_bus_error_free(&error);
    return tl::unexpected<Error>(std::move(failure));
}

Result<std::vector<ServiceStatus>> Client::list_services() {
    constexpr std::string_view kWhat = "cannot list the services";
    BusMessagePtr reply = TRY(call("ListServices", nullptr, kWhat));
    std::vector<ServiceStatus> services;
    int r = sd_bus_message_enter_container(reply.get(), 'a', kServiceList + 1);
    for (ServiceStatus service; r >= 0 && (r = read_service(reply.get(), service)) > 0;)
        services.push_back(service);
    if (r < 0)
        return fail(
            "cannot list the services: this lakebed and the running lakebedd differ in version",
            "systemctl restart lakebedd; the services go on running");
    return services;
}

Result<SupervisorInfo> Client::info() {
    sd_bus* bus = bus_.get();
    return SupervisorInfo{
        .site = TRY(read_string(bus, "Site")),
        .site_id = TRY(read_string(bus, "SiteId")),
        .generation = TRY(read_trivial<std::uint32_t>(bus, "Generation", 'u')),
        .version = TRY(read_string(bus, "Version")),
        .target_active = TRY(read_trivial<int>(bus, "TargetActive", 'b')) != 0,
        .ready = TRY(read_trivial<int>(bus, "Ready", 'b')) != 0,
        .problem = TRY(read_string(bus, "Problem")),
    };
}

Result<void> Client::start(const std::string& name) {
    TRY(call("Start", &name, "cannot start " + name));
    return {};
}
Result<void> Client::stop(const std::string& name) {
    TRY(call("Stop", &name, "cannot stop " + name));
    return {};
}
Result<void> Client::restart(const std::string& name) {
    TRY(call("Restart", &name, "cannot restart " + name));
    return {};
}
Result<void> Client::hold(const std::string& name) {
    TRY(call("Hold", &name, "cannot hold " + name));
    return {};
}
Result<void> Client::release(const std::string& name) {
    TRY(call("Release", &name, "cannot release " + name));
    return {};
}
Result<void> Client::reload() {
    TRY(call("Reload", nullptr, "cannot make lakebedd read its graph"));
    return {};
}

Result<bool> Client::wait(const std::function<Result<bool>()>& done, Duration timeout) {
    std::uint64_t deadline = monotonic_usec() + static_cast<std::uint64_t>(timeout.count());
    while (true) {
        int r = 0;
        while ((r = sd_bus_process(bus_.get(), nullptr)) > 0) {
        }
        if (r < 0) return fail_errno("the connection to the system bus broke", -r);
        if (TRY(done())) return true;
        std::uint64_t now = monotonic_usec();
        if (now >= deadline) return false;
        r = sd_bus_wait(bus_.get(), std::min(deadline - now, kMaxPause));
        if (r < 0 && r != -EINTR) return fail_errno("the connection to the system bus broke", -r);
    }
}

} // namespace lakebed
