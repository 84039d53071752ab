#include "driver/status.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/suggest.h"
#include "engine/explain.h"

namespace lakebed {
namespace {

const NodeState& node_state(const SupervisorState& state, const std::string& unit) {
    static const NodeState kNone;
    auto found = state.nodes.find(unit);
    return found == state.nodes.end() ? kNone : found->second;
}

// Names from a node to the root of its trouble.
std::string path_of(const SupervisorState& state, const GraphNode& node) {
    std::string names;
    for (const std::string& unit : why_path(state, node.unit))
        if (const GraphNode* step = find_node(state.graph, unit))
            names += (names.empty() ? "" : " ") + step->name;
    return names;
}

} // namespace

std::uint32_t spent_within(const std::vector<TimePoint>& restarts, Duration window,
                           TimePoint moment) {
    return static_cast<std::uint32_t>(std::ranges::count_if(
        restarts, [&](TimePoint restart) { return restart + window > moment; }));
}

ServiceStatus service_status(const SupervisorState& state, const GraphNode& node, TimePoint moment,
                             std::chrono::microseconds wall_minus_boot) {
    const NodeState& now = node_state(state, node.unit);
    auto wall = [&](const std::optional<TimePoint>& at) -> std::uint64_t {
        if (!at) return 0;
        auto usec = (at->time_since_epoch() + wall_minus_boot).count();
        return usec > 0 ? static_cast<std::uint64_t>(usec) : 0;
    };
    // systemd's own times of this start: ours begin anew when lakebedd adopts what runs.
    const bool is_up = now.ready_at && now.unit.began && now.unit.became_active &&
                       *now.unit.began <= *now.unit.became_active;
    std::string needs;
    for (const Need& need : node.needs) {
        const GraphNode* needed = find_node(state.graph, need.unit);
        if (!needs.empty()) needs += ' ';
        needs += needed == nullptr ? need.unit : needed->name;
    }
    ServiceStatus status{
        .name = node.name,
        .unit = node.unit,
        .kind = std::string(to_string(node.kind)),
        .title = node.title,
        .state = std::string(to_string(now.state)),
        .sentence = now.reason,
        .active = now.unit.active_state,
        .since = wall(now.since),
        .cause = std::string(to_string(Cause::none)),
        .invocation = now.unit.invocation_id,
        .restarts = now.restarts_total,
        .systemd_restarts = now.unit.n_restarts,
        .retry_at = wall(now.retry_at),
        .queued_at = wall(now.queued_at),
        .started_at = wall(is_up ? now.unit.began : now.started_at),
        .ready_at = wall(is_up ? now.unit.became_active : now.ready_at),
        .needs = needs,
        .main_pid = static_cast<std::uint32_t>(std::max(now.unit.main_pid, 0)),
        .hold = now.hold,
    };
    status.path = path_of(state, node);
    status.failures = static_cast<std::uint32_t>(std::max(now.attempts, 0));
    status.spent = spent_within(now.restarts, node.restart.budget_window, moment);
    status.budget = static_cast<std::uint32_t>(std::max(node.restart.budget, 0));
    if (now.last_incident) {
        status.cause = to_string(now.last_incident->cause);
        status.cause_detail = now.last_incident->detail;
        status.cause_at = wall(now.last_incident->at);
    }
    return status;
}

std::vector<ServiceStatus> list_status(const SupervisorState& state, TimePoint moment,
                                       std::chrono::microseconds wall_minus_boot) {
    std::vector<ServiceStatus> services;
    for (const GraphNode& node : state.graph.nodes)
        services.push_back(service_status(state, node, moment, wall_minus_boot));
    return services;
}

bool all_ready(const SupervisorState& state) {
    return !state.graph.nodes.empty() &&
           std::all_of(state.graph.nodes.begin(), state.graph.nodes.end(), [&](const GraphNode& n) {
               return is_guard(n) || node_state(state, n.unit).state == State::ready;
           });
}

std::string summary(const SupervisorState& state) {
    std::size_t ready = 0, units = 0;
    const NodeState* first = nullptr;
    for (const GraphNode& node : state.graph.nodes) {
        const NodeState& now = node_state(state, node.unit);
        if (is_guard(node)) {
            if (now.state != State::ready && !now.reason.empty()) first = &now; // the root of more
            continue;
        }
        ++units;
        if (now.state == State::ready)
            ++ready;
        else if (first == nullptr && !now.reason.empty())
            first = &now;
    }
    std::string text = fmt::format("site {}, generation {}: {} of {} ready", state.graph.site,
                                   state.graph.generation, ready, units);
    if (!state.target_up) return text + "; lakebed.target is down";
    if (state.budget_spent) text += "; the restart budget of the stack is spent";
    if (first != nullptr) text += "; " + first->reason;
    return text;
}

Result<std::string> find_unit(const SupervisorState& state, const std::string& name) {
    if (const GraphNode* node = find_node(state.graph, name)) return node->unit;
    std::vector<std::string> names;
    for (const GraphNode& node : state.graph.nodes) names.push_back(node.name);
    std::string message = fmt::format("there is no service \"{}\"", name);
    if (auto near = closest(name, names)) message += fmt::format(", did you mean \"{}\"?", *near);
    return fail(Errc::not_found, message);
}

} // namespace lakebed
