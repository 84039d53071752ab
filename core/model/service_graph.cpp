#include "model/service_graph.h"

#include <algorithm>

#include <fmt/format.h>

namespace lakebed {
namespace {

Duration read_duration(TableReader& reader, std::string_view key, Duration otherwise) {
    auto text = reader.string(key);
    if (!text) return otherwise;
    if (auto duration = parse_duration(*text)) return *duration;
    reader.error(key, fmt::format("{} is \"{}\", expected a duration like \"30s\"",
                                  reader.name(key), *text));
    return otherwise;
}

StackBudget read_stack_budget(const Value& value, Diagnostics& diagnostics) {
    TableReader reader(value, "restart_budget", diagnostics);
    StackBudget budget;
    budget.restarts = static_cast<int>(reader.integer("restarts").value_or(budget.restarts));
    budget.window = read_duration(reader, "window", budget.window);
    if (budget.restarts < 1) reader.error("restarts", "restart_budget.restarts must be at least 1");
    reader.finish();
    return budget;
}

GraphNode read_node(const Value& value, Diagnostics& diagnostics) {
    TableReader reader(value, "node", diagnostics);
    GraphNode node;
    node.name = reader.require_string("name");
    node.unit = reader.require_string("unit");
    node.title = reader.string("title").value_or("");
    std::string kind = reader.string("kind").value_or("service");
    if (kind == "job")
        node.kind = NodeKind::job;
    else if (kind == "guard")
        node.kind = NodeKind::guard;
    else if (kind != "service")
        reader.error("kind", fmt::format("unknown kind \"{}\"", kind),
                     "one of service, job, guard");
    if (const Value* guard = reader.table("guard"))
        node.guard = read_guard_check(*guard, "node.guard", diagnostics);
    node.addresses = reader.strings("addresses");
    node.ui = reader.string("ui").value_or("");
    if (!node.ui.empty() && !node.ui.starts_with("http://") && !node.ui.starts_with("https://"))
        reader.error("ui", fmt::format("node.ui is \"{}\", expected http://…", node.ui));
    node.data = reader.string("data").value_or("");
    node.jvm = reader.boolean("jvm").value_or(false);
    node.start_timeout = read_duration(reader, "start_timeout", node.start_timeout);
    if (const Value* probe = reader.table("probe"))
        node.probe = read_probe_spec(*probe, "node.probe", diagnostics);
    if (const Value* liveness = reader.table("liveness"))
        node.liveness = read_liveness(*liveness, "node.liveness", diagnostics);
    if (const Value* restart = reader.table("restart"))
        node.restart = read_restart_policy(*restart, "node.restart", diagnostics);
    for (const Value* rule : reader.tables("fatal"))
        node.fatal.push_back(read_fatal_rule(*rule, "node.fatal", diagnostics));
    for (const Value* item : reader.tables("need")) {
        TableReader need(*item, "node.need", diagnostics);
        std::string unit = need.require_string("unit");
        std::string type_text = need.string("type").value_or("reconnects");
        auto type = parse_edge_type(type_text);
        if (!type)
            need.error("type", fmt::format("unknown edge type \"{}\"", type_text),
                       "one of reconnects, session, init, suspends");
        node.needs.push_back({unit, type.value_or(EdgeType::reconnects)});
        need.finish();
    }
    reader.finish();
    return node;
}

Table write_node(const GraphNode& node) {
    Table table;
    set(table, "name", node.name);
    set(table, "unit", node.unit);
    set(table, "title", node.title);
    set(table, "kind", std::string(to_string(node.kind)));
    if (node.guard) set(table, "guard", write_guard_check(*node.guard));
    Array addresses(node.addresses.begin(), node.addresses.end());
    if (!addresses.empty()) set(table, "addresses", std::move(addresses));
    if (!node.ui.empty()) set(table, "ui", node.ui);
    const bool brief = is_guard(node); // it starts nothing: only what is odd, for check_graph
    if (!brief || node.jvm) set(table, "jvm", node.jvm);
    if (!node.data.empty()) set(table, "data", node.data);
    if (!brief || node.start_timeout != GraphNode().start_timeout)
        set(table, "start_timeout", to_string(node.start_timeout));
    if (node.probe) set(table, "probe", write_probe_spec(*node.probe));
    if (node.liveness) set(table, "liveness", write_liveness(*node.liveness));
    if (!brief || node.restart != RestartPolicy())
        set(table, "restart", write_restart_policy(node.restart));
    Array fatal;
    for (const FatalRule& rule : node.fatal) {
        Table entry;
        if (rule.exit_status)
            set(entry, "exit", std::int64_t{*rule.exit_status});
        else
            set(entry, "log", rule.log_regex);
        if (rule.kind != FailureKind::bad_config)
            set(entry, "cause", std::string(to_string(rule.kind)));
        fatal.emplace_back(std::move(entry));
    }
    if (!fatal.empty()) set(table, "fatal", std::move(fatal));
    Array needs;
    for (const Need& need : node.needs) {
        Table entry;
        set(entry, "unit", need.unit);
        set(entry, "type", std::string(to_string(need.type)));
        needs.emplace_back(std::move(entry));
    }
    if (!needs.empty()) set(table, "need", std::move(needs));
    return table;
}

} // namespace

std::string_view to_string(EdgeType type) {
    switch (type) {
    case EdgeType::reconnects:
        return "reconnects";
    case EdgeType::session:
        return "session";
    case EdgeType::init:
        return "init";
    case EdgeType::suspends:
        return "suspends";
    }
    return "";
}

std::string_view to_string(NodeKind kind) {
    switch (kind) {
    case NodeKind::service:
        return "service";
    case NodeKind::job:
        return "job";
    case NodeKind::guard:
        return "guard";
    }
    return "";
}

std::string_view to_string(FailureKind kind) {
    switch (kind) {
    case FailureKind::bad_config:
        return "bad_config";
    case FailureKind::port_taken:
        return "port_taken";
    case FailureKind::disk_full:
        return "disk_full";
    }
    return "";
}

std::optional<EdgeType> parse_edge_type(std::string_view text) {
    for (EdgeType type :
         {EdgeType::reconnects, EdgeType::session, EdgeType::init, EdgeType::suspends})
        if (text == to_string(type)) return type;
    return {};
}

Liveness read_liveness(const Value& value, const std::string& path, Diagnostics& diagnostics) {
    // The probe's own keys stand beside `every` and `failures`.
    Liveness liveness;
    const Table* table = value.table();
    Value probe{Table{}};
    probe.pos = value.pos;
    Value rest{Table{}};
    rest.pos = value.pos;
    if (table) {
        for (const Member& member : *table) {
            bool own = member.key == "every" || member.key == "failures";
            (own ? rest : probe).table()->push_back(member);
        }
    }
    liveness.probe = read_probe_spec(probe, path, diagnostics);
    TableReader reader(rest, path, diagnostics);
    liveness.every = read_duration(reader, "every", liveness.every);
    liveness.failures = static_cast<int>(reader.integer("failures").value_or(liveness.failures));
    if (liveness.failures < 1)
        reader.error("failures", reader.name("failures") + " must be at least 1");
    return liveness;
}

Table write_liveness(const Liveness& liveness) {
    Table table = write_probe_spec(liveness.probe);
    set(table, "every", to_string(liveness.every));
    set(table, "failures", std::int64_t{liveness.failures});
    return table;
}

RestartPolicy read_restart_policy(const Value& value, const std::string& path,
                                  Diagnostics& diagnostics) {
    TableReader reader(value, path, diagnostics);
    RestartPolicy policy;
    policy.initial = read_duration(reader, "initial", policy.initial);
    policy.max = read_duration(reader, "max", policy.max);
    policy.factor = reader.number("factor").value_or(policy.factor);
    policy.jitter = reader.number("jitter").value_or(policy.jitter);
    policy.reset_after = read_duration(reader, "reset_after", policy.reset_after);
    policy.budget = static_cast<int>(reader.integer("budget").value_or(policy.budget));
    policy.budget_window = read_duration(reader, "budget_window", policy.budget_window);
    policy.slow_lane = read_duration(reader, "slow_lane", policy.slow_lane);
    if (policy.factor < 1) reader.error("factor", reader.name("factor") + " must be at least 1");
    if (policy.jitter < 0 || policy.jitter > 1)
        reader.error("jitter", reader.name("jitter") + " must be within 0 and 1");
    if (policy.budget < 1) reader.error("budget", reader.name("budget") + " must be at least 1");
    if (policy.max < policy.initial)
        reader.error("max", reader.name("max") + " is less than " + reader.name("initial"));
    reader.finish();
    return policy;
}

Table write_restart_policy(const RestartPolicy& policy) {
    Table table;
    set(table, "initial", to_string(policy.initial));
    set(table, "max", to_string(policy.max));
    set(table, "factor", policy.factor);
    set(table, "jitter", policy.jitter);
    set(table, "reset_after", to_string(policy.reset_after));
    set(table, "budget", std::int64_t{policy.budget});
    set(table, "budget_window", to_string(policy.budget_window));
    set(table, "slow_lane", to_string(policy.slow_lane));
    return table;
}

FatalRule read_fatal_rule(const Value& value, const std::string& path, Diagnostics& diagnostics) {
    TableReader reader(value, path, diagnostics);
    FatalRule rule;
    if (auto status = reader.integer("exit")) rule.exit_status = static_cast<int>(*status);
    rule.log_regex = reader.string("log").value_or("");
    if (rule.exit_status.has_value() == !rule.log_regex.empty())
        reader.error("exit", path + " needs exactly one of exit and log");
    if (auto cause = reader.string("cause")) {
        if (*cause == "port_taken" || *cause == "disk_full")
            rule.kind = *cause == "disk_full" ? FailureKind::disk_full : FailureKind::port_taken;
        else if (*cause != "bad_config")
            reader.error("cause", fmt::format("unknown cause \"{}\"", *cause),
                         "one of bad_config, port_taken, disk_full");
        if (rule.exit_status && rule.kind != FailureKind::bad_config)
            reader.error("cause", path + " tells this cause by log only");
    }
    reader.finish();
    return rule;
}

StackBudget stack_budget(const ServiceGraph& graph) {
    if (graph.restart_budget) return *graph.restart_budget;
    StackBudget budget;
    const auto units =
        graph.nodes.size() -
        static_cast<std::size_t>(std::count_if(graph.nodes.begin(), graph.nodes.end(), is_guard));
    budget.restarts = std::max(budget.restarts, 2 * static_cast<int>(units));
    for (const GraphNode& node : graph.nodes)
        budget.restarts = std::max(budget.restarts, node.restart.budget);
    return budget;
}

const std::vector<FatalRule>& common_rules() {
    static const std::vector<FatalRule> rules = {
        {std::nullopt, "[Aa]ddress already in use", FailureKind::port_taken},
        {std::nullopt, "No space left on device", FailureKind::disk_full},
    };
    return rules;
}

const GraphNode* find_node(const ServiceGraph& graph, std::string_view name_or_unit) {
    auto it = std::find_if(graph.nodes.begin(), graph.nodes.end(), [&](const GraphNode& node) {
        return node.name == name_or_unit || node.unit == name_or_unit;
    });
    return it == graph.nodes.end() ? nullptr : &*it;
}

ServiceGraph read_graph(std::string_view text, std::string_view file, Diagnostics& diagnostics) {
    ServiceGraph graph;
    Value root = parse_toml(text, file, diagnostics);
    if (diagnostics.has_errors()) return graph;
    TableReader reader(root, "", diagnostics);
    auto format = reader.integer("format");
    if (!format) {
        reader.error("format", "format is missing", "this is not a graph file of lakebed");
        return graph;
    }
    if (*format < 1 || *format > ServiceGraph::kFormat) {
        reader.error("format",
                     fmt::format("graph format {} is none that this program reads (1 to {})",
                                 *format, ServiceGraph::kFormat),
                     "run the lakebed that wrote it, or `lakebed apply` with this one");
        return graph;
    }
    graph.site = reader.require_string("site");
    graph.site_id = reader.require_string("site_id");
    graph.generation = static_cast<int>(reader.integer("generation").value_or(0));
    for (const Value* node : reader.tables("node"))
        graph.nodes.push_back(read_node(*node, diagnostics));
    for (const Value* item : reader.tables("not_configured")) {
        TableReader entry(*item, "not_configured", diagnostics);
        graph.not_configured.push_back({entry.require_string("name"),
                                        entry.string("title").value_or(""),
                                        entry.string("reason").value_or("")});
        entry.finish();
    }
    if (const Value* budget = reader.table("restart_budget"))
        graph.restart_budget = read_stack_budget(*budget, diagnostics);
    reader.finish();
    return graph;
}

std::string write_graph(const ServiceGraph& graph) {
    Table root;
    const bool guarded = std::any_of(graph.nodes.begin(), graph.nodes.end(), is_guard);
    set(root, "format", std::int64_t{guarded ? ServiceGraph::kFormat : 1});
    set(root, "site", graph.site);
    set(root, "site_id", graph.site_id);
    set(root, "generation", std::int64_t{graph.generation});
    Array nodes;
    for (const GraphNode& node : graph.nodes) nodes.emplace_back(write_node(node));
    set(root, "node", std::move(nodes));
    Array left_out;
    for (const NotConfigured& service : graph.not_configured) {
        Table entry;
        set(entry, "name", service.name);
        set(entry, "title", service.title);
        set(entry, "reason", service.reason);
        left_out.emplace_back(std::move(entry));
    }
    if (!left_out.empty()) set(root, "not_configured", std::move(left_out));
    if (graph.restart_budget) {
        Table budget;
        set(budget, "restarts", std::int64_t{graph.restart_budget->restarts});
        set(budget, "window", to_string(graph.restart_budget->window));
        set(root, "restart_budget", std::move(budget));
    }
    return write_toml(root);
}

} // namespace lakebed
