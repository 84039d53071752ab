// Shares of the memory budget: proportional to weight, within bounds, never more than there is.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/quantity.h"
#include "base/result.h"
#include "input/profile.h"

namespace lakebed {

struct MemoryClaim {
    std::string service;
    double share = 0;
    ByteSize min;
    ByteSize max;                  // 0: no upper bound
    std::optional<ByteSize> fixed; // the operator's own figure
    int count = 1;                 // instances, each with this claim
    bool operator==(const MemoryClaim&) const = default;
};

// One size for each claim (for each of its instances), whole MiB where the bounds allow. The sum
// never exceeds `budget`; when not even the least that everyone needs fits, the Error says how much
// is missing and what to lower.
[[nodiscard]] Result<std::vector<ByteSize>> share_memory(const std::vector<MemoryClaim>& claims,
                                                         ByteSize budget);

// MiB of each part, by name; an Error when the parts are more than `whole`.
[[nodiscard]] Result<std::map<std::string, std::uint64_t>>
split_memory(const std::vector<MemoryPart>& parts, ByteSize whole);

} // namespace lakebed
