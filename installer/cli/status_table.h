// status_table: the services as `lakebed status` prints them.
#pragma once

#include <string>
#include <vector>

#include "model/service_graph.h"
#include "sys/supervisor_api.h"

namespace lakebed {

// A header and a line for each service, then those that are left out; states painted when `color`.
[[nodiscard]] std::string status_table(const ServiceGraph& graph,
                                       const std::vector<ServiceStatus>& services,
                                       const std::vector<const NotConfigured*>& left_out,
                                       bool color);

} // namespace lakebed
