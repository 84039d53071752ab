// Bus: owning handles for sd-bus, and the two ways to reach systemd.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct sd_bus;
struct sd_bus_message;
struct sd_bus_slot;

namespace lakebed {

struct BusDeleter {
    void operator()(sd_bus* bus) const noexcept; // flushes and closes
};
struct BusMessageDeleter {
    void operator()(sd_bus_message* message) const noexcept;
};
struct BusSlotDeleter {
    void operator()(sd_bus_slot* slot) const noexcept;
};
using BusPtr = std::unique_ptr<sd_bus, BusDeleter>;
using BusMessagePtr = std::unique_ptr<sd_bus_message, BusMessageDeleter>;
using BusSlotPtr = std::unique_ptr<sd_bus_slot, BusSlotDeleter>;

struct ManagerBus {
    BusPtr bus;
    bool direct = false; // PID 1's own socket: no bus daemon, no names
};

// PID 1's private socket (root only, half the latency of the bus and alive at poweroff, when the
// bus is gone already), else the system bus.
[[nodiscard]] Result<ManagerBus> open_manager_bus();

[[nodiscard]] Result<BusPtr> open_system_bus();

// Error of a bus call as ours; Errc::temporary when the answer was lost, so that nobody knows
// whether the call was carried out. `name` is the D-Bus error name and may be null, as may `text`.
[[nodiscard]] Error bus_error(std::string_view what, const char* name, const char* text, int error);

// D-Bus names of the systemd manager.
inline constexpr const char* kSystemdName = "org.freedesktop.systemd1";
inline constexpr const char* kManagerPath = "/org/freedesktop/systemd1";
inline constexpr const char* kManagerInterface = "org.freedesktop.systemd1.Manager";
inline constexpr const char* kUnitPrefix = "/org/freedesktop/systemd1/unit";
inline constexpr const char* kJobPrefix = "/org/freedesktop/systemd1/job/";

[[nodiscard]] std::string unit_path(const std::string& unit);
[[nodiscard]] std::string unit_of_path(const char* path); // empty: not the path of a unit

} // namespace lakebed
