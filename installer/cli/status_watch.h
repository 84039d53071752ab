// status_watch: `lakebed status --watch`, the state of the services until somebody has seen enough.
#pragma once

#include <vector>

#include "cli/command.h"
#include "model/service_graph.h"

namespace lakebed {

// Draws the table again at each change on a terminal; elsewhere it prints a line for each change.
// Goes on over a restart of lakebedd. Ends when the run is cancelled or its reader is gone.
[[nodiscard]] Result<int> watch_status(Context& context, const ServiceGraph& graph,
                                       const std::vector<const GraphNode*>& nodes,
                                       const std::vector<const NotConfigured*>& left_out);

} // namespace lakebed
