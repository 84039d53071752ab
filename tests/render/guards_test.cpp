#include <fmt/format.h>
#include <gtest/gtest.h>

#include "render/render.h"
#include "support/small_profile.h"

namespace lakebed::test {
namespace {

ServiceGraph graph_of(const SmallStack& small) {
    EXPECT_EQ(all_text(small.diagnostics), "");
    Diagnostics diagnostics;
    ServiceGraph graph = read_graph(small.desired.graph, "graph.toml", diagnostics);
    EXPECT_EQ(all_text(diagnostics), "");
    return graph;
}

// "web: lakebed-store.service reconnects, guard:clock init", a line a node.
std::string needs(const ServiceGraph& graph) {
    std::string text;
    for (const GraphNode& node : graph.nodes) {
        if (is_guard(node)) continue;
        text += node.name + ":";
        for (const Need& need : node.needs)
            text += fmt::format(" {} {}", need.unit, to_string(need.type));
        text += "\n";
    }
    return text;
}

const DiskCheck& disk(const ServiceGraph& graph, std::string_view name) {
    return std::get<DiskCheck>(*find_node(graph, name)->guard);
}

TEST(Guards, SuspendWhoeverWritesToADiskAndWhoeverLeansOnThat) {
    const ServiceGraph graph = graph_of(small_stack());
    EXPECT_EQ(needs(graph),
              "store: guard:clock init guard:disk suspends guard:port-store init\n"
              "web: lakebed-store.service reconnects guard:clock init guard:disk suspends "
              "guard:port-web init\n");
    EXPECT_EQ(disk(graph, "guard:disk"), (DiskCheck{"/var/lib/lakebed/data",
                                                    {std::uint64_t{512} << 20},
                                                    {std::uint64_t{768} << 20},
                                                    4096}));
    EXPECT_EQ(std::get<PortCheck>(*find_node(graph, "guard:port-store")->guard),
              (PortCheck{"lakebed-store.service", {"127.0.0.1:7001", "127.0.0.1:7002"}}));
    EXPECT_EQ(find_node(graph, "guard:disk")->title, "free space of /var/lib/lakebed/data");
}

TEST(Guards, LeaveAloneWhatWritesNowhere) {
    const SmallStack small = small_stack("", {kStoreConf, kWorkerConf});
    const GraphNode* worker = find_node(graph_of(small), "worker@1");
    ASSERT_NE(worker, nullptr);
    EXPECT_EQ(graph_of(small).nodes.at(1).needs,
              (std::vector<Need>{{"guard:clock", EdgeType::init}}));
}

TEST(Guards, AreOneForEachPlaceOfData) {
    const ServiceGraph graph =
        graph_of(small_stack("data_dir = \"/srv/all\"\n[store]\ndata_dir = \"/srv/fast\"\n"));
    EXPECT_EQ(find_node(graph, "guard:disk"), nullptr); // nobody's
    EXPECT_EQ(disk(graph, "guard:disk-store").path, "/srv/fast");
}

TEST(Guards, TakeTheirMarksFromTheSiteOverTheProfile) {
    const Machine machine{.profile = "[guards]\nmin_free = \"1GiB\"\nresume_free = \"2GiB\"\n"
                                     "min_free_inodes = 7\n"};
    const std::vector<std::string> confs = {kStoreConf};
    DiskCheck check = disk(graph_of(small_stack("", confs, machine)), "guard:disk");
    EXPECT_EQ(check.min_free.mib(), 1024U);
    EXPECT_EQ(check.resume_free.mib(), 2048U);
    EXPECT_EQ(check.min_free_inodes, 7U);
    check = disk(graph_of(small_stack("[guards]\nmin_free = \"4GiB\"\n", confs, machine)),
                 "guard:disk");
    EXPECT_EQ(check.min_free.mib(), 4096U);
    EXPECT_EQ(check.resume_free.mib(), 6144U);
    EXPECT_EQ(check.min_free_inodes, 7U);
}

TEST(Guards, WantMarksThatCanBeReached) {
    EXPECT_EQ(
        all_text(
            small_stack("[guards]\nmin_free = \"4GiB\"\nresume_free = \"1GiB\"\n").diagnostics),
        "lakebed.toml:3:15: error: guards.resume_free is 1 GiB, less than guards.min_free of "
        "4 GiB\n"
        "  fix: leave resume_free out: it is half as much again\n");
    EXPECT_EQ(all_text(small_stack("[guards]\nmin_fre = \"4GiB\"\n").diagnostics),
              "lakebed.toml:2:1: error: unknown key guards.min_fre\n"
              "  fix: did you mean guards.min_free?\n");
}

} // namespace
} // namespace lakebed::test
