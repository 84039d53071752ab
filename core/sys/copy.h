// copy_contents: the bytes of one open file into another, by the kernel where it can.
#pragma once

#include <cstdint>
#include <functional>

#include "base/result.h"
#include "sys/cancel.h"

namespace lakebed {

// From the start of `from` to its end, whatever its offset, to the current offset of `to`. Returns
// how many bytes; `progress` gets those so far.
[[nodiscard]] Result<std::uint64_t>
copy_contents(int from, int to, const std::function<void(std::uint64_t)>& progress = {},
              const CancelFlag* cancel = nullptr);

} // namespace lakebed
