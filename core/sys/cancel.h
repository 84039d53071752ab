// CancelFlag: set by a signal handler or another thread to ask a long operation to stop at its next
// safe point.
#pragma once

#include <atomic>

namespace lakebed {

using CancelFlag = std::atomic<bool>;
static_assert(CancelFlag::is_always_lock_free, "it is set from signal handlers");

[[nodiscard]] inline bool cancelled(const CancelFlag* flag) {
    return flag && flag->load();
}

} // namespace lakebed
