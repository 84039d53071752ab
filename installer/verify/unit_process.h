// kill_main_process: SIGKILL to the main process of a unit, and to no other process ever.
#pragma once

#include <string>
#include <string_view>

#include "base/quantity.h"
#include "base/result.h"

namespace lakebed {

// Whether the text of a /proc/PID/cgroup places its process in that unit.
[[nodiscard]] bool is_in_unit(std::string_view cgroup, std::string_view unit);

// Kills by a pidfd that was opened before systemd and the process's cgroup were asked whether it is
// the unit's main process, so a pid that was used again meanwhile cannot be hit. Returns when the
// process is gone.
[[nodiscard]] Result<void> kill_main_process(const std::string& unit);

} // namespace lakebed
