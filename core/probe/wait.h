// wait_until_ready: tries a probe until the service serves, for a unit's ExecStartPost.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "probe/probe.h"

namespace lakebed {

struct WaitOptions {
    ProbeSpec probe;
    ProbeSecrets secrets;
    Duration start_timeout = std::chrono::seconds(90); // the unit's TimeoutStartSec
    int main_pid = 0;                                  // of the service; 0: not known, by hand
    std::function<void(std::string_view)> notify;      // lines for systemd: STATUS=, EXTEND_…
};

enum class WaitEnd {
    ready,
    stopped, // by SIGTERM: an operator's stop, which must not end as a failure
};

// Ends when the service is ready, when its main process ends (systemd itself would go on waiting
// for us), on SIGTERM, on an outcome that waiting cannot cure, or a little before systemd's own
// time limit, so that the reason is told. Progress (recovery, loading) moves that limit. SIGTERM
// must be blocked by the caller, as early as it can.
[[nodiscard]] Result<WaitEnd> wait_until_ready(const WaitOptions& options);

} // namespace lakebed
