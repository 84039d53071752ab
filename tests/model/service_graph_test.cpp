#include "model/service_graph.h"

#include <gtest/gtest.h>

#include "support/text.h"

namespace lakebed {
namespace {

using namespace std::chrono_literals;
using test::all_text;

// "a b c" after the arrow is what the node before it needs.
ServiceGraph graph_of(const std::vector<std::pair<std::string, std::vector<std::string>>>& nodes) {
    ServiceGraph graph{"here", "0123", 3, {}};
    for (const auto& [name, needs] : nodes) {
        GraphNode node;
        node.name = name;
        node.unit = name + ".service";
        for (const std::string& need : needs)
            node.needs.push_back({need + ".service", EdgeType::session});
        graph.nodes.push_back(std::move(node));
    }
    return graph;
}

std::string problems(const ServiceGraph& graph) {
    Diagnostics diagnostics;
    check_graph(graph, diagnostics);
    return all_text(diagnostics);
}

TEST(Graph, is_read_back_from_what_was_written) {
    ServiceGraph graph = graph_of({{"a", {}}, {"b", {"a"}}});
    GraphNode& b = graph.nodes[1];
    b.title = "B \"the\" second";
    b.kind = NodeKind::job;
    b.needs[0].type = EdgeType::init;
    b.probe = ProbeSpec{RedisProbe{"127.0.0.1", 6379, "u", "/p"}, 1s, 2s};
    b.liveness = Liveness{{TcpProbe{"127.0.0.1", 6379}}, 5s, 7};
    b.restart = {2s, 30s, 1.5, 0.1, 1min, 9, 5min, 2min};
    b.fatal = {{78, ""},
               {std::nullopt, "bad \\(config\\)"},
               {std::nullopt, "in use", FailureKind::port_taken},
               {std::nullopt, "no room", FailureKind::disk_full}};
    b.data = "/srv/b";
    b.start_timeout = 3min;
    b.ui = "http://127.0.0.1:9001/";
    b.jvm = true;
    Diagnostics diagnostics;
    EXPECT_EQ(read_graph(write_graph(graph), "graph.toml", diagnostics), graph);
    EXPECT_EQ(all_text(diagnostics), "");
    EXPECT_EQ(write_graph(graph).find("restart_budget"), std::string::npos);
    graph.restart_budget = StackBudget{12, 3min};
    EXPECT_EQ(read_graph(write_graph(graph), "graph.toml", diagnostics), graph);
    EXPECT_EQ(all_text(diagnostics), "");
}

TEST(Graph, allows_the_stack_what_it_allows_one_service_unless_told_otherwise) {
    Diagnostics diagnostics;
    const ServiceGraph graph =
        read_graph("format = 1\nsite = \"s\"\nsite_id = \"i\"\n[[node]]\nname = \"a\"\n"
                   "unit = \"a.service\"\n[node.restart]\nbudget = 500\n",
                   "graph.toml", diagnostics);
    EXPECT_EQ(stack_budget(graph).restarts, 500);
    EXPECT_EQ(problems(graph), "");
    EXPECT_EQ(all_text(diagnostics), "");
}

TEST(Graph, allows_each_of_many_services_two_restarts) {
    ServiceGraph graph;
    graph.nodes.resize(15);
    EXPECT_EQ(stack_budget(graph).restarts, 30);
    graph.nodes.resize(500);
    EXPECT_EQ(stack_budget(graph).restarts, 1000);
}

TEST(Graph, wants_a_budget_that_allows_something) {
    Diagnostics diagnostics;
    (void)read_graph("format = 1\nsite = \"s\"\nsite_id = \"i\"\n[restart_budget]\nrestarts = 0\n"
                     "window = 10\n",
                     "graph.toml", diagnostics);
    EXPECT_EQ(all_text(diagnostics),
              "graph.toml:6:10: error: restart_budget.window is an integer, expected a string\n"
              "graph.toml:5:12: error: restart_budget.restarts must be at least 1\n");
}

TEST(Graph, of_a_newer_format_is_refused) {
    Diagnostics diagnostics;
    (void)read_graph("format = 3\n", "graph.toml", diagnostics);
    EXPECT_EQ(all_text(diagnostics),
              "graph.toml:1:10: error: graph format 3 is none that this program reads (1 to 2)\n"
              "  fix: run the lakebed that wrote it, or `lakebed apply` with this one\n");
}

TEST(Graph, reports_every_mistake_in_its_file) {
    Diagnostics diagnostics;
    (void)read_graph(R"(format = 1
site = "s"
site_id = "i"
[[node]]
name = "a"
unit = "a.service"
kind = "daemon"
[[node.need]]
unit = "b.service"
type = "sesion"
[[node.fatal]]
exit = 1
log = "x"
)",
                     "graph.toml", diagnostics);
    EXPECT_EQ(all_text(diagnostics),
              "graph.toml:7:8: error: unknown kind \"daemon\"\n"
              "  fix: one of service, job, guard\n"
              "graph.toml:12:8: error: node.fatal needs exactly one of exit and log\n"
              "graph.toml:10:8: error: unknown edge type \"sesion\"\n"
              "  fix: one of reconnects, session, init, suspends\n");
}

GraphNode guard(const std::string& name, GuardCheck check) {
    GraphNode node;
    node.name = node.unit = name;
    node.title = "guard";
    node.kind = NodeKind::guard;
    node.guard = std::move(check);
    return node;
}

TEST(Graph, has_guards_and_then_a_format_of_its_own) {
    ServiceGraph graph = graph_of({{"a", {}}});
    EXPECT_EQ(write_graph(graph).substr(0, 11), "format = 1\n");
    graph.nodes.push_back(guard("guard:disk", DiskCheck{"/data", {512}, {768}, 100}));
    graph.nodes.push_back(guard("guard:clock", ClockCheck{}));
    graph.nodes.push_back(guard("guard:port", PortCheck{"a.service", {"127.0.0.1:1", "[::1]:2"}}));
    graph.nodes[0].needs = {{"guard:disk", EdgeType::suspends},
                            {"guard:clock", EdgeType::init},
                            {"guard:port", EdgeType::init}};
    EXPECT_EQ(problems(graph), "");
    const std::string text = write_graph(graph);
    EXPECT_EQ(text.substr(0, 11), "format = 2\n");
    Diagnostics diagnostics;
    EXPECT_EQ(read_graph(text, "graph.toml", diagnostics), graph);
    EXPECT_EQ(all_text(diagnostics), "");
    EXPECT_EQ(stack_budget(graph).restarts, 30); // guards restart nothing
}

TEST(Graph, knows_what_a_guard_can_check) {
    Diagnostics diagnostics;
    (void)read_graph(R"(format = 2
site = "s"
site_id = "i"
[[node]]
name = "g"
unit = "g"
kind = "guard"
guard = { kind = "disc" }
[[node]]
name = "h"
unit = "h"
kind = "guard"
guard = { kind = "disk", path = "/d", min_free = 10, resume_free = 9, min_free_inodes = -1 }
)",
                     "graph.toml", diagnostics);
    EXPECT_EQ(all_text(diagnostics),
              "graph.toml:8:18: error: unknown kind of guard \"disc\"\n"
              "  fix: one of disk, clock, port\n"
              "graph.toml:13:89: error: node.guard.min_free_inodes is negative\n"
              "graph.toml:13:68: error: node.guard.resume_free is less than node.guard.min_free\n");
}

