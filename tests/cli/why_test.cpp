#include "cli/why.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lakebed {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr std::uint64_t kSecond = 1'000'000, kNow = 1'790'000'000 * kSecond;

// minio ← flink ← flex; redis is alone.
struct Stack {
    ServiceGraph graph;
    std::vector<ServiceStatus> services;

    Stack() {
        for (const char* name : {"minio", "flink", "flex", "redis"}) {
            std::string unit = "lakebed-" + std::string(name) + ".service";
            graph.nodes.push_back({.name = name, .unit = unit});
            services.push_back({.name = name, .unit = unit, .kind = "service", .state = "ready"});
        }
        graph.nodes[1].needs = {{"lakebed-minio.service", EdgeType::session}};
        graph.nodes[2].needs = {{"lakebed-flink.service", EdgeType::reconnects}};
    }
    ServiceStatus& operator[](const std::string& name) {
        return *std::ranges::find(services, name, &ServiceStatus::name);
    }
    [[nodiscard]] std::vector<Trouble> troubles(const std::vector<std::string>& asked = {}) const {
        return find_troubles(graph, services, asked);
    }
};

// As lakebedd tells it.
Stack minio_was_killed() {
    Stack stack;
    ServiceStatus& minio = stack["minio"];
    minio.state = "backing_off";
    minio.sentence = "minio was killed by SIGKILL (2 failures in a row); it is tried again after a "
                     "pause";
    minio.path = "minio";
    minio.cause = "crash";
    minio.cause_detail = "killed by SIGKILL";
    minio.cause_at = kNow - 12 * kSecond;
    minio.failures = 2;
    minio.retry_at = kNow + 3 * kSecond;
    ServiceStatus& flink = stack["flink"];
    flink.state = "held";
    flink.sentence = "flink is held: minio is not ready: killed by SIGKILL";
    flink.path = "flink minio";
    ServiceStatus& flex = stack["flex"];
    flex.state = "waiting";
    flex.sentence = "flex is waiting for flink";
    flex.path = "flex flink minio";
    return stack;
}

TEST(Why, NothingIsSaidOfWhatIsReady) {
    EXPECT_TRUE(Stack().troubles().empty());
    EXPECT_TRUE(minio_was_killed().troubles({"redis"}).empty());
}

TEST(Why, WithoutANameEachRootIsToldOnceWithThoseThatWaitForIt) {
    Stack stack = minio_was_killed();
    ServiceStatus& redis = stack["redis"];
    redis.state = "held";
    redis.hold = true;
    redis.sentence = "redis is held by an operator";
    redis.path = "redis";
    std::vector<Trouble> troubles = stack.troubles();
    ASSERT_EQ(troubles.size(), 2U);
    EXPECT_EQ(troubles[0].root.name, "minio");
    EXPECT_THAT(troubles[0].waiting, ElementsAre("flink", "flex"));
    EXPECT_EQ(troubles[1].service.name, "redis");
    EXPECT_EQ(troubles[1].advice, "lakebed release redis");
    EXPECT_FALSE(has_failed(troubles[1].root));
}

TEST(Why, OfAServiceItGivesThePathTheRootItsLastWordsAndWhatToDo) {
    std::vector<Trouble> troubles = minio_was_killed().troubles({"flex"});
    ASSERT_EQ(troubles.size(), 1U);
    troubles[0].evidence = Evidence{"/x/minio.log", {"one", "a \x1b[31mtwo"}};
    EXPECT_EQ(
        why_text(troubles[0], kNow),
        "flex is waiting for flink: minio is not ready, 12s ago\n"
        "  path      flex → flink → minio\n"
        "  root      minio is backing off: was killed by SIGKILL (2 failures in a row); it is "
        "tried again after a pause\n"
        "  failure   crash\n"
        "  next try  in 3.0s\n"
        "  evidence  /x/minio.log\n"
        "            | one\n"
        "            | a ?[31mtwo\n"
        "  to do     lakebed logs minio has its own words; lakebed start minio tries it now\n"
        "  waiting   flink\n");
}

TEST(Why, TheSentenceSaysHowLongAgoBeforeItSaysWhatIsDone) {
    Stack stack = minio_was_killed();
    EXPECT_EQ(why_sentence(stack.troubles({"flink"})[0], kNow),
              "flink is held: minio is not ready: killed by SIGKILL, 12s ago");
    EXPECT_EQ(why_sentence(stack.troubles({"minio"})[0], kNow),
              "minio was killed by SIGKILL (2 failures in a row), 12s ago; it is tried again after "
              "a pause");
}

TEST(Why, FromSystemdAloneThePathFollowsTheNeedsThatAreNotReady) {
    Stack stack;
    stack["minio"].state = "failed";
    stack["minio"].sentence = "result signal, see lakebed logs minio";
    stack["flink"].state = stack["flex"].state = "stopped";
    std::vector<Trouble> troubles = stack.troubles();
    ASSERT_EQ(troubles.size(), 1U);
    EXPECT_EQ(troubles[0].root.name, "minio");
    EXPECT_TRUE(has_failed(troubles[0].root));
    EXPECT_THAT(stack.troubles({"flex"})[0].path, ElementsAre("flex", "flink", "minio"));
    EXPECT_EQ(why_sentence(stack.troubles({"flex"})[0], kNow),
              "flex is stopped: minio is not ready");
}

TEST(Why, TheLastWordsOfAJvmAreThoseBeforeItsThreadDump) {
    EXPECT_THAT(end_of_log("1\n2\n3\n4\n5\n6\n7\n"), ElementsAre("2", "3", "4", "5", "6", "7"));
    EXPECT_THAT(end_of_log("T stuck\nT Full thread dump OpenJDK 64-Bit\nT \"main\"\nT heap\n"),
                ElementsAre("T stuck", "… and 3 lines of a thread dump"));
    EXPECT_TRUE(end_of_log("").empty());
}

TEST(Why, EachCauseHasItsOwnAdvice) {
    Stack stack = minio_was_killed();
    for (const auto& [cause, words] : {std::pair("bad_config", "lakebed apply"),
                                       {"port_taken", "[service.minio]"},
                                       {"disk_full", "make space"},
                                       {"out_of_memory", "memory in [service.minio]"},
                                       {"hang", "saved log"},
                                       {"start_timeout", "lakebed logs minio"}}) {
        stack["minio"].cause = cause;
        EXPECT_THAT(stack.troubles({"minio"})[0].advice, HasSubstr(words)) << cause;
    }
    stack["minio"] = {.name = "minio", .unit = "lakebed-minio.service", .state = "starting"};
    EXPECT_THAT(stack.troubles({"minio"})[0].advice, HasSubstr("lakebed wait minio"));
    stack["minio"].state = "stopped_by_operator";
    EXPECT_EQ(stack.troubles({"minio"})[0].advice, "lakebed start minio");
    stack["minio"].state = "stopped";
    stack["minio"].sentence = "minio cannot start: its unit is masked";
    EXPECT_EQ(stack.troubles({"minio"})[0].advice, "systemctl unmask lakebed-minio.service");
}

} // namespace
} // namespace lakebed
