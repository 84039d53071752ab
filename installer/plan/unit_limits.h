// UnitLimits: what a unit file allows its processes and what its command line asks for, so that a
// contradiction is found before anything starts.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/diagnostics.h"
#include "base/quantity.h"
#include "plan/desired.h"

namespace lakebed {

struct UnitLimits {
    std::optional<ByteSize> memory_max;
    std::optional<std::uint64_t> open_files; // LimitNOFILE=, the hard one
    // Of the Java command line, as far as it says: the last -Xmx counts, as for java itself.
    ByteSize heap, metaspace, direct;
    bool operator==(const UnitLimits&) const = default;
};

[[nodiscard]] UnitLimits read_unit_limits(std::string_view unit_text);

// Java memory that MemoryMax= does not allow: the kernel would kill the service, not Java refuse.
void check_java_memory(const DesiredUnit& unit, Diagnostics& diagnostics);

// LimitNOFILE= above `most_open_files` of the host (0: not known): systemd takes the most it can
// give and says nothing.
void check_open_files(const std::vector<DesiredUnit>& units, std::uint64_t most_open_files,
                      Diagnostics& diagnostics);

} // namespace lakebed