TEST(Graph, needs_a_guard_as_what_it_is) {
    ServiceGraph graph = graph_of({{"a", {}}, {"j", {}}});
    graph.nodes[1].kind = NodeKind::job;
    graph.nodes.push_back(guard("disk", DiskCheck{"/data", {512}, {768}, 100}));
    graph.nodes.push_back(guard("clock", ClockCheck{}));
    graph.nodes[0].needs = {{"disk", EdgeType::session}, {"clock", EdgeType::suspends}};
    graph.nodes[1].needs = {{"disk", EdgeType::suspends}};
    graph.nodes[2].needs = {{"clock", EdgeType::init}};
    graph.nodes[3].guard.reset();
    graph.nodes[0].guard = ClockCheck{};
    EXPECT_EQ(problems(graph),
              "error: a is a service with a check of a guard\n"
              "error: a needs the guard disk by a session edge\n"
              "  fix: make it an init edge, or suspends for a disk\n"
              "error: a needs clock by a suspends edge, but it is no guard of a disk\n"
              "  fix: make it an init edge\n"
              "error: the job j has a suspends edge, but a job runs to its end\n"
              "  fix: make it an init edge\n"
              "error: disk is a guard and can need nothing\n"
              "error: clock is a guard, but says nothing to check\n");
    graph = graph_of({{"a", {}}});
    graph.nodes[0].needs = {{"guard:disc", EdgeType::suspends}};
    EXPECT_EQ(problems(graph), "error: a needs guard:disc, which is not in the graph\n");
}

