// graph.toml and verify.toml.
#include <fmt/format.h>

#include "render/parts.h"

namespace lakebed {
namespace {

// Through the table form, so that no field of any probe can be forgotten.
ProbeSpec filled_probe(const ProbeSpec& probe, const std::string& config, int instance) {
    Value table = value_with_config_path(Value(write_probe_spec(probe)), config);
    if (instance > 0) table = value_with_instance(table, instance);
    Diagnostics none;
    return read_probe_spec(table, "probe", none);
}

std::string address_text(const StackPort& port) {
    bool ipv6 = port.address.find(':') != std::string::npos;
    return fmt::format("{}{}{}:{}", ipv6 ? "[" : "", port.address, ipv6 ? "]" : "", port.number);
}

} // namespace

ServiceGraph make_graph(const Stack& stack, const std::map<std::string, ConfigDir>& configs) {
    ServiceGraph graph;
    graph.site = stack.site;
    graph.site_id = stack.site_id;
    graph.not_configured = stack.not_configured;
    for (const StackService& service : stack.services) {
        const std::string& path = configs.at(service.name).path;
        std::vector<std::string> names = node_names(service), units = unit_names(service);
        for (std::size_t i = 0; i < names.size(); ++i) {
            int instance = service.instances > 0 ? static_cast<int>(i) + 1 : 0;
            GraphNode node;
            node.name = names[i];
            node.unit = units[i];
            node.title =
                instance > 0 ? fmt::format("{} {}", service.title, instance) : service.title;
            node.kind = service.kind;
            node.needs = service.needs;
            for (const StackPort& port : service.ports)
                node.addresses.push_back(address_text(port));
            if (service.probe) node.probe = filled_probe(*service.probe, path, instance);
            if (service.liveness) {
                node.liveness = service.liveness;
                node.liveness->probe = filled_probe(service.liveness->probe, path, instance);
            }
            node.restart = service.restart;
            node.fatal = service.fatal;
            node.start_timeout = service.start_timeout;
            node.ui = service.ui;
            node.jvm = service.jvm;
            node.data = service.data_dir;
            graph.nodes.push_back(std::move(node));
        }
    }
    add_guards(stack, graph);
    return graph;
}

std::string render_verify(const Stack& stack, const std::map<std::string, ConfigDir>& configs) {
    Array steps;
    for (const StackService& service : stack.services) {
        for (const Table& verify : service.verify) {
            Table step;
            set(step, "service", service.name);
            Value filled = value_with_config_path(Value(verify), configs.at(service.name).path);
            merge(step, *filled.table());
            steps.emplace_back(std::move(step));
        }
    }
    for (const Table& verify : stack.verify) {
        Table step;
        set(step, "service", stack.profile);
        merge(step, verify);
        steps.emplace_back(std::move(step));
    }
    Table root;
    if (!steps.empty()) set(root, "step", std::move(steps));
    return write_toml(root);
}

} // namespace lakebed
