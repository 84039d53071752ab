// UnitProperties: what systemd knows of one unit, from one GetAll over all its interfaces.
#pragma once

#include <cstdint>
#include <string>

struct sd_bus_message;

namespace lakebed {

struct UnitProperties {
    std::string id;           // its name; differs from the one asked for when that is an alias
    std::string load_state;   // loaded | not-found | masked | error …
    std::string active_state; // active | reloading | inactive | failed | activating | deactivating
    std::string sub_state;    // running | exited | auto-restart | start-post …
    std::string unit_file_state; // enabled | disabled | static …; empty: no file
    std::string invocation_id;   // hex; empty when the unit never ran or was reset
    std::uint32_t job_id = 0;    // 0: none
    bool need_daemon_reload = false;
    std::string control_group;
    std::uint64_t active_enter = 0;   // CLOCK_MONOTONIC, 0: never in this boot
    std::uint64_t inactive_exit = 0;  // the same
    std::uint64_t inactive_enter = 0; // the same
    // Services only; empty or 0 for others.
    std::string result;      // success | exit-code | signal | watchdog | timeout | oom-kill …
    std::string status_text; // the last STATUS=
    int exec_main_code = 0;  // si_code: CLD_EXITED, CLD_KILLED, CLD_DUMPED
    int exec_main_status = 0;
    std::uint32_t main_pid = 0;
    std::uint32_t n_restarts = 0;
    bool operator==(const UnitProperties&) const = default;
};

// Reads an a{sv} with properties of any interface; the rest are skipped. Negative errno on error.
int read_unit_properties(sd_bus_message* message, UnitProperties& into);

} // namespace lakebed
