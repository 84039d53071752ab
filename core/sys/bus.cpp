#include "sys/bus.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <unistd.h>

#include <fmt/format.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-daemon.h>

namespace lakebed {
namespace {

constexpr const char* kPrivateSocket = "/run/systemd/private";

Result<BusPtr> open_private_socket() {
    sd_bus* raw = nullptr;
    int r = sd_bus_new(&raw);
    if (r < 0) return fail_errno("cannot make a bus connection", -r);
    BusPtr bus(raw);
    r = sd_bus_set_address(raw, (std::string("unix:path=") + kPrivateSocket).c_str());
    if (r >= 0) r = sd_bus_start(raw);
    if (r < 0) return fail_errno(std::string("cannot connect to ") + kPrivateSocket, -r);
    return bus;
}

} // namespace

void BusDeleter::operator()(sd_bus* bus) const noexcept {
    sd_bus_flush_close_unref(bus);
}
void BusMessageDeleter::operator()(sd_bus_message* message) const noexcept {
    sd_bus_message_unref(message);
}
void BusSlotDeleter::operator()(sd_bus_slot* slot) const noexcept {
    sd_bus_slot_unref(slot);
}

Result<BusPtr> open_system_bus() {
    sd_bus* raw = nullptr;
    int r = sd_bus_open_system(&raw);
    if (r < 0) return fail_errno("cannot connect to the system bus", -r);
    return BusPtr(raw);
}

Result<ManagerBus> open_manager_bus() {
    if (sd_booted() <= 0)
        return fail("systemd is not running here: /run/systemd/system does not exist",
                    "lakebed needs a machine that was booted with systemd");
    if (::geteuid() == 0)
        if (Result<BusPtr> direct = open_private_socket())
            return ManagerBus{.bus = std::move(*direct), .direct = true};
    return ManagerBus{.bus = TRY(open_system_bus().context("cannot reach systemd")),
                      .direct = false};
}

Error bus_error(std::string_view what, const char* name, const char* text, int error) {
    std::string reason =
        text != nullptr && *text != '\0' ? text : errno_text(error < 0 ? -error : error);
    while (!reason.empty() && reason.back() == '.') reason.pop_back();
    Error failure{Errc::failed, fmt::format("{}: {}", what, reason), {}};
    std::string_view kind = name == nullptr ? "" : name;
    if (kind == SD_BUS_ERROR_ACCESS_DENIED ||
        kind == SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED) {
        failure.code = Errc::refused;
        failure.hint = "run it as root";
    } else if (kind == SD_BUS_ERROR_NO_REPLY || kind == SD_BUS_ERROR_DISCONNECTED) {
        failure.code = Errc::temporary;
    } else if (kind.ends_with(".NoSuchUnit")) {
        failure.code = Errc::not_found;
    }
    return failure;
}

std::string unit_path(const std::string& unit) {
    char* path = nullptr;
    if (sd_bus_path_encode(kUnitPrefix, unit.c_str(), &path) < 0) return {};
    std::string result = path;
    std::free(path);
    return result;
}

std::string unit_of_path(const char* path) {
    char* name = nullptr;
    if (path == nullptr || sd_bus_path_decode(path, kUnitPrefix, &name) <= 0) return {};
    std::string result = name;
    std::free(name);
    return result;
}

} // namespace lakebed
