// Each case is a seed of lakebed_sim that broke an invariant, shrunk and told as a story.
// Stops and starts of the target: what of it is an operator's?
#include <gtest/gtest.h>

#include "engine/script.h"

namespace lakebed::test {
namespace {

TEST(Simulation, TheStopOfARestartedTargetIsNotAnOperators) {
    Script script = up();
    EXPECT_EQ(script.play(R"(
        10 target down
        11 target up t2
        12 hive inactive
        12 job hive stop done
        13 postgres stopping p1 job stop
        14 postgres inactive
        14 job postgres stop done
    )"),
              "start postgres\n");
    EXPECT_EQ(states(script), "postgres starting, hive waiting");
}

TEST(Simulation, AStopThatEndedJustBeforeTheTargetStartedAgainIsNotAnOperators) {
    Script script = up();
    EXPECT_EQ(script.play(R"(
        10 target down
        10 postgres stopping p1 job stop
        11 postgres inactive
        12 target up t2
        13 job postgres stop done
    )"),
              "start postgres\n");
}

TEST(Simulation, AnOperatorsStopAfterTheTargetRestartedCountsAgain) {
    Script script = up();
    EXPECT_EQ(script.play(R"(
        10 target down
        10 postgres stopping p1 job stop
        11 postgres inactive
        11 job postgres stop done
        11 hive stopping h1 job stop
        12 hive inactive
        12 job hive stop done
        20 target up t2
        21 job hive stop done
        22 postgres active p2
    )"),
              "start postgres\n");
    EXPECT_EQ(states(script), "postgres ready, hive stopped_by_operator");
}

TEST(Simulation, AStartOfTheTargetThatCancelsItsStopStartsWhatThatStopTakesDown) {
    Script script = up();
    EXPECT_EQ(script.play(R"(
        10 target down
        10 postgres stopping p1 job stop
        11 target up t1
        12 postgres inactive
        12 job postgres stop done
    )"),
              "start postgres\n");
}

TEST(Simulation, ARestartThatCanceledTheTargetsStopLeavesNothingToExcuse) {
    Script script = up();
    EXPECT_EQ(script.play(R"(
        10 target down
        10 hive stopping h1 job restart
        10 job hive stop canceled
        11 target up t2
        12 hive stopping h1 job stop
        12 job hive restart canceled
        13 hive inactive
    )"),
              "");
    EXPECT_EQ(states(script), "postgres stopping, hive stopped_by_operator");
}

TEST(Simulation, TheSameTargetToldAgainDoesNotExcuseAnOperatorsStop) {
    Script script = up();
    EXPECT_EQ(script.play("10 hive stopping h1 job stop\n 11 target up t1\n 12 hive inactive"), "");
    EXPECT_EQ(states(script), "postgres ready, hive stopped_by_operator");
}

TEST(Simulation, AStartOfOursThatReachesSystemdAfterTheTargetsStopIsUndone) {
    Script script("postgres");
    EXPECT_EQ(script.play(R"(
        0 postgres inactive
        0 target up t1
        1 target down
        2 postgres starting p1
        3 postgres active p1
    )"),
              "start postgres\nstop postgres\n");
    script.play("4 postgres inactive\n 4 job postgres stop done ours");
    EXPECT_EQ(script.play("5 target up t2"), "start postgres\n");
}

TEST(Simulation, ATargetThatStopsOverAStartOfOursAndStartsAgainIsNoOperatorsStop) {
    Script script("postgres");
    EXPECT_EQ(script.play(R"(
        0 postgres inactive
        0 target up t1
        1 target down
        1 target down
        2 target up t1
        3 postgres inactive job stop
        3 job postgres start canceled ours
        3 job postgres start refused ours
        4 postgres inactive
        4 job postgres stop done
        5 due postgres restart
    )"),
              "start postgres\nstart postgres\nstart postgres\n");
    EXPECT_EQ(states(script), "postgres starting");
}

TEST(Simulation, AStopLongAfterTheTargetStartedOverSomebodysRestartIsAnOperators) {
    Script script = up();
    EXPECT_EQ(script.play(R"(
        10 target down
        10 hive stopping h1 job stop
        11 hive inactive
        11 job hive stop done
        12 die
        12 hive starting h2 job restart
        12 postgres active p1
        12 target down
        13 hive active h2
        14 target up t2
        40 hive stopping h2 job stop
        41 hive inactive
        41 job hive stop done
    )"),
              "");
    EXPECT_EQ(script.node("hive").state, State::stopped_by_operator);
}

TEST(Simulation, OurStopForTheTargetThatStartsAgainMeanwhileIsNoOperators) {
    Script script("postgres");
    EXPECT_EQ(script.play(R"(
        0 postgres inactive
        0 target up t1
        1 target down
        2 postgres starting p1
        3 postgres active p1
        4 target up t2
        5 postgres stopping p1 job stop
        6 postgres inactive
        6 job postgres stop done ours
    )"),
              "start postgres\nstop postgres\nstart postgres\n");
}

TEST(Simulation, ATargetThatRestartsTwiceAtOnceIsNoOperatorsStop) {
    Script script = up();
    EXPECT_EQ(script.play(R"(
        10 target down
        11 target up t1
        11 postgres inactive
        11 hive inactive
        11 target down
        12 target up t1
        12 hive inactive
        12 job hive stop done
        12 job postgres stop done
        13 postgres active p2
    )"),
              "start postgres\nstart postgres\nstart hive\n");
}

TEST(Simulation, AStopOfBeforeTheTargetsStartThatEndsAfterItIsNotAnOperators) {
    Script script = up();
    EXPECT_EQ(script.play(R"(
        10 target down
        11 postgres inactive
        11 job postgres stop done
        12 postgres inactive job stop
        13 target up t2
        14 postgres inactive
        14 job postgres stop done
        15 postgres starting p2
        16 postgres active p2
    )"),
              "start postgres\n");
    EXPECT_EQ(script.node("postgres").state, State::ready);
}

TEST(Simulation, AStopOfTheTargetThatEndedBadlyJustBeforeItsStartIsNotAnOperators) {
    Script script = up("postgres\n hive");
    EXPECT_EQ(script.play(R"(
        10 postgres starting p2
        11 target down
        11 postgres stopping p2 job stop
        12 postgres failed p2 signal 15
        13 target up t2
        13 postgres failed p2 signal 15
        13 job postgres stop done
        14 postgres starting p3 job start
        15 postgres active p3
    )"),
              "start postgres\n");
    EXPECT_EQ(script.node("postgres").state, State::ready);
}

TEST(Simulation, AStopOfTheTargetThatShowsLateIsNotAnOperators) {
    Script script = up("postgres\n hive");
    EXPECT_EQ(script.play(R"(
        10 target down
        10 target up t1
        20 postgres stopping p1 job stop
        21 postgres inactive
        21 job postgres stop done
    )"),
              "start postgres\n");
}

TEST(Simulation, AStopOfTheTargetThatNothingShowedBeforeItsStartIsNotAnOperators) {
    Script script = up("postgres\n hive");
    EXPECT_EQ(script.play(R"(
        10 target down
        16 target up t2
        17 postgres inactive
        17 job postgres stop done
    )"),
              "start postgres\n");
}

TEST(Simulation, AStopThatIsOverWhenTheTargetStartsExcusesNoLaterOne) {
    Script script = up();
    EXPECT_EQ(script.play(R"(
        10 target down
        10 hive stopping h1 job ?
        11 user stop hive
        12 hive inactive
        12 job hive ? done
        12 postgres inactive
        12 job postgres stop done
        13 target up t2
        14 postgres starting p2
        14 hive inactive
        14 job hive stop done
        15 postgres active p2
    )"),
              "start postgres\n");
    EXPECT_EQ(states(script), "postgres ready, hive stopped_by_operator");
}

TEST(Simulation, AStopOfUnknownTypeAfterThatOfTheTargetIsAnOperators) {
    Script script = up();
    EXPECT_EQ(script.play(R"(
        10 target down
        10 target up t1
        11 hive stopping h1 job stop
        12 hive inactive
        12 job hive stop done
        13 hive inactive
        13 job hive ? done
    )"),
              "");
    EXPECT_EQ(states(script), "postgres stopping, hive stopped_by_operator");
}

TEST(Simulation, AStopOfUnknownTypeThatEndsAHoldOffAfterTheTargetStartedIsNotAnOperators) {
    Script script = up("postgres\n hive");
    EXPECT_EQ(script.play(R"(
        10 target down
        11 postgres holdoff p1 signal 9 job ?
        12 target up t2
        13 postgres inactive
        13 job postgres ? done
        14 postgres starting p2 job restart
        15 postgres active p2
    )"),
              "restart postgres\n");
    EXPECT_EQ(script.node("postgres").state, State::ready);
}

TEST(Simulation, AStopOfTheTargetOverAStartOfOursWhoseRunShowsAfterItIsNotAnOperators) {
    Script script = up("postgres\n hive");
    EXPECT_EQ(script.play(R"(
        10 postgres holdoff p1 signal 9
        10.1 target down
        10.1 target up t2
        10.1 postgres starting p2 job ?
        10.1 job postgres restart canceled ours
        12 postgres inactive
        12 job postgres ? done
        13 postgres starting p3 job start
        14 postgres active p3
    )"),
              "restart postgres\nstart postgres\n");
    EXPECT_EQ(script.node("postgres").state, State::ready);
}

TEST(Simulation, AStopByHandOfWhatFailedUnderTheTargetsStopIsAnOperators) {
    Script script = up();
    EXPECT_EQ(script.play(R"(
        10 target down
        10 target up t2
        10 hive active h1 job ?
        10.1 hive failed h1 exit 1
        10.1 job hive ? done
        10.2 hive failed h1 exit 1 job stop
        13 hive failed h1 exit 1
        13 job hive stop done
        14 postgres inactive
        14 job postgres stop done
        15 postgres active p2
    )"),
              "start postgres\n");
    EXPECT_EQ(states(script), "postgres ready, hive stopped_by_operator");
}

TEST(Simulation, AStopLongAfterTheTargetsThatPassedTheServiceByIsAnOperators) {
    Script script = up("postgres\n hive");
    EXPECT_EQ(script.play(R"(
        10 die
        20 postgres active p1
        20 hive active h1
        20 target down
        30 target up t2
        60 postgres inactive
        60 job postgres stop done
    )"),
              "");
    EXPECT_EQ(script.node("postgres").state, State::stopped_by_operator);
}

} // namespace
} // namespace lakebed::test
