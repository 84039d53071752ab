#include "sim/scenario.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "engine/policy.h"

namespace lakebed::sim {
namespace {

using namespace std::chrono_literals;

struct Choice {
    Kind kind;
    std::string_view name;
    int weight;
};

constexpr std::array kChoices = {
    Choice{Kind::crash, "crash", 30},
    Choice{Kind::out_of_memory, "out of memory", 3},
    Choice{Kind::clean_exit, "clean exit", 5},
    Choice{Kind::fatal_exit, "fatal exit", 3},
    Choice{Kind::fatal_log, "fatal log line", 3},
    Choice{Kind::port_taken, "port taken", 4},
    Choice{Kind::disk_full, "disk full", 4},
    Choice{Kind::hang, "hang", 8},
    Choice{Kind::guard, "guard not ready", 8},
    Choice{Kind::flap, "flap", 6},
    Choice{Kind::bad_starts, "bad starts", 8},
    Choice{Kind::stuck, "stuck", 4},
    Choice{Kind::op_stop, "systemctl stop", 8},
    Choice{Kind::op_start, "systemctl start", 6},
    Choice{Kind::op_restart, "systemctl restart", 6},
    Choice{Kind::op_reset_failed, "systemctl reset-failed", 3},
    Choice{Kind::op_mask, "systemctl mask or unmask", 4},
    Choice{Kind::user_start, "lakebed start", 4},
    Choice{Kind::user_stop, "lakebed stop", 4},
    Choice{Kind::user_restart, "lakebed restart", 4},
    Choice{Kind::user_hold, "lakebed hold", 2},
    Choice{Kind::user_release, "lakebed release", 2},
    Choice{Kind::user_stop_all, "lakebed stop (all)", 1},
    Choice{Kind::user_start_all, "lakebed start (all)", 2},
    Choice{Kind::daemon_death, "lakebedd dies", 10},
    Choice{Kind::daemon_death_before_acting, "lakebedd dies before acting", 6},
    Choice{Kind::reconnect, "connection lost", 4},
    Choice{Kind::target_stop, "target stops", 3},
    Choice{Kind::target_restart, "target restarts", 2},
    Choice{Kind::reboot, "reboot", 2},
    Choice{Kind::reload_graph, "graph reloaded", 3},
};

GraphNode make_node(Random& random, std::string name, NodeKind kind) {
    GraphNode node;
    node.name = std::move(name);
    node.unit = "lakebed-" + node.name + ".service";
    node.kind = kind;
    node.restart.initial = random.span(500ms, 2s);
    node.restart.max = random.span(20s, 60s);
    node.restart.reset_after = random.span(60s, 300s);
    node.restart.budget = static_cast<int>(random.between(3, 5));
    node.restart.slow_lane = random.span(60s, 180s);
    node.start_timeout = 30s;
    node.fatal = {FatalRule{78, ""}, FatalRule{std::nullopt, "FATAL"}};
    if (kind == NodeKind::service) {
        if (random.chance(0.7)) node.probe = ProbeSpec{};
        if (random.chance(0.8))
            node.liveness = Liveness{ProbeSpec{}, random.span(10s, 40s),
                                     static_cast<int>(random.between(2, 3))};
    }
    return node;
}

ServiceGraph random_graph(Random& random) {
    ServiceGraph graph;
    const auto size = random.between(3, 12);
    for (std::int64_t i = 0; i < size; ++i) {
        GraphNode node = make_node(random, fmt::format("s{}", i),
                                   random.chance(0.25) ? NodeKind::job : NodeKind::service);
        for (std::int64_t j = 0; j < i; ++j) {
            if (!random.chance(2.0 / static_cast<double>(i + 1))) continue;
            const GraphNode& need = graph.nodes[static_cast<std::size_t>(j)];
            const auto type = need.kind == NodeKind::job || node.kind == NodeKind::job
                                  ? EdgeType::init
                                  : static_cast<EdgeType>(random.between(0, 2));
            node.needs.push_back({need.unit, type});
        }
        graph.nodes.push_back(std::move(node));
    }
    return graph;
}

ServiceGraph make_core_graph(Random& random) {
    ServiceGraph graph;
    auto add = [&](std::string name, NodeKind kind,
                   std::vector<std::pair<std::string, EdgeType>> needs) {
        GraphNode node = make_node(random, std::move(name), kind);
        for (auto& [need, type] : needs)
            node.needs.push_back({"lakebed-" + need + ".service", type});
        if (kind == NodeKind::service) {
            node.probe = ProbeSpec{};
            node.liveness = Liveness{ProbeSpec{}, 10s, 3};
        }
        graph.nodes.push_back(std::move(node));
    };
    constexpr auto init = EdgeType::init;
    add("init-postgres", NodeKind::job, {});
    add("postgres", NodeKind::service, {{"init-postgres", init}});
    add("init-databases", NodeKind::job, {{"postgres", init}});
    add("minio", NodeKind::service, {});
    add("init-buckets", NodeKind::job, {{"minio", init}});
    add("init-metastore", NodeKind::job, {{"postgres", init}, {"init-databases", init}});
    add("hive-metastore", NodeKind::service,
        {{"postgres", EdgeType::reconnects},
         {"minio", EdgeType::reconnects},
         {"init-metastore", init},
         {"init-buckets", init}});
    add("redis", NodeKind::service, {});
    return graph;
}

GraphNode make_guard(const char* name, GuardCheck check) {
    GraphNode node;
    node.name = node.unit = name;
    node.kind = NodeKind::guard;
    node.guard = std::move(check);
    return node;
}

// A disk to which some write, and all who lean on those; a port of one. Needs come first.
void add_guards(Random& random, ServiceGraph& graph) {
    const GraphNode disk = make_guard("guard:disk", DiskCheck{}),
                    port = make_guard("guard:port", PortCheck{});
    std::vector<std::string> writers;
    for (GraphNode& node : graph.nodes) {
        if (random.chance(0.1)) node.needs.push_back({port.unit, EdgeType::init});
        const bool leans = std::ranges::any_of(node.needs, [&](const Need& need) {
            return is_leaned_on(need.type) &&
                   std::ranges::find(writers, need.unit) != writers.end();
        });
        if (!leans && !random.chance(0.3)) continue;
        if (node.kind == NodeKind::service) writers.push_back(node.unit);
        node.needs.push_back(
            {disk.unit, node.kind == NodeKind::service ? EdgeType::suspends : EdgeType::init});
    }
    graph.nodes.insert(graph.nodes.begin(), {disk, port});
}

} // namespace

std::uint64_t Random::next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

std::int64_t Random::between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(high - low + 1));
}

