// ServiceGraph: the contract between installer and supervisor, the content of graph.toml.
//
// Nodes are systemd units (instances included) and resource guards; edges say what a unit needs and
// what becomes of it when that bounces. The installer writes the graph as part of a generation,
// lakebedd reads it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/quantity.h"
#include "base/value.h"
#include "model/guard.h"
#include "model/probe_spec.h"

namespace lakebed {

// What a dependent needs when its dependency bounces (design.md §5).
enum class EdgeType {
    reconnects, // keep running; verify readiness again
    session,    // restart once, after the dependency is ready again
    init,       // needed at start only
    suspends,   // of a guard: stopped while it is not ready, dependents first, then started again
};

struct Need {
    std::string unit; // "lakebed-postgres.service"
    EdgeType type = EdgeType::reconnects;
    bool operator==(const Need&) const = default;
};

enum class NodeKind {
    service,
    job,   // Type=oneshot with RemainAfterExit=yes
    guard, // of a resource; no unit at all
};

// Exponential back-off between restarts, and the budget after which the slow lane begins.
struct RestartPolicy {
    Duration initial = std::chrono::seconds(1);
    Duration max = std::chrono::seconds(60);
    double factor = 2.0;
    double jitter = 0.2;                            // share of the delay, 0..1, added or taken off
    Duration reset_after = std::chrono::minutes(5); // of a good run
    int budget = 5;                                 // restarts within budget_window
    Duration budget_window = std::chrono::minutes(10);
    Duration slow_lane = std::chrono::minutes(3); // between tries once the budget is spent
    bool operator==(const RestartPolicy&) const = default;
};

// Over all services together, so that a machine in trouble is not kept busy with restarts.
struct StackBudget {
    int restarts = 30; // after failures, within `window`; then each further one takes the slow lane
    Duration window = std::chrono::minutes(10);
    bool operator==(const StackBudget&) const = default;
};

enum class FailureKind {
    bad_config, // not retried until something changes
    port_taken, // tried slowly, the holder named
    disk_full,  // held until there is space
};

// A failure that a restart cannot cure. Exactly one of exit_status and log_regex is set; what is
// not bad_config is known by the log, and believed when the machine confirms it.
struct FatalRule {
    std::optional<int> exit_status;
    std::string log_regex; // std::regex, ECMAScript, searched in the last log lines
    FailureKind kind = FailureKind::bad_config;
    bool operator==(const FatalRule&) const = default;
};

struct Liveness {
    ProbeSpec probe; // asks the process itself only, never a dependency
    Duration every = std::chrono::seconds(10);
    int failures = 3; // consecutive, until the service counts as hung
    bool operator==(const Liveness&) const = default;
};

struct GraphNode {
    std::string name; // "postgres": what people type
    std::string unit; // "lakebed-postgres.service"; of a guard, its id: "guard:disk-data"
    std::string title;
    NodeKind kind = NodeKind::service;
    std::vector<Need> needs;
    std::optional<ProbeSpec> probe; // readiness; the unit waits for the same in ExecStartPost
    std::optional<Liveness> liveness;
    RestartPolicy restart;
    std::vector<FatalRule> fatal;
    Duration start_timeout = std::chrono::seconds(90); // the unit's TimeoutStartSec
    std::vector<std::string> addresses;                // it listens on: "127.0.0.1:9000"
    std::string ui;                  // its pages for people: "http://127.0.0.1:9001/"; empty: none
    bool jvm = false;                // SIGQUIT gives a thread dump
    std::string data;                // directory it writes to; empty: none of its own
    std::optional<GuardCheck> guard; // what a guard asks, of no other node
    bool operator==(const GraphNode&) const = default;
};

// A service of the profile that does not run because the site does not say enough for it.
struct NotConfigured {
    std::string name;
    std::string title;
    std::string reason; // what to do: "set jar in [flex]"
    bool operator==(const NotConfigured&) const = default;
};

struct ServiceGraph {
    // 2 has guards; a file without one still says 1. A newer one is refused.
    static constexpr int kFormat = 2;

    std::string site;    // name the operator gave the site
    std::string site_id; // random, made at the first apply
    int generation = 0;
    std::vector<GraphNode> nodes;
    std::vector<NotConfigured> not_configured; // shown, never counted
    std::optional<StackBudget> restart_budget; // else as stack_budget() says
    bool operator==(const ServiceGraph&) const = default;
};

[[nodiscard]] std::string_view to_string(EdgeType type);
[[nodiscard]] std::string_view to_string(NodeKind kind);
[[nodiscard]] std::string_view to_string(FailureKind kind);
[[nodiscard]] std::optional<EdgeType> parse_edge_type(std::string_view text);

// Parts of a node that conf/<service>.toml writes in the same form.
[[nodiscard]] Liveness read_liveness(const Value& value, const std::string& path,
                                     Diagnostics& diagnostics);
[[nodiscard]] RestartPolicy read_restart_policy(const Value& value, const std::string& path,
                                                Diagnostics& diagnostics);
[[nodiscard]] FatalRule read_fatal_rule(const Value& value, const std::string& path,
                                        Diagnostics& diagnostics);
// Rules that hold for every service, as the words are those of the C library and the JDK.
[[nodiscard]] const std::vector<FatalRule>& common_rules();
[[nodiscard]] Table write_liveness(const Liveness& liveness);
[[nodiscard]] Table write_restart_policy(const RestartPolicy& policy);

[[nodiscard]] inline bool is_guard(const GraphNode& node) {
    return node.kind == NodeKind::guard;
}
// The service's own bouncing need: what it leans on while it runs.
[[nodiscard]] inline bool is_leaned_on(EdgeType type) {
    return type == EdgeType::reconnects || type == EdgeType::session;
}

// What is written, else 30 restarts, or two for each unit, or what a single service may do,
// whichever is most.
[[nodiscard]] StackBudget stack_budget(const ServiceGraph& graph);

[[nodiscard]] const GraphNode* find_node(const ServiceGraph& graph, std::string_view name_or_unit);

// graph.toml. read_graph reports every error with position; write_graph is deterministic and
// read_graph(write_graph(g)) == g.
[[nodiscard]] ServiceGraph read_graph(std::string_view text, std::string_view file,
                                      Diagnostics& diagnostics);
[[nodiscard]] std::string write_graph(const ServiceGraph& graph);

// Static checks before anything starts: duplicate names, needs that are no nodes, cycles (named
// a → b → a), a job that needs itself, a probe slower than its unit's start timeout, a need that
// could never bounce, a guard that
// needs something or that is needed as if it were a service, regular expressions that are none,
// budgets and delays that contradict each other. Messages have no position.
void check_graph(const ServiceGraph& graph, Diagnostics& diagnostics);

// Units in an order where each comes after what it needs; a cycle comes back as an Error that
// names it.
[[nodiscard]] Result<std::vector<std::string>> start_order(const ServiceGraph& graph);

} // namespace lakebed
