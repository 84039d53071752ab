// PortHolder: who listens on a TCP port of this machine.
#pragma once

#include <cstdint>
#include <string>

namespace lakebed {

using Port = std::uint16_t;

struct PortHolder {
    Port port = 0;
    std::string address; // that it listens on
    int pid = 0;         // 0: not visible to us
    std::string program;
    std::string unit; // systemd unit of the process, from its cgroup; may be empty
    bool operator==(const PortHolder&) const = default;
};

} // namespace lakebed
