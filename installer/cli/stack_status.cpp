#include "cli/stack_status.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/suggest.h"
#include "client/client.h"
#include "sys/files.h"
#include "sys/systemd_manager.h"

namespace lakebed {
namespace {

// In the unit itself readiness is part of `active` (its ExecStartPost waits for it), so systemd
// alone can tell ready from starting.
ServiceStatus from_systemd(const GraphNode& node, const UnitProperties& unit) {
    ServiceStatus status;
    status.name = node.name;
    status.unit = node.unit;
    status.kind = std::string(to_string(node.kind));
    status.title = node.title;
    status.active = unit.active_state;
    status.invocation = unit.invocation_id;
    status.systemd_restarts = unit.n_restarts;
    status.main_pid = unit.main_pid;
    status.sentence = unit.status_text;
    if (unit.load_state == "not-found") {
        status.state = "stopped";
        status.sentence = "its unit is missing: lakebed apply writes it";
    } else if (unit.active_state == "active" || unit.active_state == "reloading") {
        status.state = "ready";
    } else if (unit.sub_state == "auto-restart") {
        status.state = "backing_off";
        status.sentence = fmt::format("failed ({}); systemd starts it again", unit.result);
    } else if (unit.active_state == "activating") {
        status.state = "starting";
    } else if (unit.active_state == "deactivating") {
        status.state = "stopping";
    } else if (unit.active_state == "failed") {
        status.state = "failed";
        status.sentence = fmt::format("result {}, see lakebed logs {}", unit.result, node.name);
    } else {
        status.state = "stopped";
    }
    for (const Need& need : node.needs)
        status.needs += (status.needs.empty() ? "" : " ") + need.unit;
    return status;
}

} // namespace

Result<std::string> read_generation_file(const Context& context, std::string_view name) {
    auto text = read_file(fmt::format("{}/current/{}", context.paths.state, name));
    if (!text && text.error().code == Errc::not_found)
        return fail(Errc::not_found, "nothing has been applied yet",
                    "lakebed up sets everything up and starts it");
    return text;
}

Result<ServiceGraph> read_current_graph(const Context& context) {
    auto text = TRY(read_generation_file(context, "graph.toml"));
    Diagnostics diagnostics;
    auto graph = read_graph(text, context.paths.state + "/current/graph.toml", diagnostics);
    TRY(diagnostics.result(Errc::failed));
    return graph;
}

Result<ServiceGraph> read_graph_in_force(const Context& context) {
    auto graph = read_current_graph(context);
    if (graph || graph.error().code == Errc::not_found) return graph;
    auto client = Client::connect();
    auto services = client ? client->list_services() : Result<std::vector<ServiceStatus>>();
    if (!client || !services || services->empty()) return graph;
    ServiceGraph known;
    if (auto info = client->info()) {
        known.site = info->site;
        known.generation = static_cast<int>(info->generation);
    }
    for (const ServiceStatus& service : *services)
        known.nodes.push_back({.name = service.name, .unit = service.unit, .title = service.title});
    return known;
}

Result<StackStatus> read_status(const ServiceGraph& graph) {
    auto client = Client::connect();
    if (client) {
        auto services = client->list_services();
        if (services) {
            StackStatus status{true, {}, {}};
            for (ServiceStatus& one : *services)
                (one.kind == "guard" ? status.guards : status.services).push_back(std::move(one));
            return status;
        }
    }
    StackStatus status;
    auto manager = TRY(SystemdManager::connect());
    for (const GraphNode& node : graph.nodes)
        if (!is_guard(node))
            status.services.push_back(from_systemd(node, TRY(manager.unit(node.unit))));
    return status;
}

Result<std::vector<const GraphNode*>> select_services(const ServiceGraph& graph,
                                                      const std::vector<std::string>& names) {
    std::vector<const GraphNode*> nodes;
    if (names.empty())
        for (const GraphNode& node : graph.nodes)
            if (!is_guard(node)) nodes.push_back(&node);
    for (const std::string& name : names) {
        if (const GraphNode* node = find_node(graph, name)) {
            if (is_guard(*node))
                return fail(Errc::usage, fmt::format("{} is a resource guard, no service", name),
                            "lakebed status tells of guards that are not ready");
            nodes.push_back(node);
            continue;
        }
        std::size_t before = nodes.size();
        for (const GraphNode& node : graph.nodes)
            if (node.name.starts_with(name + "@")) nodes.push_back(&node);
        if (nodes.size() > before) continue;
        for (const NotConfigured& service : graph.not_configured)
            if (service.name == name)
                return fail(Errc::not_found, fmt::format("{} is not configured", name),
                            service.reason + ", then lakebed apply");
        std::vector<std::string> known;
        for (const GraphNode& node : graph.nodes)
            if (!is_guard(node)) known.push_back(node.name);
        auto near = closest(name, known);
        std::string hint = near ? fmt::format("did you mean \"{}\"?", *near) : "there are:";
        if (!near)
            for (const std::string& other : known) hint += " " + other;
        return fail(Errc::not_found, fmt::format("there is no service \"{}\"", name), hint);
    }
    return nodes;
}

std::string guard_line(const ServiceStatus& guard) {
    const bool told = guard.sentence != guard.name + " is fine";
    if (!is_ready(guard)) return "not ready: " + guard.sentence;
    return told ? guard.sentence : std::string();
}

Table guard_row(const ServiceStatus& guard) {
    Table row;
    set(row, "name", guard.name);
    set(row, "title", guard.title);
    set(row, "ready", is_ready(guard));
    set(row, "since", static_cast<std::int64_t>(guard.since));
    set(row, "reason", guard.sentence);
    return row;
}

const ServiceStatus* missing_guard(const StackStatus& status, const GraphNode& node) {
    for (const ServiceStatus& guard : status.guards)
        if (!is_ready(guard) &&
            std::ranges::find(node.needs, guard.unit, &Need::unit) != node.needs.end())
            return &guard;
    return nullptr;
}

bool is_ready(const ServiceStatus& service) {
    return service.state == "ready";
}

std::string state_words(const ServiceStatus& service) {
    if (service.kind == "job" && is_ready(service)) return "done";
    std::string words = service.state;
    std::replace(words.begin(), words.end(), '_', ' ');
    return words;
}

std::string reason_words(const ServiceStatus& service) {
    std::string words = service.sentence;
    for (const std::string& start : {service.name + " is ", service.name + " "})
        if (words.starts_with(start)) words.erase(0, start.size());
    return words == state_words(service) || is_ready(service) ? std::string() : words;
}

std::string state_line(const ServiceStatus& service) {
    std::string state = state_words(service), reason = reason_words(service);
    if (reason.empty()) return state;
    return reason.starts_with(state) ? reason : state + ": " + reason;
}

Color state_color(const ServiceStatus& service) {
    if (is_ready(service)) return Color::green;
    for (std::string_view bad : {"failed", "degraded", "backing_off", "slow_lane"})
        if (service.state == bad) return Color::red;
    return Color::yellow;
}

Table status_row(const ServiceStatus& service, const GraphNode* node) {
    Table row;
    set(row, "name", service.name);
    set(row, "unit", service.unit);
    set(row, "kind", service.kind);
    set(row, "state", service.state);
    set(row, "active", service.active);
    set(row, "since", static_cast<std::int64_t>(service.since));
    set(row, "restarts", static_cast<std::int64_t>(service.restarts + service.systemd_restarts));
    set(row, "reason", service.sentence);
    set(row, "cause", service.cause);
    set(row, "main_pid", std::int64_t{service.main_pid});
    set(row, "hold", service.hold);
    if (node) set(row, "addresses", Array(node->addresses.begin(), node->addresses.end()));
    return row;
}

} // namespace lakebed
