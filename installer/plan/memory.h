// Shares of the memory budget: proportional to weight, within bounds, never more than there is.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/quantity.h"
#include "base/result.h"

namespace lakebed {

struct MemoryClaim {
    std::string service;
    double share = 0;
    ByteSize min;
    ByteSize max;                  // 0: no upper bound
    std::optional<ByteSize> fixed; // the operator's own figure
    bool operator==(const MemoryClaim&) const = default;
};

// One size for each claim, whole MiB where the bounds allow. The sum never exceeds `budget`; when
// not even the least that everyone needs fits, the Error says how much is missing and what to
// lower.
[[nodiscard]] Result<std::vector<ByteSize>> share_memory(const std::vector<MemoryClaim>& claims,
                                                         ByteSize budget);

} // namespace lakebed
