// Each case is a seed of lakebed_sim that broke an invariant, shrunk and told as a story.
// Stops by an operator and ours: whose is it, and what does it end?
#include <gtest/gtest.h>

#include "engine/script.h"

namespace lakebed::test {
namespace {

TEST(Simulation, AStartByCommandDuringOurStopDoesNotExcuseTheNextStop) {
    Script script = up();
    EXPECT_EQ(script.play(R"(
        10 user stop hive
        11 hive stopping h1 job stop
        11 postgres stopping p1 job stop
        12 user start hive
        13 hive inactive
        13 job hive stop done ours
        14 hive inactive
        14 job hive stop done
    )"),
              "stop hive\n");
    EXPECT_EQ(states(script), "postgres stopping, hive stopped_by_operator");
}

TEST(Simulation, AStartByHandOverridesOurStop) {
    Script script = up("postgres\n hive");
    EXPECT_EQ(script.play(R"(
        10 user stop postgres
        11 postgres active p1 job start
        11 job postgres stop canceled ours
        20 postgres active p1
    )"),
              "stop postgres\n");
    EXPECT_EQ(states(script), "postgres ready, hive ready");
}

TEST(Simulation, AStopByCommandDuringSomebodysRestartStopsTheRunThatComes) {
    Script script = up("postgres\n hive");
    EXPECT_EQ(script.play(R"(
        10 postgres stopping p1 job restart
        11 user stop postgres
        11 user hold postgres
        12 postgres inactive job start
        13 postgres starting p2 job start
        14 postgres active p2
    )"),
              "stop postgres\n");
}

TEST(Simulation, ARefusedStopStopsTheRunThatWasInItsWay) {
    Script script = up("postgres\n hive");
    EXPECT_EQ(script.play(R"(
        10 user stop postgres
        10 job postgres stop refused ours
        11 postgres stopping p1 job restart
        12 postgres starting p2 job start
        13 postgres active p2
    )"),
              "stop postgres\nstop postgres\n");
}

TEST(Simulation, AStopByCommandOfAQueuedStartStopsItsRun) {
    Script script = up("postgres\n hive");
    EXPECT_EQ(script.play(R"(
        10 postgres inactive
        20 postgres inactive job start
        21 user hold postgres
        22 postgres starting p2 job start
        23 postgres active p2
    )"),
              "stop postgres\n");
}

TEST(Simulation, AStopByHandThatIsToldOfOverAStartOfOursEndsTheRunThatComes) {
    Script script = up();
    EXPECT_EQ(script.play(R"(
        10 postgres holdoff p1 signal 9
        11 hive holdoff h1 signal 9
        12 hive inactive
        12 job hive stop done ours
        13 hive inactive job stop
        14 postgres active p2
        15 hive inactive
        15 job hive stop done
        16 hive starting h2
        17 hive active h2
        18 hive stopping h2 job stop
        19 hive inactive
        19 job hive stop done ours
        60 hive inactive
    )"),
              "restart postgres\nstop hive\nstart hive\nstop hive\n");
    EXPECT_EQ(states(script), "postgres ready, hive stopped_by_operator");
}

TEST(Simulation, AStopByHandOfTheHoldOffThatCrossesOurRestartEndsTheRunThatComes) {
    Script script = up("postgres\n hive");
    EXPECT_EQ(script.play(R"(
        10 postgres holdoff p1 signal 9
        11 postgres inactive
        12 postgres inactive
        12 job postgres stop done
        13 postgres starting p2 job restart
        14 postgres active p2
        15 postgres inactive
        15 job postgres stop done ours
    )"),
              "restart postgres\nstop postgres\n");
    EXPECT_EQ(states(script), "postgres stopped_by_operator, hive ready");
}

TEST(Simulation, AStopThatWentByWithTheConnectionExcusesNoLaterOne) {
    Script script = up();
    EXPECT_EQ(script.play(R"(
        10 postgres inactive
        10 hive inactive
        10 target down
        11 target up t2
        12 hive inactive
        12 job hive stop done
        13 postgres active p2
    )"),
              "start postgres\n");
    EXPECT_EQ(states(script), "postgres ready, hive stopped_by_operator");
}

TEST(Simulation, AStopOverSomebodysRestartLeavesNoRunToCome) {
    Script script = up("postgres\n hive");
    EXPECT_EQ(script.play(R"(
        10 postgres stopping p1 job restart
        11 postgres stopping p1 job ?
        11 job postgres restart canceled
        12 postgres inactive
        12 job postgres ? done
        13 user start postgres
    )"),
              "start postgres\n");
}

TEST(Simulation, AStartByCommandTakesBackTheStopOfAStartOnItsWay) {
    Script script("postgres");
    EXPECT_EQ(script.play(R"(
        0 postgres inactive
        0 target up t1
        1 user stop postgres
        2 user start postgres
        3 postgres starting p1
        4 postgres active p1
    )"),
              "start postgres\n");
    EXPECT_EQ(states(script), "postgres ready");
}

TEST(Simulation, AStartByCommandLongAfterAStopThatLeftNoRunStartsAtOnce) {
    Script script = up("postgres\n hive");
    EXPECT_EQ(script.play(R"(
        10 postgres stopping p1 job ?
        10 user stop postgres
        11 postgres inactive
        11 job postgres ? done
        50 user start postgres
    )"),
              "start postgres\n");
}

TEST(Simulation, AStopWhoseEndIsToldOfAfterAStartByCommandDoesNotUndoIt) {
    Script script = up();
    EXPECT_EQ(script.play(R"(
        10 hive stopping h1 job stop
        11 hive inactive
        12 user start hive
        13 hive inactive
        13 job hive stop done
        14 hive starting h2
        15 hive active h2
    )"),
              "start hive\n");
    EXPECT_EQ(states(script), "postgres ready, hive ready");
}

TEST(Simulation, AJobOfUnknownTypeThatShowsWhileItIsToStopIsNobodysStart) {
    Script script = up();
    EXPECT_EQ(script.play(R"(
        10 postgres starting p2
        11 target down
        12 target up t1
        13 postgres starting p2 job ?
        14 postgres stopping p2 job ?
        15 postgres failed p2 signal 15
        15 job postgres ? done
    )"),
              "start postgres\n");
}

TEST(Simulation, AStopLongAfterOneWhoseEndWentByWithTheConnectionIsAnOperators) {
    Script script = up();
    EXPECT_EQ(script.play(R"(
        10 target down
        10 hive stopping h1 job stop
        10 postgres stopping p1 job stop
        12 hive inactive
        12 postgres inactive
        12 target up t2
        13 postgres starting p2
        20 hive inactive
        20 job hive stop done
        21 postgres active p2
    )"),
              "start postgres\n");
    EXPECT_EQ(states(script), "postgres ready, hive stopped_by_operator");
}

TEST(Simulation, AStopOverARestartOfOursThatFailsByItIsAnOperators) {
    Script script = up("postgres\n hive");
    EXPECT_EQ(script.play(R"(
        10 postgres holdoff p1 signal 9
        11 postgres starting p2 job restart
        12 postgres post p2 job restart
        13 postgres failed p2 signal 15
        13 job postgres restart canceled ours
        13 job postgres ? done
        20 due postgres restart
    )"),
              "restart postgres\n");
    EXPECT_EQ(states(script), "postgres stopped_by_operator, hive ready");
}

TEST(Simulation, ACanceledJobOfUnknownTypeIsNotTheStopWhoseEndIsToCome) {
    Script script = up("postgres\n hive");
    EXPECT_EQ(script.play(R"(
        10 postgres stopping p1 job ?
        10 target down
        10 target up t1
        11 postgres inactive
        11 job postgres ? canceled
        12 job postgres ? done
        13 postgres starting p2 job start
        14 postgres active p2
    )"),
              "start postgres\n");
    EXPECT_EQ(script.node("postgres").state, State::ready);
}

TEST(Simulation, ARestartByCommandTakesBackTheStopOfTheRunThatSomebodysRestartBrings) {
    Script script = up("postgres\n hive");
    EXPECT_EQ(script.play(R"(
        10 postgres stopping p1 job ?
        11 user stop postgres
        12 user restart postgres
        13 postgres starting p2 job ?
        14 postgres active p2
    )"),
              "");
    EXPECT_EQ(script.node("postgres").state, State::ready);
}

TEST(Simulation, AStartByHandLongAfterAStopByHandThatLeftNoRunIsNotUndone) {
    Script script = up("postgres\n hive");
    EXPECT_EQ(script.play(R"(
        10 postgres stopping p1 job ?
        10 user hold postgres
        11 postgres inactive
        12 job postgres ? done
        40 postgres starting p2 job restart
        41 postgres active p2
    )"),
              "");
    EXPECT_EQ(script.node("postgres").state, State::ready);
}

TEST(Simulation, AStopByCommandOfTheRunThatSomebodysRestartBringsAfterAStartByCommandStopsIt) {
    Script script = up("postgres\n hive");
    EXPECT_EQ(script.play(R"(
        10 postgres stopping p1 job ?
        10 user start
        11 postgres starting p2 job ?
        11 user stop postgres
        13 postgres active p2
    )"),
              "stop postgres\n");
}

TEST(Simulation, AStartByHandInPlaceOfOurStopWhoseEndWentByWithTheConnectionIsKept) {
    Script script = up("postgres\n hive");
    EXPECT_EQ(script.play(R"(
        10 user stop postgres
        10 postgres active p1 job stop
        11 postgres active p1 job start
        12 postgres active p1
        12 job postgres start done
        60 postgres active p1
    )"),
              "stop postgres\n");
    EXPECT_EQ(script.node("postgres").state, State::ready);
}

} // namespace
} // namespace lakebed::test
