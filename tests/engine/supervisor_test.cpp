#include "engine/supervisor.h"

#include <gtest/gtest.h>

#include "engine/script.h"

namespace lakebed::test {
namespace {

constexpr std::string_view kPair = R"(
    postgres
    hive needs postgres
)";

// Both up, at 2 s; at 400 s both have had their good run.
Script up(std::string_view graph = kPair) {
    Script script(graph);
    script.play(R"(
        0 postgres inactive
        0 hive inactive
        0 target up t1
        1 postgres active p1
        2 hive active h1
    )");
    return script;
}

// ---- starting ---------------------------------------------------------------------------------

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

// ---- recovery ---------------------------------------------------------------------------------

TEST(Supervisor, RestartsACrashedServiceAtOnceAndThenBacksOff) {
    Script script = up("postgres\n hive");
    EXPECT_EQ(script.play("400 postgres holdoff p1 signal 9", Show::all),
              "restart postgres\n"
              "postgres is restarting\n"
              "\"postgres was killed by SIGKILL; restarting\"\n");
    EXPECT_EQ(script.play("401 postgres active p2", Show::all),
              "deadline postgres good_run 701.000\n"
              "postgres is ready\n"
              "\"postgres was killed by SIGKILL; restarted\"\n");
    // A back-off shorter than systemd's hold-off leaves the fail-safe armed.
    EXPECT_EQ(
        script.play("402 postgres holdoff p2 exit 1", Show::all),
        "deadline postgres restart 403.000\n"
        "postgres is backing_off\n"
        "\"postgres ended with exit status 1 (2 failures in a row); it is tried again after a "
        "pause\"\n");
    EXPECT_EQ(script.play("403 due postgres restart"), "restart postgres\n");
}

TEST(Supervisor, EndsTheHoldOffWhenItMustWaitLonger) {
    Script script("postgres");
    script.play("0 postgres inactive\n 0 target up t1\n 1 postgres holdoff r1 exit 1\n"
                "2 due postgres restart\n 3 postgres holdoff r2 exit 1\n 5 due postgres restart\n"
                "6 postgres holdoff r3 exit 1\n 10 due postgres restart\n"
                "11 postgres holdoff r4 exit 1\n 19 due postgres restart");
    // 1, 2, 4 and 8 s have passed; 16 s are longer than RestartSec.
    EXPECT_EQ(
        script.play("20 postgres holdoff r5 exit 1", Show::all),
        "deadline postgres restart 36.000\n"
        "stop postgres\n"
        "postgres is backing_off\n"
        "\"postgres ended with exit status 1 (5 failures in a row); it is tried again after a "
        "pause\"\n");
    EXPECT_EQ(script.play("20 postgres inactive\n 36 due postgres restart"), "start postgres\n");
}

TEST(Supervisor, TakesTheSlowLaneWhenTheBudgetIsSpentAndNeverGivesUp) {
    Script script = up("postgres\n hive");
    double now = 400;
    for (int i = 0; i < 5; ++i) {
        script.play(std::to_string(now) + " postgres holdoff r" + std::to_string(i) + " exit 1");
        now += 70;
        script.play(std::to_string(now) + " due postgres restart");
        now += 1;
    }
    EXPECT_EQ(script.play("800 postgres holdoff r9 exit 1", Show::all),
              "deadline postgres slow_lane 980.000\n"
              "stop postgres\n"
              "postgres is slow_lane\n"
              "\"postgres ended with exit status 1; 5 restarts did not help, it is tried every "
              "3min\"\n");
    EXPECT_EQ(script.play("800 postgres inactive\n 980 due postgres slow_lane"),
              "start postgres\n");
    EXPECT_EQ(script.play("981 postgres holdoff r10 exit 1", Show::all),
              "deadline postgres slow_lane 1161.000\n"
              "stop postgres\n"
              "postgres is slow_lane\n"
              "\"postgres ended with exit status 1; 5 restarts did not help, it is tried every "
              "3min\"\n");
    // A good run ends it.
    script.play("981 postgres inactive\n 1161 due postgres slow_lane\n 1162 postgres active r11");
    script.play("1462 due postgres good_run");
    EXPECT_EQ(script.node("postgres").reason, "postgres is ready");
    EXPECT_EQ(script.play("1500 postgres holdoff r11 exit 1"), "restart postgres\n");
}

TEST(Supervisor, IgnoresAGoodRunThatBelongsToAnEarlierOne) {
    Script script = up("postgres\n hive");
    script.play("400 postgres holdoff p1 signal 9\n 401 postgres active p2");
    script.play(
        "600 postgres holdoff p2 signal 9\n 601 due postgres restart\n 602 postgres active p3");
    EXPECT_EQ(script.node("postgres").attempts, 2);
    script.play("701 due postgres good_run");
    EXPECT_EQ(script.node("postgres").attempts, 2);
    script.play("902 due postgres good_run");
    EXPECT_EQ(script.node("postgres").attempts, 0);
}

TEST(Supervisor, TriesAFailedJobAgainByStartingIt) {
    Script script("job init");
    EXPECT_EQ(script.play(R"(
        0 init inactive
        0 target up t1
        1 init starting i1
        2 init failed i1 exit 1
        2 job init start failed ours
        3 due init restart
    )"),
              "start init\nstart init\n");
}

TEST(Supervisor, CountsEachFailedRunOnce) {
    Script script = up("postgres\n hive");
    EXPECT_EQ(script.play(R"(
        400 postgres holdoff p1 signal 9
        400 postgres holdoff p1 signal 9
        400 postgres holdoff p1 signal 9 job restart
    )"),
              "restart postgres\n");
    EXPECT_EQ(script.node("postgres").attempts, 1);
}

TEST(Supervisor, ResetsAUnitThatHitASystemdStartLimit) {
    Script script("job init");
    script.play("0 init inactive\n 0 target up t1\n 1 init starting i1\n"
                "2 init failed i1 result start-limit-hit");
    EXPECT_EQ(script.play("3 due init restart"), "reset-failed init\nstart init\n");
}

// ---- needs ------------------------------------------------------------------------------------

TEST(Supervisor, SuspendsADependentWhoseNeedIsAwayAndStartsItInOrderWithoutCost) {
    Script script = up();
    EXPECT_EQ(script.play("400 postgres holdoff p1 signal 9"), "restart postgres\n");
    EXPECT_EQ(script.play("401 hive holdoff h1 exit 1", Show::all),
              "stop hive\n"
              "hive is held\n"
              "\"hive is held: postgres is not ready: killed by SIGKILL\"\n");
    EXPECT_EQ(script.play("402 hive inactive\n 403 postgres starting p2"), "");
    EXPECT_EQ(script.play("404 postgres active p2"), "start hive\n");
    EXPECT_EQ(script.node("hive").attempts, 0);
    EXPECT_TRUE(script.node("hive").restarts.empty());
}

TEST(Supervisor, LeavesARunningDependentAloneAndVerifiesItWhenTheNeedIsBack) {
    Script script = up("postgres\n hive probe needs postgres");
    EXPECT_EQ(script.play("400 postgres holdoff p1 signal 9\n 401 postgres active p2"),
              "restart postgres\nprobe hive\n");
    EXPECT_EQ(script.play("402 probe hive ok"), "");
    EXPECT_EQ(states(script), "postgres ready, hive ready");
}

TEST(Supervisor, RestartsASessionDependentOnceAfterTheNeedIsReadyAgain) {
    Script script = up("postgres\n hive probe needs postgres session");
    EXPECT_EQ(script.play("400 postgres holdoff p1 signal 9"), "restart postgres\n");
    EXPECT_EQ(script.play("401 postgres active p2"), "restart hive\n");
    EXPECT_EQ(script.play("402 hive active h1\n 403 hive stopping h1 job restart\n"
                          "404 hive starting h2\n 405 hive active h2\n 406 postgres active p2"),
              "");
    EXPECT_EQ(script.node("hive").attempts, 0);
}

TEST(Supervisor, DoesNotRestartASessionDependentForTheSameRunOfItsNeed) {
    Script script = up("postgres liveness\n hive needs postgres session");
    EXPECT_EQ(script.play("20 live postgres bad\n 30 live postgres ok"), "");
}

TEST(Supervisor, LeavesADependentThatNeededItAtItsStartOnly) {
    Script script = up("postgres\n hive probe needs postgres init");
    EXPECT_EQ(script.play("400 postgres holdoff p1 signal 9\n 401 postgres active p2"),
              "restart postgres\n");
    // Its own failure is its own, though its start waits.
    EXPECT_EQ(script.play("800 postgres stopping p2 job stop\n 801 postgres inactive\n"
                          "802 hive holdoff h1 exit 1"),
              "stop hive\n");
    EXPECT_EQ(script.node("hive").attempts, 1);
}

TEST(Supervisor, SuspendsABackOffWhenTheNeedGoesAway) {
    Script script = up();
    script.play("10 hive holdoff h1 exit 1\n 11 hive active h2\n 12 hive holdoff h2 exit 1");
    EXPECT_EQ(script.play("12.5 postgres holdoff p1 signal 9", Show::jobs),
              "restart postgres\nstop hive\n");
    EXPECT_EQ(script.play("13 due hive restart\n 13 hive inactive"), "");
    EXPECT_EQ(script.play("14 postgres active p2"), "start hive\n");
}

// ---- probes -----------------------------------------------------------------------------------

TEST(Supervisor, CallsAServiceDegradedAtOnceAndHungAfterAllItsTries) {
    Script script = up("postgres liveness\n hive needs postgres");
    EXPECT_EQ(script.play("11 due postgres liveness", Show::all),
              "probe postgres liveness\ndeadline postgres liveness 21.000\n");
    EXPECT_EQ(script.play("11 live postgres bad", Show::all),
              "postgres is degraded\n\"postgres runs but does not answer its probe: no answer\"\n");
    EXPECT_EQ(script.play("21 live postgres bad\n 31 live postgres bad"), "watchdog postgres\n");
    EXPECT_EQ(script.play("32 postgres holdoff p1 result watchdog", Show::all),
              "restart postgres\n"
              "postgres is restarting\n"
              "\"postgres hung; restarting\"\n");
}

TEST(Supervisor, TakesAReadinessThatStaysAwayForAHang) {
    Script script = up("postgres\n hive probe needs postgres");
    script.play("400 postgres holdoff p1 signal 9\n 401 postgres active p2");
    EXPECT_EQ(script.play("402 probe hive bad", Show::all),
              "deadline hive verify 403.000\n"
              "hive is degraded\n"
              "\"hive runs but does not answer its probe: no answer\"\n");
    EXPECT_EQ(script.play("403 due hive verify"), "probe hive\n");
    EXPECT_EQ(script.play("491 probe hive bad\n 492 probe hive bad"), "watchdog hive\n");
}

// ---- bad configuration ------------------------------------------------------------------------

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

// ---- people -----------------------------------------------------------------------------------

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
    EXPECT_EQ(states(script), "postgres stopped_by_operator, hive ready");
    EXPECT_EQ(script.play("131 hive holdoff h1 exit 1"), "stop hive\n");
    EXPECT_EQ(script.node("hive").reason,
              "hive is held: postgres is not ready: it was stopped by an operator");
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

// ---- the target -------------------------------------------------------------------------------

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

// ---- its own death ----------------------------------------------------------------------------

TEST(Supervisor, VerifiesButRestartsNothingHealthyAfterItsOwnDeath) {
    Script script = up("postgres probe liveness\n hive probe needs postgres session");
    EXPECT_EQ(script.play(R"(
        9 die
        10 postgres active p1
        10 hive active h1
        10 target up t1
    )"),
              "probe hive\n");
    EXPECT_EQ(states(script), "postgres ready, hive ready");
}

TEST(Supervisor, ResumesABackOffAfterItsOwnDeath) {
    Script script = up("postgres\n hive");
    script.play("10 postgres holdoff p1 exit 1\n 11 postgres active p2\n"
                "12 postgres holdoff p2 exit 1");
    EXPECT_EQ(script.play("12.1 die\n 12.5 postgres holdoff p2 exit 1\n 12.5 hive active h1\n"
                          "12.5 target up t1",
                          Show::all),
              "deadline postgres restart 13.000\n");
}

TEST(Supervisor, RemembersAnOperatorsStopOverItsOwnDeath) {
    Script script = up();
    script.play("10 postgres inactive");
    EXPECT_EQ(script.play("11 die\n 12 postgres inactive\n 12 hive active h1\n 12 target up t1"),
              "");
    EXPECT_EQ(states(script), "postgres stopped_by_operator, hive ready");
}

TEST(Supervisor, SeesAStopThatHappenedWhileItWasDead) {
    Script script = up();
    EXPECT_EQ(
        script.play("11 die\n 12 postgres inactive ran\n 12 hive active h1\n 12 target up t1"), "");
    EXPECT_EQ(states(script), "postgres stopped_by_operator, hive ready");
}

TEST(Supervisor, KnowsAStoppedServiceWithoutAStateFileByItsTimestamps) {
    Script script(kPair);
    EXPECT_EQ(script.play("90 postgres inactive ran stopped 50\n 90 hive active h1\n"
                          "90 target up t1 10"),
              "");
    EXPECT_EQ(states(script), "postgres stopped_by_operator, hive ready");
    Script restarted(kPair);
    EXPECT_EQ(restarted.play("90 postgres inactive ran stopped 50\n 90 hive active h1\n"
                             "90 target up t1 70"),
              "start postgres\n");
}

TEST(Supervisor, ClearsOperatorsStopsWhenTheTargetWasStartedWhileItWasDead) {
    Script script = up();
    script.play("10 postgres inactive");
    EXPECT_EQ(script.play("11 die\n 12 postgres inactive\n 12 hive active h1\n 12 target up t2"),
              "start postgres\n");
}

// ---- the graph --------------------------------------------------------------------------------

TEST(Supervisor, TakesANewGraphWithoutTouchingWhatRuns) {
    Script script = up();
    SupervisorState state = script.state();
    Supervisor engine(std::move(state));
    const auto actions = engine.on(GraphReloaded{read_test_graph("minio\n hive needs minio")},
                                   TimePoint(std::chrono::seconds(10)));
    for (const Action& action : actions) {
        EXPECT_FALSE(std::holds_alternative<act::StopUnit>(action));
        EXPECT_FALSE(std::holds_alternative<act::RestartUnit>(action));
        EXPECT_FALSE(std::holds_alternative<act::StartUnit>(action));
    }
    ASSERT_EQ(engine.state().nodes.size(), 2u);
    EXPECT_EQ(engine.state().nodes.at("lakebed-hive.service").state, State::ready);
    UnitSnapshot inactive;
    inactive.load_state = "loaded";
    inactive.active_state = "inactive";
    const auto next = engine.on(UnitChanged{"lakebed-minio.service", inactive},
                                TimePoint(std::chrono::seconds(11)));
    EXPECT_EQ(next.at(0), Action(act::StartUnit{"lakebed-minio.service"}));
}

} // namespace
} // namespace lakebed::test
