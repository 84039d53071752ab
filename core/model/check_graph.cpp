#include "model/service_graph.h"

#include <algorithm>
#include <functional>
#include <map>
#include <regex>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/suggest.h"

namespace lakebed {

Result<std::vector<std::string>> start_order(const ServiceGraph& graph) {
    enum class Mark { none, active, done };
    std::map<std::string, Mark> marks;
    std::vector<std::string> order, path;
    // Returns the cycle, or nothing.
    std::function<std::string(const GraphNode&)> visit = [&](const GraphNode& node) -> std::string {
        Mark& mark = marks[node.unit];
        if (mark == Mark::done) return {};
        path.push_back(node.name);
        if (mark == Mark::active) {
            auto from = std::find(path.begin(), path.end(), node.name);
            return fmt::format("{}", fmt::join(from, path.end(), " → "));
        }
        mark = Mark::active;
        for (const Need& need : node.needs) {
            const GraphNode* target = find_node(graph, need.unit);
            if (!target) continue;
            if (std::string cycle = visit(*target); !cycle.empty()) return cycle;
        }
        path.pop_back();
        marks[node.unit] = Mark::done;
        order.push_back(node.unit);
        return {};
    };
    for (const GraphNode& node : graph.nodes)
        if (std::string cycle = visit(node); !cycle.empty())
            return fail("the graph has a cycle: " + cycle, "remove one of these needs");
    return order;
}

namespace {

void check_guard(const GraphNode& node, Diagnostics& diagnostics) {
    if (is_guard(node) != node.guard.has_value())
        diagnostics.error(
            {}, is_guard(node) ? fmt::format("{} is a guard, but says nothing to check", node.name)
                               : fmt::format("{} is a {} with a check of a guard", node.name,
                                             to_string(node.kind)));
    if (is_guard(node) && !node.needs.empty())
        diagnostics.error({}, fmt::format("{} is a guard and can need nothing", node.name));
}

void check_node(const ServiceGraph& graph, const GraphNode& node, Diagnostics& diagnostics) {
    check_guard(node, diagnostics);
    for (const Need& need : node.needs) {
        const GraphNode* needed = find_node(graph, need.unit);
        if (needed && is_guard(*needed) && is_leaned_on(need.type))
            diagnostics.error({},
                              fmt::format("{} needs the guard {} by a {} edge", node.name,
                                          needed->name, to_string(need.type)),
                              "make it an init edge, or suspends for a disk");
        if (needed && need.type == EdgeType::suspends &&
            (!needed->guard || !std::holds_alternative<DiskCheck>(*needed->guard)))
            diagnostics.error({},
                              fmt::format("{} needs {} by a suspends edge, but it is no guard of a "
                                          "disk",
                                          node.name, needed->name),
                              "make it an init edge");
        if (need.type == EdgeType::suspends && node.kind == NodeKind::job)
            diagnostics.error({},
                              fmt::format("the job {} has a suspends edge, but a job runs to its "
                                          "end",
                                          node.name),
                              "make it an init edge");
        if (needed && needed->kind == NodeKind::job && is_leaned_on(need.type))
            diagnostics.error({},
                              fmt::format("{} needs the job {} by a {} edge, but a job that is "
                                          "done cannot bounce",
                                          node.name, needed->name, to_string(need.type)),
                              "make it an init edge");
    }
    for (const FatalRule& rule : node.fatal) {
        if (rule.log_regex.empty()) continue;
        try {
            std::regex compiled(rule.log_regex);
        } catch (const std::regex_error& error) {
            diagnostics.error({}, fmt::format("{} has a bad regular expression \"{}\": {}",
                                              node.name, rule.log_regex, error.what()));
        }
    }
    if (node.restart.slow_lane < node.restart.max)
        diagnostics.error({},
                          fmt::format("{}'s slow lane of {} is faster than its back-off of {}",
                                      node.name, to_string(node.restart.slow_lane),
                                      to_string(node.restart.max)),
                          "raise slow_lane or lower max");
    if (node.restart.budget > stack_budget(graph).restarts)
        diagnostics.error({},
                          fmt::format("{} may restart {} times, the whole stack only {} times",
                                      node.name, node.restart.budget, stack_budget(graph).restarts),
                          "raise restarts in [restart_budget]");
}

} // namespace

void check_graph(const ServiceGraph& graph, Diagnostics& diagnostics) {
    std::set<std::string> names, units;
    std::vector<std::string> known;
    for (const GraphNode& node : graph.nodes) {
        if (!names.insert(node.name).second)
            diagnostics.error({}, "two nodes are named " + node.name);
        if (!units.insert(node.unit).second)
            diagnostics.error({}, "two nodes have the unit " + node.unit);
        known.push_back(node.unit);
    }
    for (const GraphNode& node : graph.nodes) {
        for (const Need& need : node.needs) {
            if (units.contains(need.unit)) continue;
            auto near = closest(need.unit, known);
            diagnostics.error(
                {}, fmt::format("{} needs {}, which is not in the graph", node.name, need.unit),
                near ? fmt::format("did you mean {}?", *near) : std::string());
        }
        if (node.probe && node.probe->timeout >= node.start_timeout)
            diagnostics.error(
                {},
                fmt::format("one try of {}'s probe may take {}, but its unit has only {} to start",
                            node.name, to_string(node.probe->timeout),
                            to_string(node.start_timeout)),
                "raise start_timeout or lower the probe's timeout");
        check_node(graph, node, diagnostics);
    }
    if (auto order = start_order(graph); !order)
        diagnostics.error({}, order.error().message, order.error().hint);
}

} // namespace lakebed
