#include "driver/refresh_queue.h"

namespace lakebed {

bool RefreshQueue::want(const std::string& unit) {
    auto [entry, added] = under_way_.try_emplace(unit, false);
    if (!added) entry->second = true;
    return added;
}

bool RefreshQueue::done(const std::string& unit) {
    auto entry = under_way_.find(unit);
    if (entry == under_way_.end()) return false;
    if (entry->second) {
        entry->second = false;
        return true;
    }
    under_way_.erase(entry);
    return false;
}

} // namespace lakebed
