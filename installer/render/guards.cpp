// The resource guards of a stack, as nodes of its graph.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "render/parts.h"

namespace lakebed {
namespace {

GraphNode guard_node(const std::string& what, std::string title, GuardCheck check) {
    GraphNode node;
    node.name = node.unit = "guard:" + what;
    node.title = std::move(title);
    node.kind = NodeKind::guard;
    node.guard = std::move(check);
    return node;
}

// Those that write to the disk, and all that lean on them: these have nowhere to write either.
std::set<std::string> writers(const ServiceGraph& graph, std::set<std::string> units) {
    for (bool more = true; more;) {
        more = false;
        for (const GraphNode& node : graph.nodes)
            for (const Need& need : node.needs)
                if (is_leaned_on(need.type) && units.contains(need.unit))
                    more = units.insert(node.unit).second || more;
    }
    return units;
}

struct Root {
    std::string path;
    std::string service; // whose own it is; empty: the common one
    std::set<std::string> units;
};

std::vector<Root> data_roots(const Stack& stack) {
    std::vector<Root> roots;
    for (const StackService& service : stack.services) {
        if (service.data_dir.empty()) continue;
        const bool common = service.data_dir.starts_with(stack.data_root + "/");
        const std::string& path = common ? stack.data_root : service.data_dir;
        auto root = std::ranges::find(roots, path, &Root::path);
        if (root == roots.end()) root = roots.insert(root, {path, common ? "" : service.name, {}});
        for (const std::string& unit : unit_names(service)) root->units.insert(unit);
    }
    return roots;
}

void add_disk_guards(const Stack& stack, ServiceGraph& graph, std::vector<GraphNode>& guards) {
    for (const Root& root : data_roots(stack)) {
        const GraphNode guard = guard_node(
            root.service.empty() ? "disk" : "disk-" + root.service, "free space of " + root.path,
            DiskCheck{root.path, stack.guards.min_free, stack.guards.resume_free,
                      stack.guards.min_free_inodes});
        const std::set<std::string> suspended = writers(graph, root.units);
        for (GraphNode& node : graph.nodes) {
            // Jobs make databases, buckets and tables: they begin only where there is room.
            if (node.kind == NodeKind::job)
                node.needs.push_back({guard.unit, EdgeType::init});
            else if (suspended.contains(node.unit))
                node.needs.push_back({guard.unit, EdgeType::suspends});
        }
        guards.push_back(guard);
    }
}

void add_port_guards(const Stack& stack, ServiceGraph& graph, std::vector<GraphNode>& guards) {
    for (const StackService& service : stack.services) {
        const std::vector<std::string> units = unit_names(service);
        if (service.ports.empty() || units.size() != 1) continue; // whose port it is, is not known
        auto node = std::ranges::find(graph.nodes, units.front(), &GraphNode::unit);
        const GraphNode guard = guard_node("port-" + service.name, "ports of " + service.title,
                                           PortCheck{node->unit, node->addresses});
        node->needs.push_back({guard.unit, EdgeType::init});
        guards.push_back(guard);
    }
}

} // namespace

void add_guards(const Stack& stack, ServiceGraph& graph) {
    if (graph.nodes.empty()) return;
    std::vector<GraphNode> guards{guard_node("clock", "the clock of this machine", ClockCheck{})};
    for (GraphNode& node : graph.nodes) node.needs.push_back({guards.front().unit, EdgeType::init});
    add_disk_guards(stack, graph, guards);
    add_port_guards(stack, graph, guards);
    graph.nodes.insert(graph.nodes.end(), guards.begin(), guards.end());
}

} // namespace lakebed
