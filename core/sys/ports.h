// Who listens on which TCP port, and who is at the other end of a connection.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/port_holder.h"
#include "base/result.h"

namespace lakebed {

// Who listens on these TCP ports in our network namespace. Another user's process is named to root
// with CAP_SYS_PTRACE only.
[[nodiscard]] Result<std::vector<PortHolder>> read_port_holders(const std::vector<Port>& ports);

// The user who owns the end `address`:`local` of an established TCP connection to `remote`, in our
// network namespace.
[[nodiscard]] std::optional<std::uint32_t> read_socket_owner(const std::string& address, Port local,
                                                             Port remote);

} // namespace lakebed
