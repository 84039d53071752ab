#include <gtest/gtest.h>

#include "script.h"

namespace lakebed::test {
namespace {

// An engine over a store, each writing to the same disk; a reader that does not.
constexpr std::string_view kWriters = R"(
    guard room
    store needs room suspends
    engine needs store, room suspends
    reader
)";

Script running() {
    Script script(kWriters);
    script.play(R"(
        0 guard room ok
        0 store inactive
        0 engine inactive
        0 reader inactive
        0 target up t1
        1 store active s1
        1 reader active r1
        2 engine active e1
    )");
    return script;
}

// Both are stopped, and the JobDone of each has come.
Script suspended() {
    Script script = running();
    script.play(R"(
        400 guard room low
        401 engine inactive
        401 job engine stop done ours
        402 store inactive
        402 job store stop done ours
    )");
    return script;
}

TEST(DiskGuard, StopsTheWritersFromTheTopDownAndAwaitsEach) {
    Script script = running();
    EXPECT_EQ(script.play("400 guard room low"), "stop engine\n");
    EXPECT_EQ(script.node("engine").reason,
              "engine is being stopped: the disk of /data is nearly full");
    EXPECT_EQ(script.play("401 engine stopping e1 job stop\n 401 guard room low"), "");
    EXPECT_EQ(script.play("402 engine inactive\n 402 job engine stop done ours"), "stop store\n");
    EXPECT_EQ(script.play("403 store inactive\n 403 job store stop done ours\n 460 guard room low"),
              "");
    EXPECT_EQ(states(script), "room waiting, store held, engine held, reader ready");
    EXPECT_EQ(script.node("store").reason, "store is held: the disk of /data is nearly full");
}

TEST(DiskGuard, StartsTheWritersInOrderOnceThereIsRoomAndTakesNoBudget) {
    Script script = suspended();
    EXPECT_EQ(script.play("500 guard room ok"), "start store\n");
    EXPECT_EQ(script.play("501 store active s2"), "start engine\n");
    EXPECT_EQ(script.play("502 engine active e2\n 503 guard room ok"), "");
    EXPECT_EQ(states(script), "room ready, store ready, engine ready, reader ready");
    EXPECT_EQ(script.state().restarts.size(), 0u);
    EXPECT_EQ(script.node("engine").restarts.size(), 0u);
    EXPECT_EQ(script.node("engine").restarts_total, 0u);
    EXPECT_FALSE(script.node("engine").operator_stopped);
}

TEST(DiskGuard, GoesOnWhereItWasWhenLakebeddDiesHalfWay) {
    Script script = running();
    script.play("400 guard room low");
    EXPECT_EQ(script.play(R"(
        401 die
        402 guard room low
        402 store active s1
        402 engine inactive ran
        402 reader active r1
        402 target up t1
    )"),
              "stop store\n");
    EXPECT_EQ(script.play("403 store inactive\n 403 job store stop done ours\n"
                          "500 guard room ok\n 501 store active s2"),
              "start store\nstart engine\n");
}

TEST(DiskGuard, FinishesAStopThatDiedWithLakebedd) {
    Script script = running();
    script.play("400 guard room low");
    EXPECT_EQ(script.play(R"(
        401 die
        402 guard room low
        402 store active s1
        402 engine active e1
        402 reader active r1
        402 target up t1
    )"),
              "stop engine\n");
    EXPECT_FALSE(script.node("engine").operator_stopped);
}

TEST(DiskGuard, HoldsTheStartAfterAReboot) {
    Script script = suspended();
    EXPECT_EQ(script.play(R"(
        410 boot
        411 guard room low
        411 store inactive
        411 engine inactive
        411 reader inactive
        411 target up t2
    )"),
              "start reader\n");
    EXPECT_EQ(script.node("store").reason, "store is held: the disk of /data is nearly full");
    EXPECT_EQ(script.play("420 guard room ok"), "start store\n");
}

TEST(DiskGuard, IsRememberedOverARebootSoThatItNeedsItsHigherMark) {
    Script script = suspended();
    script.play("410 boot");
    EXPECT_EQ(script.node("room").state, State::waiting);
    EXPECT_EQ(script.node("store").state, State::stopped);
}

TEST(DiskGuard, StartsNothingThatNeedsItBeforeItWasChecked) {
    Script script(kWriters);
    EXPECT_EQ(script.play("0 store inactive\n 0 engine inactive\n 0 reader inactive\n"
                          "0 target up t1"),
              "start reader\n");
    EXPECT_EQ(script.play("1 guard room ok"), "start store\n");
}

TEST(DiskGuard, LeavesAnOperatorsStopWhenThereIsRoomAgain) {
    Script script = suspended();
    script.play("450 user stop engine");
    EXPECT_EQ(script.play("500 guard room ok\n 501 store active s2"), "start store\n");
    EXPECT_EQ(script.node("engine").reason, "engine was stopped by an operator");
    EXPECT_EQ(script.play("600 user start engine"), "start engine\n");
}

TEST(DiskGuard, LeavesAStopBySystemctlWhenThereIsRoomAgain) {
    Script script = suspended();
    script.play("450 job engine stop done");
    EXPECT_EQ(script.play("500 guard room ok\n 501 store active s2"), "start store\n");
    EXPECT_EQ(script.node("engine").reason, "engine was stopped by an operator");
}

TEST(DiskGuard, DoesNotFightAStartByHand) {
    Script script = suspended();
    EXPECT_EQ(script.play("450 store starting s2\n 451 store active s2\n 452 guard room low"), "");
    EXPECT_EQ(script.node("store").reason,
              "store was started by hand, though the disk of /data is nearly full");
    EXPECT_EQ(script.play("453 die\n 454 guard room low\n 454 store active s2\n"
                          "454 engine inactive\n 454 reader active r1\n 454 target up t1"),
              "");
    // The next time it is as any other.
    EXPECT_EQ(script.play("500 guard room ok\n 501 engine active e2\n 600 guard room low\n"
                          "601 engine inactive\n 601 job engine stop done ours"),
              "start engine\nstop engine\nstop store\n");
}

TEST(DiskGuard, MakesLakebedStartWaitAsAnyNeedDoes) {
    Script script = suspended();
    EXPECT_EQ(script.play("450 user start store"), "");
    EXPECT_EQ(script.node("store").reason, "store is held: the disk of /data is nearly full");
}

TEST(DiskGuard, LetsAStartComeToItsEndBeforeItStopsIt) {
    Script script = running();
    script.play("400 engine holdoff e1 signal 9\n 400.1 engine starting e2");
    EXPECT_EQ(script.play("401 guard room low"), "");
    EXPECT_EQ(script.play("402 engine active e2"), "stop engine\n");
}

TEST(DiskGuard, TakesACrashOfAWriterForItsOwn) {
    Script script = running();
    script.play("400 guard room low");
    EXPECT_EQ(script.play("400.5 store holdoff s1 exit 1"), "stop store\n");
    EXPECT_EQ(script.node("store").attempts, 0);
    EXPECT_EQ(script.node("store").reason, "store is held: the disk of /data is nearly full");
}

TEST(DiskGuard, StopsWhatWasStartedAgainWhileItsStopWasUnderWay) {
    Script script = running();
    script.play("400 guard room low\n 401 guard room ok");
    EXPECT_EQ(script.play("402 engine inactive\n 402 job engine stop done ours"), "start engine\n");
    EXPECT_EQ(script.node("store").run, "s1");
}

constexpr std::string_view kListener = "guard port\n postgres needs port init";

TEST(PortGuard, RefusesTheStartWhileThePortIsTakenAndStartsWhenItIsFree) {
    Script script(kListener);
    EXPECT_EQ(script.play("0 guard port taken\n 0 postgres inactive\n 0 target up t1"), "");
    EXPECT_EQ(script.node("postgres").reason,
              "postgres is held: port 5432 is taken by nginx (pid 7)");
    EXPECT_EQ(script.play("30 guard port ok"), "start postgres\n");
}

TEST(PortGuard, NeverTouchesWhatRuns) {
    Script script(kListener);
    script.play("0 guard port ok\n 0 postgres inactive\n 0 target up t1\n 1 postgres active p1");
    EXPECT_EQ(script.play("100 guard port taken"), "");
    EXPECT_EQ(states(script), "port waiting, postgres ready");
}

TEST(PortGuard, EndsTheBackOffOfWhatFailedOnItAndStartsItAtOnceWhenItIsFree) {
    Script script(kListener);
    script.play("0 guard port ok\n 0 postgres inactive\n 0 target up t1\n 1 postgres starting p1\n"
                "2 postgres holdoff p1 exit 1");
    EXPECT_EQ(script.play("2.3 guard port taken\n 2.3 port postgres"), "stop postgres\n");
    EXPECT_EQ(script.node("postgres").last_incident->cause, Cause::port_taken);
    EXPECT_EQ(script.play("3 postgres inactive\n 3.1 job postgres stop done ours\n"
                          "60 guard port ok"),
              "start postgres\n");
}

TEST(Guard, IsNobodysToStartOrStop) {
    Script script = running();
    EXPECT_EQ(script.play("300 user stop room\n 301 user hold room\n 302 user start room"), "");
    EXPECT_EQ(states(script), "room ready, store ready, engine ready, reader ready");
    EXPECT_EQ(script.play("310 room inactive\n 311 job room stop done"), "");
}

} // namespace
} // namespace lakebed::test
