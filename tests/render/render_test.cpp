#include "render/render.h"

#include <gtest/gtest.h>

#include "support/small_profile.h"

namespace lakebed::test {
namespace {

std::string unit(const Desired& desired, const std::string& name) {
    for (const DesiredUnit& unit : desired.units)
        if (unit.name == name) return unit.content;
    return {};
}

std::string problems_with(const UnitTemplates& templates) {
    SmallStack small = small_stack();
    Diagnostics diagnostics;
    (void)render(small.stack, templates, diagnostics);
    return all_text(diagnostics);
}

TEST(Render, is_the_same_each_time) {
    EXPECT_EQ(small_stack().desired, small_stack().desired);
}

TEST(Render, names_a_config_directory_after_its_content) {
    std::string before = unit(small_stack().desired, "lakebed-store.service");
    SmallStack changed = small_stack("[service.store]\nlevel = \"debug\"\n");
    EXPECT_NE(unit(changed.desired, "lakebed-store.service"), before);
    EXPECT_EQ(unit(changed.desired, "lakebed-web.service"),
              unit(small_stack().desired, "lakebed-web.service"));
}

TEST(Render, gives_config_files_to_the_services_user_alone) {
    for (const DesiredFile& file : small_stack().desired.config_files) {
        EXPECT_EQ(file.mode, 0640U);
        EXPECT_TRUE(file.group == "lakebed-store" || file.group == "lakebed-web") << file.path;
    }
}

TEST(Render, leaves_no_secret_and_no_generation_number_in_its_output) {
    SmallStack small = small_stack();
    EXPECT_NE(small.desired.config_files.at(0).content.find("@credential:store-password@"),
              std::string::npos);
    EXPECT_NE(small.desired.graph.find("generation = 0"), std::string::npos);
    EXPECT_NE(unit(small.desired, "lakebed-store.service")
                  .find("LoadCredential=store-password:/etc/lakebed/secrets/store-password"),
              std::string::npos);
}

TEST(Render, writes_units_in_start_order) {
    SmallStack small = small_stack("", {kWebConf, kStoreConf});
    ASSERT_EQ(small.desired.units.size(), 3U);
    EXPECT_EQ(small.desired.units[0].name, "lakebed-store.service");
    EXPECT_EQ(small.desired.units[2].name, "lakebed-direct.target");
    EXPECT_EQ(small.stack.services[0].name, "web");
}

TEST(Render, refuses_a_heap_that_its_unit_does_not_allow) {
    EXPECT_EQ(
        problems_with({{"any.service.in", "[Service]\nMemoryMax=1G\nExecStart=/j -Xmx2g\n"}}),
        "error: the Java heap of lakebed-store.service is 2 GiB (-Xmx), more than its "
        "MemoryMax of 1 GiB: the kernel would kill it\n"
        "  fix: give it more memory, or take the option away: lakebed sets the heap itself\n"
        "error: the Java heap of lakebed-web.service is 2 GiB (-Xmx), more than its "
        "MemoryMax of 1 GiB: the kernel would kill it\n"
        "  fix: give it more memory, or take the option away: lakebed sets the heap itself\n");
}

TEST(Render, leaves_the_at_sign_of_an_argfile_before_a_path) {
    SmallStack small = small_stack("", {kWorkerConf});
    UnitTemplates templates = small.data.templates;
    templates["worker.service.in"] = "[Service]\nExecStart=/bin/java @@runtime@/jvm.args Main\n";
    Diagnostics diagnostics;
    Desired desired = render(small.stack, templates, diagnostics);
    EXPECT_EQ(all_text(diagnostics), "");
    EXPECT_EQ(unit(desired, "lakebed-worker@.service"),
              "[Service]\nExecStart=/bin/java @/run/lakebed/worker@%i/jvm.args Main\n");
}

TEST(Render, reports_unknown_variables_and_includes_with_their_place) {
    EXPECT_EQ(problems_with({{"any.service.in", "[Unit]\n@include:a.inc@\n"},
                             {"a.inc", "x\n  User=@usr@\n"}}),
              "units/a.inc:2:8: error: unknown variable @usr@ in the unit of store\n  fix: did you "
              "mean @user@?\n"
              "units/a.inc:2:8: error: unknown variable @usr@ in the unit of web\n  fix: did you "
              "mean @user@?\n");
    EXPECT_EQ(problems_with({{"any.service.in", "@include:b.inc@\n"}, {"a.inc", ""}}),
              "units/any.service.in:1:1: error: unit template \"b.inc\" of store does not exist\n"
              "  fix: did you mean \"a.inc\"?\n"
              "units/any.service.in:1:1: error: unit template \"b.inc\" of web does not exist\n"
              "  fix: did you mean \"a.inc\"?\n");
}

TEST(Render, notices_files_that_include_each_other) {
    std::string text = problems_with({{"any.service.in", "@include:a.inc@"},
                                      {"a.inc", "\n@include:b.inc@"},
                                      {"b.inc", "@include:a.inc@"}});
    EXPECT_TRUE(text.starts_with("units/b.inc:1:1: error: \"a.inc\" includes itself: "
                                 "any.service.in → a.inc → b.inc → a.inc\n"))
        << text;
}

TEST(Render, reports_a_cycle_of_needs) {
    std::string store = std::string(kStoreConf) + "[[need]]\non = \"web\"\n";
    EXPECT_EQ(
        all_text(small_stack("", {store, kWebConf}).diagnostics),
        "error: the graph has a cycle: store → web → store\n  fix: remove one of these needs\n");
}

// The test of the design: a component comes as files below profiles/ and units/, and no line of
// code knows its name.
TEST(Render, takes_a_fifth_service_from_files_alone) {
    Diagnostics diagnostics;
    ProfileData data = read_profile_data(LAKEBED_SOURCE_DIR, "core", diagnostics);
    data.confs.push_back(read_service_conf(R"([service]
name = "clock"
title = "Clock"
user = "lakebed-clock"
unit = "clock.service.in"
[[need]]
on = "redis"
type = "reconnects"
[ports]
port = 7123
[[file]]
path = "clock.conf"
format = "properties"
[file.values]
redis = "@redis.connect@:@redis.port@"
[probe]
kind = "tcp"
port = "@port@"
)",
                                           "conf/clock.toml", diagnostics));
    data.profile.services.emplace_back("clock");
    data.profile.service_pos.emplace_back();
    data.templates["clock.service.in"] =
        "@header@\n[Unit]\n@include:unit.inc@\n[Service]\nUser=@user@\n"
        "ExecStart=/usr/bin/env clock @config@/clock.conf @port@\n@include:service.inc@\n";
    Stack stack = resolve(resolve_input(data), diagnostics);
    Desired desired = render(stack, data.templates, diagnostics);
    EXPECT_EQ(all_text(diagnostics), "");

    Diagnostics none;
    ServiceGraph graph = read_graph(desired.graph, "graph.toml", none);
    const GraphNode* node = find_node(graph, "clock");
    ASSERT_TRUE(node);
    EXPECT_EQ(node->needs, (std::vector<Need>{{"lakebed-redis.service", EdgeType::reconnects},
                                              {"guard:clock", EdgeType::init},
                                              {"guard:disk", EdgeType::suspends},
                                              {"guard:port-clock", EdgeType::init}}));
    EXPECT_EQ(node->probe, (ProbeSpec{TcpProbe{"127.0.0.1", 7123}}));
    std::string text = unit(desired, "lakebed-clock.service");
    EXPECT_NE(text.find("After=lakebed.target lakebedd.service lakebed-redis.service\n"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("/clock.conf 7123\n"), std::string::npos) << text;
    EXPECT_EQ(desired.config_files.end()[-2].content,
              std::string("# Written by lakebed. Change lakebed.toml and run "
                          "`lakebed apply` instead of editing.\n"
                          "redis=127.0.0.1:6379\n"));
}

} // namespace
} // namespace lakebed::test
