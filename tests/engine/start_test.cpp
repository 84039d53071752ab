#include "engine/supervisor.h"

#include <gtest/gtest.h>

#include "engine/script.h"

namespace lakebed::test {
namespace {

TEST(Supervisor, StartsEachUnitTheMomentAllItsNeedsAreReady) {
    Script script(R"(
        postgres
        job init needs postgres init
        minio
        hive needs postgres, minio session, init init
    )");
    const auto step = [&](std::string_view event) { return script.play(event); };
    EXPECT_EQ(step("0 postgres inactive\n 0 init inactive\n 0 minio inactive\n 0 hive inactive"),
              "");
    EXPECT_EQ(step("1 target up t1"), "start postgres\nstart minio\n");
    EXPECT_EQ(step("2 postgres post p1"), "");
    EXPECT_EQ(step("3 postgres active p1"), "start init\n");
    EXPECT_EQ(step("4 minio active m1"), "");
    EXPECT_EQ(step("5 init starting i1"), "");
    EXPECT_EQ(step("6 init active i1"), "start hive\n");
    EXPECT_EQ(step("7 hive active h1"), "");
    EXPECT_EQ(states(script), "postgres ready, init ready, minio ready, hive ready");
}

TEST(Supervisor, TellsStatesDeadlinesAndSentencesOnce) {
    Script script("postgres liveness\n hive needs postgres");
    EXPECT_EQ(script.play(R"(
        0 postgres inactive
        0 hive inactive
        1 target up t1
        2 postgres active p1
        2 postgres active p1
    )",
                          Show::all),
              "start postgres\n"
              "postgres is starting\n"
              "hive is waiting\n"
              "\"postgres is starting\"\n"
              "\"hive is waiting for postgres\"\n"
              "deadline postgres liveness 12.000\n"
              "start hive\n"
              "postgres is ready\n"
              "hive is starting\n"
              "\"postgres is ready\"\n"
              "\"hive is starting\"\n");
}

TEST(Supervisor, StartsNothingBeforeTheTargetAndNothingItHasNotSeen) {
    Script script(kPair);
    EXPECT_EQ(script.play("0 postgres inactive\n 0 target down"), "");
    EXPECT_EQ(states(script), "postgres stopped, hive stopped");
    EXPECT_EQ(script.play("1 target up t1"), "start postgres\n");
    EXPECT_EQ(script.play("2 postgres active p1"), "");
    EXPECT_EQ(script.play("3 hive inactive"), "start hive\n");
}

TEST(Supervisor, DoesNotRestartAMaskedServiceThatDiedUntilItIsUnmasked) {
    Script script = up();
    EXPECT_EQ(script.play("10 postgres active p1 mask\n 11 hive holdoff h1 signal 9"),
              "restart hive\n");
    EXPECT_EQ(script.play("12 postgres holdoff p1 signal 9 mask\n 12 hive holdoff h2 signal 9\n"
                          "13 postgres inactive mask\n 13 hive inactive\n"
                          "14 user restart postgres\n"),
              "stop postgres\nstop hive\n");
    EXPECT_EQ(script.node("postgres").reason, "postgres cannot start: its unit is masked");
    EXPECT_EQ(script.node("hive").reason, "hive is held: postgres is not ready: masked");
    EXPECT_EQ(script.play("20 postgres inactive"), "start postgres\n");
}

TEST(Supervisor, DoesNotStartAMaskedUnitUntilItIsUnmasked) {
    Script script(kPair);
    EXPECT_EQ(script.play("0 postgres masked\n 0 hive inactive\n 0 target up t1"), "");
    EXPECT_EQ(script.node("hive").reason, "hive is waiting for postgres, which is masked");
    EXPECT_EQ(script.play("9 postgres inactive"), "start postgres\n");
}

TEST(Supervisor, RecordsTheSpansOfAStart) {
    Script script("postgres");
    script.play(R"(
        0 postgres inactive
        1 target up t1
        2 postgres starting p1
        3 postgres post p1
        4 postgres active p1
    )");
    const NodeState& node = script.node("postgres");
    const auto at = [](int seconds) { return TimePoint(std::chrono::seconds(seconds)); };
    EXPECT_EQ(node.queued_at, at(1));
    EXPECT_EQ(node.started_at, at(2));
    EXPECT_EQ(node.probing_at, at(3));
    EXPECT_EQ(node.ready_at, at(4));
}

TEST(Supervisor, TriesAgainInASecondWhatSystemdRefused) {
    Script script("postgres");
    script.play("0 postgres inactive\n 0 target up t1");
    EXPECT_EQ(script.play("1 job postgres start refused ours", Show::all),
              "deadline postgres restart 2.000\n"
              "postgres is backing_off\n"
              "\"postgres is about to start\"\n");
    EXPECT_EQ(script.play("2 due postgres restart"), "start postgres\n");
}

TEST(Supervisor, DoesNotRetryABadConfigurationUntilSomethingChanges) {
    Script script("postgres fatal 78");
    script.play("0 postgres inactive\n 0 target up t1\n 1 postgres starting p1");
    EXPECT_EQ(script.play("2 postgres failed p1 exit 78", Show::all),
              "postgres is held\n"
              "\"postgres is held: its configuration is wrong: exit status 78; it is tried again "
              "after the next apply or by `lakebed start postgres`\"\n");
    EXPECT_EQ(script.play("600 postgres failed p1 exit 78"), "");
    EXPECT_EQ(script.play("601 reload 2"), "start postgres\n");
    script.play("602 postgres starting p2\n 603 postgres failed p2 exit 78");
    EXPECT_EQ(script.play("604 user start postgres"), "start postgres\n");
}

TEST(Supervisor, KnowsABadConfigurationByALogLineThatComesAfterTheRestart) {
    Script script = up("postgres\n hive");
    EXPECT_EQ(script.play("400 postgres holdoff p1 exit 1\n 400.1 fatal postgres no-such-key"),
              "restart postgres\n");
    EXPECT_EQ(script.play("401 postgres starting p2\n 402 postgres holdoff p2 exit 1"),
              "stop postgres\n");
    EXPECT_EQ(states(script), "postgres held, hive ready");
}

} // namespace
} // namespace lakebed::test
