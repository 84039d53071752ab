// Notify: what a service tells systemd about itself, and what we tell it about another service.
#pragma once

#include <string_view>

#include "base/result.h"

namespace lakebed {

// About ourselves: "READY=1", "STATUS=…". Nothing happens when systemd did not start us.
void notify_systemd(std::string_view assignments);

// In the name of the main process of another unit, for which we must be root: one datagram with
// that pid in SCM_CREDENTIALS. No such process any more is Errc::not_found, a full queue of PID 1
// Errc::temporary. Never by
// sd_pid_notify(), which sends again as ourselves when the pid has just died, and WATCHDOG=trigger
// then kills us.
[[nodiscard]] Result<void> notify_as(int pid, std::string_view assignments);

} // namespace lakebed
