// Each case is a seed of lakebed_sim that broke an invariant, shrunk and told as a story.
// Runs that nobody saw begin or end, as lakebedd or its connection was away.
#include <gtest/gtest.h>

#include "engine/script.h"

namespace lakebed::test {
namespace {

TEST(Simulation, AVerificationThatDiedWithLakebeddIsMadeUpFor) {
    Script script = up("postgres\n hive probe needs postgres");
    EXPECT_EQ(script.play("10 postgres holdoff p1 signal 9\n 11 postgres active p2"),
              "restart postgres\nprobe hive\n");
    EXPECT_EQ(script.play("12 die\n 13 postgres active p2\n 13 hive active h1\n 13 target up t1"),
              "probe hive\n");
}

TEST(Simulation, ASessionRestartThatDiedWithLakebeddIsMadeUpFor) {
    Script script = up("postgres\n hive needs postgres session");
    EXPECT_EQ(script.play("10 postgres starting p2\n 11 postgres active p2"), "restart hive\n");
    EXPECT_EQ(script.play("12 die\n 13 postgres active p2\n 13 hive active h1\n 13 target up t1"),
              "restart hive\n");
}

TEST(Simulation, ARunThatBeganBeforeItsNeedsWhileLakebeddWasDeadIsRenewed) {
    Script script = up("postgres\n hive needs postgres session");
    EXPECT_EQ(script.play(R"(
        12 die
        40 postgres active p2 began 27 ready 28
        40 hive active h2 began 25 ready 26
        40 target up t1
    )"),
              "restart hive\n");
}

TEST(Simulation, AnActiveUnitWithAJobOfUnknownTypeIsNotReady) {
    Script script = up();
    script.play("10 postgres active p1 job ?");
    EXPECT_EQ(states(script), "postgres stopping, hive degraded");
}

TEST(Simulation, AStopByCommandThatDiedWithLakebeddIsSentAgain) {
    Script script = up("postgres\n hive");
    EXPECT_EQ(script.play("10 user stop postgres"), "stop postgres\n");
    EXPECT_EQ(
        script.play("11 die\n 20 postgres holdoff p1 exit 1\n 20 hive active h1\n 20 target up t1"),
        "stop postgres\n");
    script.play("21 postgres inactive");
    EXPECT_EQ(states(script), "postgres stopped_by_operator, hive ready");
}

TEST(Simulation, ARunThatSystemdBeganItselfDoesNotEndAStopByCommand) {
    Script script = up("postgres\n hive");
    script.play("10 user stop postgres");
    EXPECT_EQ(script.play("11 die\n 40 postgres active p2 restarts 1\n 40 hive active h1\n"
                          "40 target up t1"),
              "stop postgres\n");
}

TEST(Simulation, AUnitAdoptedWithoutAProcessIsNotReady) {
    Script script = up();
    script.play("10 die\n 11 hive inactive\n 11 postgres inactive job start\n 11 target up t1");
    EXPECT_EQ(states(script), "postgres restarting, hive stopped_by_operator");
}

TEST(Simulation, AShortRunWhoseSnapshotsCoalescedWasStopped) {
    Script script("postgres");
    EXPECT_EQ(script.play(R"(
        0 postgres inactive
        0 target up t1
        1 postgres inactive
        1 job postgres start done ours
        60 postgres inactive
    )"),
              "start postgres\n");
    EXPECT_EQ(states(script), "postgres stopped_by_operator");
}

TEST(Simulation, AStartOverridesAStopThatWasLostWithTheConnection) {
    Script script = up("postgres\n hive");
    EXPECT_EQ(script.play("10 user stop postgres\n 11 postgres active p1\n 20 user start postgres\n"
                          "60 postgres active p1"),
              "stop postgres\n");
    EXPECT_EQ(states(script), "postgres ready, hive ready");
}

TEST(Simulation, AFreshRunWhoseSessionIsOverIsNotReadyWhileItsRestartWaitsForAJob) {
    Script script("postgres\n job init\n hive needs postgres session, init init");
    EXPECT_EQ(script.play(R"(
        0 postgres inactive
        0 init inactive
        0 hive inactive
        0 target up t1
        1 hive starting h1
        2 postgres active p1
        3 hive active h1
    )"),
              "start postgres\nstart init\n");
    EXPECT_EQ(states(script), "postgres ready, init starting, hive degraded");
    EXPECT_EQ(script.node("hive").reason,
              "hive runs with an earlier postgres, and will be restarted");
    EXPECT_EQ(script.play("4 init active i1"), "restart hive\n");
}

TEST(Simulation, AStartByHandOfAHoldOffWhileLakebeddWasDeadOverridesTheStopBefore) {
    Script script = up("postgres\n hive");
    EXPECT_EQ(script.play(R"(
        10 user stop postgres
        11 die
        20 postgres holdoff p1 signal 9 job start
        20 hive active h1
        20 target up t1
        21 postgres active p2
    )"),
              "stop postgres\nrestart postgres\n");
    EXPECT_EQ(states(script), "postgres ready, hive ready");
}

TEST(Simulation, ARestartThatWaitsForAJobDoesNotPutOffTheProbeAfterANeedsReturn) {
    Script script("postgres\n job init\n hive probe needs postgres, init init");
    script.play(R"(
        0 postgres inactive
        0 init inactive
        0 hive inactive
        0 target up t1
        1 postgres active p1
        1 init active i1
        2 hive active h1
        10 init inactive
        11 user restart hive
        12 postgres holdoff p1 signal 9
    )");
    EXPECT_EQ(script.play("13 postgres active p2"), "probe hive\n");
    EXPECT_EQ(script.node("hive").state, State::degraded);
}

TEST(Simulation, ARestartThatDiedWithLakebeddLeavesARunThatMustShowThatItServes) {
    Script script("minio\n postgres probe needs minio\n hive probe needs postgres");
    script.play(R"(
        0 minio inactive
        0 postgres inactive
        0 hive inactive
        0 target up t1
        1 minio active m1
        2 postgres active p1
        3 hive active h1
    )");
    EXPECT_EQ(script.play(R"(
        10 user restart hive
        11 die
        12 minio active m1
        12 postgres active p1
        12 hive active h1
    )"),
              "restart hive\nprobe postgres\nprobe hive\n");
    EXPECT_EQ(states(script), "minio ready, postgres ready, hive degraded");
}

TEST(Simulation, ARestartByHandInPlaceOfOurStopWhileLakebeddWasDeadOverridesIt) {
    Script script = up("postgres\n hive needs postgres session");
    EXPECT_EQ(script.play(R"(
        10 user stop
        11 die
        20 postgres inactive
        20 hive stopping h1 job restart
        20 target up t1
        21 hive active h2
        22 postgres active p2
    )"),
              "stop hive\nstop postgres\nrestart hive\n");
}

TEST(Simulation, AStartByHandInPlaceOfOurStopWhileLakebeddWasDeadOverridesIt) {
    Script script = up("postgres\n hive");
    EXPECT_EQ(script.play(R"(
        10 user stop
        11 die
        20 postgres active p1 job start
        20 hive holdoff h2 exit 1
        20 target up t1
        21 postgres active p1
    )"),
              "stop hive\nstop postgres\n");
    EXPECT_EQ(states(script), "postgres ready, hive backing_off");
}

TEST(Simulation, AStopByCommandDuringOurRestartOutlivesLakebedd) {
    Script script = up("postgres\n hive");
    EXPECT_EQ(script.play(R"(
        10 user restart postgres
        11 postgres stopping p1 job restart
        12 user stop postgres
        13 die
        14 postgres stopping p1 job restart
        14 hive active h1
        14 target up t1
        15 postgres starting p2 job start
        16 postgres active p2
    )"),
              "restart postgres\nstop postgres\n");
}

TEST(Simulation, OurStopThatWasJustSentAgainWhenTheTargetStartsIsNoOperators) {
    Script script = up("postgres\n hive");
    EXPECT_EQ(script.play(R"(
        10 user stop postgres
        11 die
        30 postgres active p1
        30 hive active h1
        30 target up t2
        31 postgres stopping p1 job stop
        32 postgres inactive
        32 job postgres stop done ours
    )"),
              "stop postgres\nstop postgres\nstart postgres\n");
}

TEST(Simulation, ARunWhoseRestartWentMissingMustShowThatItServes) {
    Script script("minio\n postgres probe needs minio\n hive probe needs postgres");
    script.play(R"(
        0 minio inactive
        0 postgres inactive
        0 hive inactive
        0 target up t1
        1 minio active m1
        2 postgres active p1
        3 hive active h1
    )");
    EXPECT_EQ(script.play(R"(
        10 user restart hive
        11 minio holdoff m1 signal 9
        12 minio active m2
        13 probe postgres ok
        60 hive active h1
    )"),
              "restart hive\nrestart minio\nprobe postgres\nprobe hive\n");
    EXPECT_EQ(states(script), "minio ready, postgres ready, hive degraded");
}

TEST(Simulation, ARunThatComesBackFromAStopIsPingedAgain) {
    Script script("postgres liveness");
    script.play(R"(
        0 postgres inactive
        0 target down
        1 postgres active p1
        2 target down
        3 postgres active p1
        10 due postgres liveness
    )");
    EXPECT_EQ(script.play("20 target up t1", Show::all), "deadline postgres liveness 30.000\n"
                                                         "postgres is ready\n"
                                                         "\"postgres is ready\"\n");
}

TEST(Simulation, AServiceThatIsToStopForAGuardStopsThoughItsRestartIsAskedFor) {
    Script script("guard room\n postgres needs room suspends");
    EXPECT_EQ(script.play(R"(
        0 guard room ok
        0 postgres inactive
        0 target up t1
        1 postgres starting p1
        2 guard room low
        3 user restart postgres
        4 postgres active p1
        5 postgres inactive
        5 job postgres stop done ours
        9 guard room ok
    )"),
              "start postgres\nstop postgres\nstart postgres\n");
}

TEST(Simulation, WhatTookAServiceDownBeforeOurStopForAGuardWasSentIsAnOperator) {
    Script script("guard room\n postgres needs room suspends");
    EXPECT_EQ(script.play(R"(
        0 guard room ok
        0 postgres inactive
        0 target up t1
        1 postgres starting p1
        2 guard room low
        3 die
        30 guard room low
        30 postgres inactive
        30 target up t1
        40 guard room ok
    )"),
              "start postgres\n");
    EXPECT_EQ(script.node("postgres").state, State::stopped_by_operator);
}

TEST(Simulation, ARunAgainstAGuardIsOrdinaryOnceTheGuardIsReady) {
    Script script("guard room\n postgres needs room suspends");
    script.play(R"(
        0 guard room low
        0 postgres inactive
        0 target up t1
        1 postgres active p1
    )");
    EXPECT_EQ(script.play("9 guard room ok", Show::all),
              "room is ready\n\"room is fine\"\n\"postgres is ready\"\n");
}

TEST(Simulation, AStartByCommandDuringOurStopThatOutlivedLakebeddIsNotForgotten) {
    Script script = up("postgres\n hive");
    EXPECT_EQ(script.play(R"(
        10 user stop postgres
        11 postgres stopping p1 job stop
        12 die
        13 postgres stopping p1 job stop
        13 hive active h1
        13 target up t1
        14 user start postgres
        15 postgres inactive
        15 job postgres stop done ours
    )"),
              "stop postgres\nstart postgres\n");
}

TEST(Simulation, AnExcusedStopOfWhatWeRestartedAsLakebeddDiedIsNotAnOperators) {
    Script script = up("postgres\n hive");
    EXPECT_EQ(script.play(R"(
        10 target down
        11 postgres holdoff p1 signal 9 job ?
        12 target up t2
        13 die
        30 postgres inactive
        30 hive active h1
        30 target up t2
    )"),
              "restart postgres\nstart postgres\n");
}

TEST(Simulation, AJobThatFailedAndWasResetWhileLakebeddWasDeadIsRunAgain) {
    Script script = up("job init\n postgres needs init init");
    EXPECT_EQ(script.play("10 die\n 20 init inactive ran exit 1 result success\n"
                          "20 postgres active p1\n 20 target up t1"),
              "start init\n");
}

} // namespace
} // namespace lakebed::test