bool Random::chance(double probability) {
    return static_cast<double>(next() >> 11) * 0x1.0p-53 < probability;
}

Duration Random::span(Duration low, Duration high) {
    return Duration(between(low.count(), high.count()));
}

std::string_view to_string(Kind kind) {
    for (const Choice& choice : kChoices)
        if (choice.kind == kind) return choice.name;
    return "";
}

ServiceGraph core_graph() {
    Random random(1);
    return make_core_graph(random);
}

Scenario make_scenario(std::uint64_t seed, Duration length) {
    Random random(seed * 0x2545f4914f6cdd1d + 1);
    Scenario scenario;
    scenario.seed = seed;
    scenario.length = length;
    scenario.graph = random.chance(0.25) ? make_core_graph(random) : random_graph(random);
    if (random.chance(0.5)) add_guards(random, scenario.graph);
    if (random.chance(0.3))
        scenario.graph.restart_budget =
            StackBudget{static_cast<int>(random.between(3, 12)), random.span(2min, 10min)};
    scenario.lost_signals = random.chance(0.3) ? 0.2 : 0;
    scenario.hidden_jobs = random.chance(0.5) ? 0.3 : 0;
    scenario.keeps_loaded = random.chance(0.5);
    for (const GraphNode& node : scenario.graph.nodes) {
        const bool jvm = random.chance(0.2);
        scenario.timing.push_back(
            {random.span(1ms, jvm ? 4s : 300ms),
             node.kind == NodeKind::job ? Duration{0} : random.span(1ms, jvm ? 8s : 1s),
             random.chance(0.5) ? random.span(1ms, 50ms) : random.span(50ms, 3s)});
    }
    int total = 0;
    for (const Choice& choice : kChoices) total += choice.weight;
    const auto count = random.between(1, random.chance(0.3) ? 60 : 20);
    Duration burst{0};
    for (std::int64_t i = 0; i < count; ++i) {
        Fault fault;
        // Faults come in bursts: what goes wrong together is what breaks supervisors.
        if (i > 0 && random.chance(0.5))
            fault.at = std::min(burst + random.span(1ms, random.chance(0.5) ? 100ms : 20s),
                                length - kQuiet);
        else
            fault.at = random.span(0s, length - kQuiet);
        burst = fault.at;
        std::int64_t pick = random.between(1, total);
        for (const Choice& choice : kChoices) {
            pick -= choice.weight;
            if (pick > 0) continue;
            fault.kind = choice.kind;
            break;
        }
        fault.unit = static_cast<std::size_t>(
            random.between(0, static_cast<std::int64_t>(scenario.graph.nodes.size()) - 1));
        if (fault.kind == Kind::guard) fault.unit = random.chance(0.75) ? 0 : 1; // if it is one
        fault.span = random.chance(0.5) ? random.span(1ms, 500ms) : random.span(1s, 60s);
        fault.count = static_cast<int>(random.between(1, 8));
        scenario.faults.push_back(fault);
    }
    std::ranges::stable_sort(scenario.faults, {}, &Fault::at);
    return scenario;
}

std::string describe(const Scenario& scenario, const Fault& fault) {
    return fmt::format("{:>12.6f} s  {} {} (span {}, count {})",
                       static_cast<double>(fault.at.count()) / 1e6, to_string(fault.kind),
                       scenario.graph.nodes[fault.unit].name, lakebed::to_string(fault.span),
                       fault.count);
}

} // namespace lakebed::sim
