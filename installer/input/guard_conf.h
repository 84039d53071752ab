// GuardConf: [guards] of a profile or a site file, the marks of the disk guards.
#pragma once

#include <cstdint>
#include <optional>

#include "base/quantity.h"
#include "base/value.h"

namespace lakebed {

struct GuardConf {
    std::optional<ByteSize> min_free;    // less: writers are suspended
    std::optional<ByteSize> resume_free; // as much: they go on
    std::optional<std::int64_t> min_free_inodes;
    bool operator==(const GuardConf&) const = default;
};

[[nodiscard]] GuardConf read_guard_conf(const Value& value, Diagnostics& diagnostics);

} // namespace lakebed
