// stack_status: how each service is, from lakebedd or, without it, from systemd alone.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "model/service_graph.h"
#include "sys/supervisor_api.h"

namespace lakebed {

struct StackStatus {
    bool from_lakebedd = false;
    std::vector<ServiceStatus> services;
    std::vector<ServiceStatus> guards; // resource guards, which only lakebedd checks
};

// Of the current generation; Errc::not_found when nothing has been applied.
[[nodiscard]] Result<ServiceGraph> read_current_graph(const Context& context);
[[nodiscard]] Result<std::string> read_generation_file(const Context& context,
                                                       std::string_view name);

// The same; but when the file cannot be read and lakebedd goes on with what it knows, that: names,
// units and titles.
[[nodiscard]] Result<ServiceGraph> read_graph_in_force(const Context& context);

[[nodiscard]] Result<StackStatus> read_status(const ServiceGraph& graph);

// Names as people type them, checked against the graph; none: all. Errc::not_found with a
// suggestion.
[[nodiscard]] Result<std::vector<const GraphNode*>>
select_services(const ServiceGraph& graph, const std::vector<std::string>& names);

// Waits until all of `names` (none: all) are ready, showing on the way what waits for what.
// Errc::temporary when `timeout` is over or the wait was interrupted, with the reason of each
// service that is not ready.
[[nodiscard]] Result<void> wait_until_ready(Context& context, const ServiceGraph& graph,
                                            const std::vector<std::string>& names,
                                            Duration timeout);

// "not ready: the disk of /data is nearly full: 212 MiB free, 512 MiB needed"; empty for one that
// is fine and has nothing to say.
[[nodiscard]] std::string guard_line(const ServiceStatus& guard);
[[nodiscard]] Table guard_row(const ServiceStatus& guard);
// A guard without which `node` is not started, and why; nullptr when there is none.
[[nodiscard]] const ServiceStatus* missing_guard(const StackStatus& status, const GraphNode& node);

[[nodiscard]] bool is_ready(const ServiceStatus& service);
// "backing_off" as people read it: "backing off".
[[nodiscard]] std::string state_words(const ServiceStatus& service);
// Why it is so, without what the state says already: "waiting for postgres"; may be empty.
[[nodiscard]] std::string reason_words(const ServiceStatus& service);
// Both in one: "slow lane: ended with exit status 1; …".
[[nodiscard]] std::string state_line(const ServiceStatus& service);
[[nodiscard]] Color state_color(const ServiceStatus& service);
[[nodiscard]] Table status_row(const ServiceStatus& service, const GraphNode* node);

} // namespace lakebed
