#include "web/restart_counts.h"

namespace lakebed {

void count_restarts(RestartCounts& counts, const ServiceStatus& service) {
    auto [at, is_new] = counts.try_emplace(service.name);
    RestartCount& count = at->second;
    if (!is_new && service.restarts > count.total) {
        bool has_failed = service.cause_at > count.incident_at;
        count.by_cause[has_failed ? service.cause : "none"] += service.restarts - count.total;
    }
    // An incident counts once its restart has come, which may be much later than it was seen.
    if (is_new || service.restarts != count.total) count.incident_at = service.cause_at;
    count.total = service.restarts;
}

} // namespace lakebed