TEST(Graph, tells_of_services_that_are_left_out) {
    ServiceGraph graph = graph_of({{"a", {}}});
    EXPECT_EQ(write_graph(graph).find("not_configured"), std::string::npos);
    graph.not_configured = {{"flex", "Flex", "set jar in [flex]"}};
    Diagnostics diagnostics;
    EXPECT_EQ(read_graph(write_graph(graph), "graph.toml", diagnostics), graph);
    EXPECT_EQ(all_text(diagnostics), "");
    (void)read_graph("format = 1\nsite = \"s\"\nsite_id = \"i\"\n[[not_configured]]\nnam = \"x\"\n",
                     "graph.toml", diagnostics);
    EXPECT_EQ(all_text(diagnostics), "graph.toml:4:1: error: not_configured.name is missing\n"
                                     "graph.toml:5:1: error: unknown key not_configured.nam\n"
                                     "  fix: did you mean not_configured.name?\n");
}

TEST(Graph, names_its_cycle) {
    EXPECT_EQ(problems(graph_of({{"x", {"a"}}, {"a", {"b"}}, {"b", {"c"}}, {"c", {"a"}}})),
              "error: the graph has a cycle: a → b → c → a\n  fix: remove one of these needs\n");
    EXPECT_EQ(problems(graph_of({{"a", {"a"}}})),
              "error: the graph has a cycle: a → a\n  fix: remove one of these needs\n");
}

TEST(Graph, knows_what_is_not_in_it) {
    EXPECT_EQ(problems(graph_of({{"postgres", {}}, {"hive", {"postgers"}}})),
              "error: hive needs postgers.service, which is not in the graph\n"
              "  fix: did you mean postgres.service?\n");
    EXPECT_EQ(problems(graph_of({{"a", {}}, {"a", {}}})),
              "error: two nodes are named a\nerror: two nodes have the unit a.service\n");
}

TEST(Graph, wants_a_probe_that_can_end_before_its_unit_times_out) {
    ServiceGraph graph = graph_of({{"a", {}}});
    graph.nodes[0].probe = ProbeSpec{TcpProbe{"::1", 1}, 1s, 90s};
    EXPECT_EQ(
        problems(graph),
        "error: one try of a's probe may take 1min 30s, but its unit has only 1min 30s to start\n"
        "  fix: raise start_timeout or lower the probe's timeout\n");
}

TEST(Graph, finds_what_contradicts_itself) {
    ServiceGraph graph = graph_of({{"a", {}}, {"b", {"a"}}});
    graph.nodes[0].kind = NodeKind::job;
    graph.nodes[0].fatal = {{std::nullopt, "(unclosed"}};
    graph.nodes[1].restart.slow_lane = 30s;
    graph.nodes[1].restart.budget = 40;
    graph.restart_budget = StackBudget{};
    EXPECT_EQ(problems(graph),
              "error: a has a bad regular expression \"(unclosed\": Mismatched '(' and ')' in "
              "regular expression\n"
              "error: b needs the job a by a session edge, but a job that is done cannot bounce\n"
              "  fix: make it an init edge\n"
              "error: b's slow lane of 30s is faster than its back-off of 1min\n"
              "  fix: raise slow_lane or lower max\n"
              "error: b may restart 40 times, the whole stack only 30 times\n"
              "  fix: raise restarts in [restart_budget]\n");
}

TEST(Graph, knows_the_causes_of_failure_by_name) {
    Diagnostics diagnostics;
    (void)read_graph("format = 1\nsite = \"s\"\nsite_id = \"i\"\n[[node]]\nname = \"a\"\n"
                     "unit = \"a.service\"\n[[node.fatal]]\nexit = 1\ncause = \"disk_full\"\n"
                     "[[node.fatal]]\nlog = \"x\"\ncause = \"moon\"\n",
                     "graph.toml", diagnostics);
    EXPECT_EQ(all_text(diagnostics),
              "graph.toml:9:9: error: node.fatal tells this cause by log only\n"
              "graph.toml:12:9: error: unknown cause \"moon\"\n"
              "  fix: one of bad_config, port_taken, disk_full\n");
}

TEST(StartOrder, puts_each_unit_after_what_it_needs) {
    auto order = start_order(graph_of({{"d", {"b", "c"}}, {"b", {"a"}}, {"c", {"a"}}, {"a", {}}}));
    EXPECT_EQ(*order,
              (std::vector<std::string>{"a.service", "b.service", "c.service", "d.service"}));
}

} // namespace
} // namespace lakebed
