#include "engine/supervisor.h"

#include <gtest/gtest.h>

#include "engine/script.h"

namespace lakebed::test {
namespace {

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

TEST(StackBudget, SendsEveryFurtherRestartToTheSlowLaneOnceItIsSpent) {
    Script script = up("budget 2\n postgres\n hive");
    EXPECT_EQ(script.play("400 postgres holdoff p1 signal 9\n 401 postgres active p2\n"
                          "402 hive holdoff h1 signal 9\n 403 hive active h2"),
              "restart postgres\nrestart hive\n");
    EXPECT_EQ(
        script.play("404 postgres holdoff p2 signal 9", Show::all),
        "deadline postgres slow_lane 584.000\n"
        "stop postgres\n"
        "warn the stack has used up its 2 restarts within 10min: what fails now is tried slowly\n"
        "postgres is slow_lane\n"
        "\"postgres was killed by SIGKILL; the stack has used up its 2 restarts within 10min, it "
        "is "
        "tried every 3min\"\n");
    // Said once; and what the slow lane does is not counted, else it would never end.
    EXPECT_EQ(
        script.play("405 hive holdoff h2 signal 9\n 406 postgres inactive\n 407 hive inactive"),
        "stop hive\n");
    EXPECT_EQ(script.play("584 due postgres slow_lane\n 585 postgres active p3"),
              "start postgres\n");
    EXPECT_EQ(script.state().restarts.size(), 2u);
    EXPECT_EQ(script.play("1003 postgres active p3\n 1004 postgres holdoff p3 signal 9\n"
                          "1012 due postgres restart"),
              "restart postgres\n");
}

TEST(StackBudget, IsAskedAgainWhenABackOffIsOver) {
    Script script = up("budget 2\n postgres\n hive");
    EXPECT_EQ(script.play("400 postgres holdoff p1 signal 9\n 401 postgres active p2\n"
                          "402 postgres holdoff p2 signal 9\n 402.5 hive holdoff h1 signal 9"),
              "restart postgres\nrestart hive\n");
    EXPECT_EQ(
        script.play("403 due postgres restart"),
        "stop postgres\n"
        "warn the stack has used up its 2 restarts within 10min: what fails now is tried slowly\n");
}

TEST(StackBudget, OutlivesLakebeddAndIsRenewedByAStartOfTheStack) {
    Script script = up("budget 1\n postgres\n hive");
    script.play("400 postgres holdoff p1 signal 9\n 401 postgres active p2\n 402 die\n"
                "403 postgres active p2\n 403 hive active h1\n 403 target up t1");
    EXPECT_EQ(script.play("404 hive holdoff h1 signal 9").substr(0, 10), "stop hive\n");
    EXPECT_EQ(script.play("404.5 reload 2"), ""); // the same services
    EXPECT_EQ(script.play("405 hive inactive\n 406 user start\n 407 hive active h2\n"
                          "408 hive holdoff h2 signal 9"),
              "start hive\nrestart hive\n");
}

TEST(StackBudget, BeginsAnewWithOtherServices) {
    Script script = up("budget 1\n postgres\n hive");
    script.play("400 postgres holdoff p1 signal 9\n 401 postgres active p2");
    Supervisor engine(script.state());
    const TimePoint now(std::chrono::seconds(402));
    (void)engine.on(GraphReloaded{script.state().graph}, now);
    EXPECT_EQ(engine.state().restarts.size(), 1u);
    (void)engine.on(GraphReloaded{read_test_graph("budget 1\n postgres")}, now);
    EXPECT_TRUE(engine.state().restarts.empty());
}

TEST(Cause, APortThatIsTakenIsTriedSlowlyWithItsHolderNamed) {
    Script script("postgres");
    script.play("0 postgres inactive\n 0 target up t1\n 1 postgres starting p1");
    EXPECT_EQ(script.play("2 postgres holdoff p1 exit 1\n 2.3 port postgres", Show::all),
              "deadline postgres restart 3.000\n"
              "postgres is backing_off\n"
              "\"postgres ended with exit status 1 (1 failure in a row); it is tried again after a "
              "pause\"\n"
              "deadline postgres restart off\n"
              "deadline postgres slow_lane 182.300\n"
              "stop postgres\n"
              "postgres is slow_lane\n"
              "\"postgres cannot listen: port 5432 is taken by nginx (pid 7); it is tried every "
              "3min\"\n");
    EXPECT_EQ(script.node("postgres").last_incident->cause, Cause::port_taken);
    EXPECT_EQ(script.play("3 postgres inactive\n 182.3 due postgres slow_lane\n"
                          "183 postgres active p2"),
              "start postgres\n");
    EXPECT_EQ(states(script), "postgres ready");
}

TEST(Cause, EvidenceThatComesDuringTheNextStartNamesTheCauseOnly) {
    Script script = up("postgres\n hive");
    EXPECT_EQ(script.play("400 postgres holdoff p1 exit 1\n 400.1 port postgres"),
              "restart postgres\n");
    EXPECT_EQ(script.node("postgres").reason,
              "postgres cannot listen: port 5432 is taken by nginx (pid 7); restarting");
}

TEST(Cause, AFullDiskIsNamedAndTriedLikeACrash) {
    Script script("postgres");
    script.play("0 postgres inactive\n 0 target up t1\n 1 postgres starting p1\n"
                "2 postgres holdoff p1 exit 1");
    EXPECT_EQ(script.play("2.3 disk postgres"), "");
    EXPECT_EQ(script.node("postgres").reason,
              "postgres has no space left on /data (1 MiB free) (1 failure in a row); it is tried "
              "again after a pause");
    EXPECT_EQ(script.node("postgres").last_incident->cause, Cause::disk_full);
    EXPECT_EQ(script.play("3 due postgres restart"), "restart postgres\n");
}

TEST(Cause, AnOperatorMayStartAServiceOnAFullDisk) {
    Script script("postgres");
    script.play("0 postgres inactive\n 0 target up t1\n 1 postgres starting p1\n"
                "2 postgres holdoff p1 exit 1\n 2.3 disk postgres\n 3 postgres inactive");
    EXPECT_EQ(script.play("4 user start postgres"), "start postgres\n");
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

} // namespace
} // namespace lakebed::test
