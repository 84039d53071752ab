#include "engine/supervisor.h"

#include <gtest/gtest.h>

#include "engine/script.h"

namespace lakebed::test {
namespace {

TEST(Supervisor, LeavesAServiceStoppedThatAnOperatorStopped) {
    Script script = up();
    EXPECT_EQ(script.play(R"(
        10 postgres stopping p1 job stop
        11 postgres inactive
        11 job postgres stop done
        70 postgres inactive
        130 postgres inactive
    )"),
              "");
    EXPECT_EQ(states(script), "postgres stopped_by_operator, hive degraded");
    EXPECT_EQ(script.play("131 hive holdoff h1 exit 1"), "stop hive\n");
    EXPECT_EQ(script.node("hive").reason,
              "hive is held: postgres is not ready: stopped by an operator");
}

TEST(Supervisor, HonoursAStopOfAServiceThatWaits) {
    Script script(kPair);
    script.play("0 postgres inactive\n 0 hive inactive\n 0 target up t1\n"
                "1 hive inactive\n 1 job hive stop done");
    EXPECT_EQ(script.play("2 postgres active p1"), "");
    EXPECT_EQ(states(script), "postgres ready, hive stopped_by_operator");
}

TEST(Supervisor, HonoursAStopDuringTheHoldOff) {
    Script script = up("postgres\n hive");
    script.play(
        "10 postgres holdoff p1 exit 1\n 11 postgres active p2\n 12 postgres holdoff p2 exit 1");
    EXPECT_EQ(script.play("12.5 postgres inactive\n 13 due postgres restart"), "");
    EXPECT_EQ(states(script), "postgres stopped_by_operator, hive ready");
}

TEST(Supervisor, TakesAStopThatCancelsItsStartForAnOperatorsWish) {
    Script script("postgres");
    EXPECT_EQ(script.play(R"(
        0 postgres inactive
        0 target up t1
        1 postgres stopping p1 job stop
        1 job postgres start canceled ours
        2 postgres inactive
        2 job postgres stop done
    )"),
              "start postgres\n");
    EXPECT_EQ(states(script), "postgres stopped_by_operator");
}

TEST(Supervisor, AdoptsAManualStartAndSupervisesItAgain) {
    Script script = up("postgres\n hive");
    script.play("10 postgres inactive\n 20 postgres starting p2\n 21 postgres active p2");
    EXPECT_EQ(states(script), "postgres ready, hive ready");
    EXPECT_EQ(script.play("400 postgres holdoff p2 signal 9"), "restart postgres\n");
}

TEST(Supervisor, AdoptsAManualRestart) {
    Script script = up("postgres\n hive");
    EXPECT_EQ(script.play(R"(
        10 postgres stopping p1 job restart
        11 postgres inactive job start
        12 postgres starting p2 job start
        13 postgres active p2
        13 job postgres restart done
    )"),
              "");
    EXPECT_EQ(states(script), "postgres ready, hive ready");
}

TEST(Supervisor, DoesNotTakeResetFailedForAStop) {
    Script script("job init");
    script.play("0 init inactive\n 0 target up t1\n 1 init starting i1\n 2 init failed i1 exit 1");
    EXPECT_EQ(script.play("2.5 init inactive\n 3 due init restart"), "start init\n");
}

TEST(Supervisor, StopsAndStartsByCommandInTheOrderOfTheGraph) {
    Script script = up();
    EXPECT_EQ(script.play("10 user stop"), "stop hive\nstop postgres\n");
    script.play("11 hive inactive\n 11 job hive stop done ours\n"
                "12 postgres inactive\n 12 job postgres stop done ours");
    EXPECT_EQ(states(script), "postgres stopped_by_operator, hive stopped_by_operator");
    EXPECT_EQ(script.play("13 user start\n 14 postgres active p2"), "start postgres\nstart hive\n");
}

TEST(Supervisor, WaitsWithAStopUntilTheStartJobIsOver) {
    Script script("postgres");
    script.play("0 postgres inactive\n 0 target up t1\n 1 postgres starting p1");
    EXPECT_EQ(script.play("2 user stop postgres\n 3 postgres post p1"), "");
    EXPECT_EQ(script.play("4 postgres active p1"), "stop postgres\n");
    script.play("5 postgres inactive");
    EXPECT_EQ(states(script), "postgres stopped_by_operator");
}

TEST(Supervisor, RestartsByCommandOnceTheNeedsAreReady) {
    Script script = up();
    EXPECT_EQ(script.play("10 user restart hive"), "restart hive\n");
    script.play("11 hive stopping h1 job restart\n 12 hive active h2");
    EXPECT_EQ(script.play("20 postgres holdoff p1 signal 9\n 21 user restart hive"),
              "restart postgres\n");
    EXPECT_EQ(script.play("22 postgres active p2"), "restart hive\n");
}

TEST(Supervisor, HoldsOverARebootUntilRelease) {
    Script script = up();
    EXPECT_EQ(script.play("10 user hold postgres"), "stop postgres\n");
    script.play("11 postgres inactive");
    EXPECT_EQ(script.node("postgres").reason, "postgres is held by an operator");
    EXPECT_EQ(script.play("0 boot\n 0 postgres inactive\n 0 hive inactive\n 0 target up t2"), "");
    EXPECT_EQ(script.node("hive").reason,
              "hive is waiting for postgres, which is held by an operator");
    EXPECT_EQ(script.play("5 user release postgres"), "start postgres\n");
}

TEST(Supervisor, StartsNothingWhileTheTargetStopsAndAllWhenItStartsAgain) {
    Script script = up();
    script.play("10 postgres inactive"); // by an operator
    EXPECT_EQ(script.play(R"(
        20 target down
        20 hive stopping h1 job stop
        21 hive inactive
        21 job hive stop done
        22 due postgres restart
    )"),
              "");
    EXPECT_EQ(states(script), "postgres stopped, hive stopped");
    EXPECT_EQ(script.play("30 target up t2\n 31 postgres active p2"),
              "start postgres\nstart hive\n");
}

TEST(Supervisor, LeavesEverythingAtShutdown) {
    Script script = up();
    EXPECT_EQ(script.play("10 shutdown\n 11 hive holdoff h1 signal 15\n 12 postgres inactive\n"
                          "13 target up t2"),
              "");
}

} // namespace
} // namespace lakebed::test
