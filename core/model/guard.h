// GuardCheck: what a resource guard asks of the machine. A guard is a node of the graph without a
// unit: others need it, and it is ready or not (room on a disk, a clock that can be right, a port
// that is free).
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/quantity.h"
#include "base/value.h"

namespace lakebed {

// Not ready when less than `min_free` is free to services, ready again with `resume_free`.
struct DiskCheck {
    std::string path;
    ByteSize min_free;
    ByteSize resume_free;
    std::uint64_t min_free_inodes = 0; // ready again with a quarter more
    bool operator==(const DiskCheck&) const = default;
};

// Not ready while the clock is before the time the graph file was written. One that is merely not
// synchronised is no reason: hosts without a network have none that is.
struct ClockCheck {
    bool operator==(const ClockCheck&) const = default;
};

// Not ready while anybody but `unit` listens on one of its addresses.
struct PortCheck {
    std::string unit;                   // "lakebed-minio.service"
    std::vector<std::string> addresses; // "127.0.0.1:9000"
    bool operator==(const PortCheck&) const = default;
};

using GuardCheck = std::variant<DiskCheck, ClockCheck, PortCheck>;

[[nodiscard]] GuardCheck read_guard_check(const Value& value, const std::string& path,
                                          Diagnostics& diagnostics);
[[nodiscard]] Table write_guard_check(const GuardCheck& check);

} // namespace lakebed
