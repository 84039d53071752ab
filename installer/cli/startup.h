// startup: a StartupReport as people and programs read it.
#pragma once

#include <string>
#include <vector>

#include "model/startup.h"
#include "sys/supervisor_api.h"

namespace lakebed {

[[nodiscard]] std::vector<StartSpan> start_spans(const std::vector<ServiceStatus>& services);

// One line a service, drawn over the time of the whole start, and the sums. Lines are `width` wide
// where the names leave room for it.
[[nodiscard]] std::string startup_text(const StartupReport& report, int width);

// total_s, critical_path_s, ideal_s, critical_path, services, not_counted; times in seconds.
[[nodiscard]] Table startup_document(const StartupReport& report);

} // namespace lakebed
