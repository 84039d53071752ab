#include "engine/supervisor.h"

#include <gtest/gtest.h>

#include "engine/script.h"

namespace lakebed::test {
namespace {

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
    EXPECT_EQ(states(script), "postgres stopped_by_operator, hive degraded");
}

TEST(Supervisor, SeesAStopThatHappenedWhileItWasDead) {
    Script script = up();
    EXPECT_EQ(
        script.play("11 die\n 12 postgres inactive ran\n 12 hive active h1\n 12 target up t1"), "");
    EXPECT_EQ(states(script), "postgres stopped_by_operator, hive degraded");
}

TEST(Supervisor, KnowsAStoppedServiceWithoutAStateFileByItsTimestamps) {
    Script script(kPair);
    EXPECT_EQ(script.play("90 postgres inactive ran stopped 50\n 90 hive active h1\n"
                          "90 target up t1 10"),
              "");
    EXPECT_EQ(states(script), "postgres stopped_by_operator, hive degraded");
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
