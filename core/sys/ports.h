// Who listens on which TCP port.
#pragma once

#include <vector>

#include "base/port_holder.h"
#include "base/result.h"

namespace lakebed {

// Who listens on these TCP ports in our network namespace. Another user's process is named to root
// with CAP_SYS_PTRACE only.
[[nodiscard]] Result<std::vector<PortHolder>> read_port_holders(const std::vector<Port>& ports);

} // namespace lakebed
