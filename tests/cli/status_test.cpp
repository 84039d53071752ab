#include "cli/stack_status.h"

#include "cli/cli_fixture.h"

namespace lakebed {
namespace {

using test::CliTest;
using testing::HasSubstr;

class RunningSystem : public CliTest {};

TEST_F(RunningSystem, CommandsForTheRunningSystemRefuseARoot) {
    for (const char* verb : {"status", "wait", "up", "down", "init", "logs", "why", "events"}) {
        auto ran = run({verb});
        EXPECT_EQ(ran.exit, 9) << verb;
        EXPECT_THAT(ran.err, HasSubstr("--root")) << verb;
    }
    for (const char* verb : {"start", "stop", "restart", "hold", "release"})
        EXPECT_EQ(run({verb, "redis"}).exit, 9) << verb;
}

TEST_F(RunningSystem, VerifyBeforeTheFirstApplySaysWhatToDo) {
    auto ran = run({"verify", "--json"});
    EXPECT_EQ(ran.exit, ::geteuid() == 0 ? 10 : 3);
    EXPECT_THAT(document(ran)["error"]["hint"].get<std::string>(), HasSubstr("lakebed"));
}

TEST_F(RunningSystem, VerifyRunsTheStepsOfTheCurrentGenerationAndPrintsThem) {
    if (::geteuid() != 0) GTEST_SKIP() << "verify reads secrets: root only";
    root.write("var/lib/lakebed/current/graph.toml", write_graph({}));
    root.write("var/lib/lakebed/current/verify.toml",
               "[[step]]\nservice = \"x\"\nkind = \"tcp\"\nport = 1\ntimeout = \"2s\"\n");
    auto ran = run({"verify", "--json"});
    EXPECT_EQ(ran.exit, 1);
    auto report = document(ran);
    EXPECT_EQ(report["ok"], false);
    ASSERT_EQ(report["steps"].size(), 1u);
    EXPECT_EQ(report["steps"][0]["name"], "x: tcp");
    EXPECT_EQ(report["steps"][0]["ok"], false);
    EXPECT_THAT(report["steps"][0]["detail"].get<std::string>(), HasSubstr("refused"));
    EXPECT_THAT(run({"verify"}).out, HasSubstr("FAILED"));
}

TEST(SelectServices, NamesAndUnitsAreTakenAndOthersGetASuggestion) {
    ServiceGraph graph;
    graph.nodes.resize(2);
    graph.nodes[0].name = "redis";
    graph.nodes[0].unit = "lakebed-redis.service";
    graph.nodes[1].name = "minio";
    graph.nodes[1].unit = "lakebed-minio.service";
    EXPECT_EQ(select_services(graph, {})->size(), 2u);
    EXPECT_EQ(select_services(graph, {"lakebed-minio.service"})->front()->name, "minio");
    auto unknown = select_services(graph, {"rediss"});
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code, Errc::not_found);
    EXPECT_THAT(unknown.error().hint, HasSubstr("redis"));
}

TEST(SelectServices, AGuardIsNone) {
    ServiceGraph graph;
    graph.nodes.resize(2);
    graph.nodes[0].name = "redis";
    graph.nodes[1].name = graph.nodes[1].unit = "guard:disk";
    graph.nodes[1].kind = NodeKind::guard;
    EXPECT_EQ(select_services(graph, {})->size(), 1u);
    auto guard = select_services(graph, {"guard:disk"});
    ASSERT_FALSE(guard);
    EXPECT_EQ(guard.error().code, Errc::usage);
}

TEST(Guards, AreInTheWayOfThoseThatNeedThemWhileNotReady) {
    GraphNode redis;
    redis.needs = {{"guard:disk", EdgeType::suspends}};
    StackStatus status;
    status.guards = {{.name = "guard:disk",
                      .unit = "guard:disk",
                      .kind = "guard",
                      .state = "waiting",
                      .sentence = "the disk of /data is nearly full"}};
    ASSERT_NE(missing_guard(status, redis), nullptr);
    EXPECT_EQ(guard_line(status.guards[0]), "not ready: the disk of /data is nearly full");
    EXPECT_EQ(missing_guard(status, {}), nullptr);
    status.guards[0].state = "ready";
    status.guards[0].sentence = "guard:disk is fine";
    EXPECT_EQ(missing_guard(status, redis), nullptr);
    EXPECT_EQ(guard_line(status.guards[0]), "");
    status.guards[0].sentence = "the clock is not synchronised with any other";
    EXPECT_EQ(guard_line(status.guards[0]), "the clock is not synchronised with any other");
}

TEST(SelectServices, TheNameOfAServiceWithInstancesStandsForAllOfThem) {
    ServiceGraph graph;
    graph.nodes.resize(3);
    graph.nodes[0].name = "tm@1";
    graph.nodes[1].name = "tm@2";
    graph.nodes[2].name = "tma@1";
    EXPECT_EQ(select_services(graph, {"tm"})->size(), 2u);
    EXPECT_EQ(select_services(graph, {"tm@2"})->front(), &graph.nodes[1]);
}

TEST(SelectServices, AServiceThatIsNotConfiguredIsNamedSoWithWhatToSet) {
    ServiceGraph graph;
    graph.not_configured = {{"flex", "Flex", "set jar in [flex]"}};
    EXPECT_TRUE(select_services(graph, {})->empty()) << "nobody waits for it";
    auto left_out = select_services(graph, {"flex"});
    ASSERT_FALSE(left_out);
    EXPECT_EQ(left_out.error().message, "flex is not configured");
    EXPECT_EQ(left_out.error().hint, "set jar in [flex], then lakebed apply");
}

TEST(StateWords, AJobThatIsReadyIsDone) {
    ServiceStatus status;
    status.state = "ready";
    EXPECT_EQ(state_words(status), "ready");
    status.kind = "job";
    EXPECT_EQ(state_words(status), "done");
    status.state = "backing_off";
    EXPECT_EQ(state_words(status), "backing off");
}

TEST(StateLine, TheSentenceDoesNotRepeatNameAndState) {
    ServiceStatus status;
    status.name = "hive";
    auto line = [&](const char* state, const char* sentence) {
        status.state = state;
        status.sentence = sentence;
        return state_line(status);
    };
    EXPECT_EQ(line("starting", "hive is starting"), "starting");
    EXPECT_EQ(line("waiting", "hive is waiting for postgres"), "waiting for postgres");
    EXPECT_EQ(line("backing_off", "hive ended with exit status 1"),
              "backing off: ended with exit status 1");
    EXPECT_EQ(line("ready", "hive is ready"), "ready");
}

} // namespace
} // namespace lakebed
