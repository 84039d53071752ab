#include "engine/supervisor.h"

#include <gtest/gtest.h>

#include "engine/explain.h"
#include "engine/script.h"

namespace lakebed::test {
namespace {

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

TEST(LostNeed, DegradesAReconnectingDependentAtOnceAndVerifiesItWhenTheNeedIsBack) {
    Script script = up("postgres\n hive probe needs postgres");
    EXPECT_EQ(script.play("400 postgres stopping p1 job stop\n 401 postgres inactive\n"
                          "401 job postgres stop done"),
              "");
    EXPECT_EQ(states(script), "postgres stopped_by_operator, hive degraded");
    EXPECT_EQ(script.node("hive").reason,
              "hive runs, but postgres is not ready: stopped by an operator");
    EXPECT_EQ(script.play("500 user start postgres\n 501 postgres active p2"),
              "start postgres\nprobe hive\n");
    EXPECT_EQ(states(script), "postgres ready, hive degraded");
    EXPECT_EQ(script.node("hive").reason,
              "hive runs and must show that it is ready, as what it needs was away");
    EXPECT_EQ(script.play("502 probe hive ok"), "");
    EXPECT_EQ(states(script), "postgres ready, hive ready");
}

TEST(LostNeed, DegradesEveryLevelAndVerifiesThemInOrder) {
    Script script("minio\n postgres needs minio\n hive probe needs postgres\n"
                  "flink probe needs hive");
    script.play("0 minio inactive\n 0 postgres inactive\n 0 hive inactive\n 0 flink inactive\n"
                "0 target up t1\n 1 minio active m1\n 2 postgres active p1\n 3 hive active h1\n"
                "4 flink active f1");
    EXPECT_EQ(script.play("400 minio holdoff m1 signal 9"), "restart minio\n");
    EXPECT_EQ(states(script), "minio restarting, postgres degraded, hive degraded, flink degraded");
    EXPECT_EQ(script.node("flink").reason, "flink runs, but minio is not ready: killed by SIGKILL");
    EXPECT_EQ(why_path(script.state(), "lakebed-flink.service"),
              (std::vector<std::string>{"lakebed-flink.service", "lakebed-hive.service",
                                        "lakebed-postgres.service", "lakebed-minio.service"}));
    EXPECT_EQ(script.play("401 minio active m2"), "probe hive\n"); // postgres has no probe
    EXPECT_EQ(states(script), "minio ready, postgres ready, hive degraded, flink degraded");
    EXPECT_EQ(script.play("402 probe hive ok"), "probe flink\n");
    EXPECT_EQ(script.play("403 probe flink ok"), "");
    EXPECT_EQ(states(script), "minio ready, postgres ready, hive ready, flink ready");
}

TEST(LostNeed, NeverDegradesWhatNeededItAtItsStartOnlyNorAJobThatIsDone) {
    Script script("postgres\n job init needs postgres\n hive needs postgres init");
    script.play("0 postgres inactive\n 0 init inactive\n 0 hive inactive\n 0 target up t1\n"
                "1 postgres active p1\n 2 init active i1\n 2 hive active h1\n"
                "400 postgres holdoff p1 signal 9");
    EXPECT_EQ(states(script), "postgres restarting, init ready, hive ready");
}

TEST(LostNeed, DoesNotBelieveAProbeThatBeganBeforeTheLoss) {
    Script script = up("postgres\n hive probe needs postgres");
    EXPECT_EQ(script.play("400 postgres holdoff p1 signal 9\n 401 postgres active p2"),
              "restart postgres\nprobe hive\n");
    EXPECT_EQ(script.play("402 postgres holdoff p2 signal 9\n 403 due postgres restart\n"
                          "404 postgres active p3"),
              "restart postgres\nprobe hive\n");
    EXPECT_EQ(script.play("405 probe hive ok"), "probe hive\n");
    EXPECT_EQ(states(script), "postgres ready, hive degraded");
    script.play("406 probe hive ok");
    EXPECT_EQ(states(script), "postgres ready, hive ready");
}

TEST(LostNeed, IsNoHangOfTheDependentHoweverLongItLasts) {
    Script script = up("postgres\n hive probe needs postgres");
    script.play("400 postgres stopping p1 job stop\n 401 postgres inactive\n"
                "401 job postgres stop done");
    EXPECT_EQ(script.play("4000 due hive verify\n 4000 probe hive bad\n 5000 user start postgres\n"
                          "5001 postgres active p2\n 5002 probe hive bad\n 5090 probe hive bad"),
              "start postgres\nprobe hive\n");
    EXPECT_EQ(script.play("5092 probe hive bad"), "watchdog hive\n");
}

TEST(LostNeed, IsStillLostToADependentThatIsAdoptedFirst) {
    Script script = up("postgres\n hive probe needs postgres");
    script.play("400 postgres stopping p1 job stop\n 401 postgres inactive\n"
                "401 job postgres stop done");
    script.play("402 die\n 403 hive active h1");
    EXPECT_EQ(states(script), "postgres stopped_by_operator, hive degraded");
    EXPECT_EQ(script.play("403 postgres inactive\n 403 target up t1"), "");
    EXPECT_EQ(states(script), "postgres stopped_by_operator, hive degraded");
}

TEST(LostNeed, RestartsASessionDependentOncePerOutageHoweverOftenTheNeedTriesToStart) {
    Script script = up("postgres\n hive probe needs postgres session");
    EXPECT_EQ(script.play("400 postgres holdoff p1 signal 9\n 401 postgres starting p2\n"
                          "402 postgres holdoff p2 exit 1\n 404 due postgres restart\n"
                          "405 postgres starting p3\n 406 postgres holdoff p3 exit 1\n"
                          "410 due postgres restart"),
              "restart postgres\nrestart postgres\nrestart postgres\n");
    EXPECT_EQ(script.node("hive").reason, "hive runs, but postgres is not ready: exit status 1");
    EXPECT_EQ(script.play("411 postgres active p4"), "restart hive\n");
    EXPECT_EQ(script.play("412 hive stopping h1 job restart\n 413 hive starting h2\n"
                          "414 hive active h2\n 415 postgres active p4"),
              "");
    EXPECT_EQ(states(script), "postgres ready, hive ready");
    EXPECT_EQ(script.node("hive").attempts, 0);
    EXPECT_TRUE(script.node("hive").restarts.empty());
}

TEST(LostNeed, VerifiesASessionDependentWhoseNeedOnlyDidNotAnswerForAWhile) {
    Script script = up("postgres liveness\n hive probe needs postgres session");
    EXPECT_EQ(script.play("20 live postgres bad\n 30 live postgres ok"), "probe hive\n");
    script.play("31 probe hive ok");
    EXPECT_EQ(states(script), "postgres ready, hive ready");
}

TEST(LostNeed, LeavesTheGoodRunOfItsDependentToBeCounted) {
    Script script = up("postgres\n hive needs postgres");
    script.play("10 hive holdoff h1 signal 9\n 11 hive active h2");
    EXPECT_EQ(script.node("hive").attempts, 1);
    script.play("300 postgres holdoff p1 signal 9\n 311 due hive good_run");
    EXPECT_EQ(script.play("320 postgres active p2", Show::all).substr(0, 36),
              "deadline postgres good_run 620.000\nd");
    script.play("320 due hive good_run");
    EXPECT_EQ(script.node("hive").attempts, 0);
}

TEST(Supervisor, CallsAServiceDegradedAtOnceAndHungAfterAllItsTries) {
    Script script = up("postgres liveness\n hive needs postgres");
    EXPECT_EQ(script.play("11 due postgres liveness", Show::all),
              "probe postgres liveness\ndeadline postgres liveness 21.000\n");
    EXPECT_EQ(script.play("11 live postgres bad", Show::all),
              "postgres is degraded\n"
              "hive is degraded\n"
              "\"postgres runs but does not answer its probe: no answer\"\n"
              "\"hive runs, but postgres is not ready: it does not answer its probe\"\n");
    EXPECT_EQ(script.play("21 live postgres bad\n 31 live postgres bad"), "watchdog postgres\n");
    EXPECT_EQ(script.play("32 postgres holdoff p1 result watchdog", Show::all),
              "restart postgres\n"
              "postgres is restarting\n"
              "\"postgres hung; restarting\"\n"
              "\"hive runs, but postgres is not ready: no answer to its liveness probe\"\n");
}

TEST(Supervisor, TakesAReadinessThatStaysAwayForAHang) {
    Script script = up("postgres\n hive probe needs postgres");
    script.play("400 postgres holdoff p1 signal 9\n 401 postgres active p2");
    EXPECT_EQ(script.play("402 probe hive bad", Show::all),
              "deadline hive verify 403.000\n"
              "\"hive runs but does not answer its probe: no answer\"\n");
    EXPECT_EQ(script.play("403 due hive verify"), "probe hive\n");
    EXPECT_EQ(script.play("491 probe hive bad\n 492 probe hive bad"), "watchdog hive\n");
}

} // namespace
} // namespace lakebed::test
