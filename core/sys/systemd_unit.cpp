#include "sys/systemd_unit.h"

#include <string_view>
#include <variant>

#include <systemd/sd-bus.h>

namespace lakebed {
namespace {

using Target = std::variant<std::string*, int*, std::uint32_t*, std::uint64_t*, bool*>;
struct Wanted {
    std::string_view name;
    Target target;
};

int read_variant(sd_bus_message* message, const Target& target) {
    if (auto* const* text = std::get_if<std::string*>(&target)) {
        const char* value = nullptr;
        int r = sd_bus_message_read(message, "v", "s", &value);
        if (r >= 0) **text = value;
        return r;
    }
    if (auto* const* number = std::get_if<int*>(&target)) {
        std::int32_t value = 0;
        int r = sd_bus_message_read(message, "v", "i", &value);
        if (r >= 0) **number = value;
        return r;
    }
    if (auto* const* number = std::get_if<std::uint32_t*>(&target))
        return sd_bus_message_read(message, "v", "u", *number);
    if (auto* const* number = std::get_if<std::uint64_t*>(&target))
        return sd_bus_message_read(message, "v", "t", *number);
    int value = 0;
    int r = sd_bus_message_read(message, "v", "b", &value);
    if (r >= 0) *std::get<bool*>(target) = value != 0;
    return r;
}

int read_invocation(sd_bus_message* message, std::string& into) {
    int r = sd_bus_message_enter_container(message, 'v', "ay");
    if (r < 0) return r;
    const void* bytes = nullptr;
    std::size_t size = 0;
    r = sd_bus_message_read_array(message, 'y', &bytes, &size);
    if (r < 0) return r;
    into.clear();
    for (std::size_t i = 0; i < size; ++i) {
        constexpr char kDigits[] = "0123456789abcdef";
        auto byte = static_cast<const unsigned char*>(bytes)[i];
        into += kDigits[byte >> 4];
        into += kDigits[byte & 15];
    }
    return sd_bus_message_exit_container(message);
}

int read_job(sd_bus_message* message, std::uint32_t& into) {
    const char* path = nullptr;
    int r = sd_bus_message_enter_container(message, 'v', "(uo)");
    if (r >= 0) r = sd_bus_message_read(message, "(uo)", &into, &path);
    return r < 0 ? r : sd_bus_message_exit_container(message);
}

} // namespace

int read_unit_properties(sd_bus_message* message, UnitProperties& into) {
    const Wanted wanted[] = {
        {"Id", &into.id},
        {"LoadState", &into.load_state},
        {"ActiveState", &into.active_state},
        {"SubState", &into.sub_state},
        {"UnitFileState", &into.unit_file_state},
        {"NeedDaemonReload", &into.need_daemon_reload},
        {"ControlGroup", &into.control_group},
        {"ActiveEnterTimestampMonotonic", &into.active_enter},
        {"InactiveExitTimestampMonotonic", &into.inactive_exit},
        {"InactiveEnterTimestampMonotonic", &into.inactive_enter},
        {"Result", &into.result},
        {"StatusText", &into.status_text},
        {"ExecMainCode", &into.exec_main_code},
        {"ExecMainStatus", &into.exec_main_status},
        {"MainPID", &into.main_pid},
        {"NRestarts", &into.n_restarts},
    };
    int r = sd_bus_message_enter_container(message, 'a', "{sv}");
    if (r < 0) return r;
    while ((r = sd_bus_message_enter_container(message, 'e', "sv")) > 0) {
        const char* name = nullptr;
        if ((r = sd_bus_message_read(message, "s", &name)) < 0) return r;
        const Wanted* found = nullptr;
        for (const Wanted& candidate : wanted)
            if (candidate.name == name) found = &candidate;
        if (found != nullptr)
            r = read_variant(message, found->target);
        else if (std::string_view(name) == "InvocationID")
            r = read_invocation(message, into.invocation_id);
        else if (std::string_view(name) == "Job")
            r = read_job(message, into.job_id);
        else
            r = sd_bus_message_skip(message, "v");
        if (r < 0 || (r = sd_bus_message_exit_container(message)) < 0) return r;
    }
    return r < 0 ? r : sd_bus_message_exit_container(message);
}

} // namespace lakebed
