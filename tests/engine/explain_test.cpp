#include "engine/explain.h"

#include <csignal>

#include <gtest/gtest.h>

#include "engine/script.h"

namespace lakebed::test {
namespace {

TEST(Incident, TellsCausesApart) {
    GraphNode node;
    node.fatal = {FatalRule{78, ""}};
    const TimePoint now(std::chrono::seconds(5));
    const auto incident = [&](std::string result, int code, int status) {
        UnitSnapshot unit;
        unit.result = std::move(result);
        unit.exec_main_code = code;
        unit.exec_main_status = status;
        return read_incident(node, unit, now);
    };
    EXPECT_EQ(incident("signal", CLD_KILLED, SIGKILL),
              (Incident{now, Cause::crash, "killed by SIGKILL"}));
    EXPECT_EQ(incident("core-dump", CLD_DUMPED, SIGSEGV),
              (Incident{now, Cause::crash, "killed by SIGSEGV"}));
    EXPECT_EQ(incident("exit-code", CLD_EXITED, 1), (Incident{now, Cause::crash, "exit status 1"}));
    EXPECT_EQ(incident("exit-code", CLD_EXITED, 78),
              (Incident{now, Cause::bad_config, "exit status 78"}));
    EXPECT_EQ(incident("watchdog", CLD_KILLED, SIGABRT),
              (Incident{now, Cause::hang, "no answer to its liveness probe"}));
    EXPECT_EQ(incident("oom-kill", CLD_KILLED, SIGKILL),
              (Incident{now, Cause::out_of_memory, "out of memory"}));
    EXPECT_EQ(incident("timeout", 0, 0), (Incident{now, Cause::start_timeout, "start timed out"}));
    EXPECT_EQ(incident("resources", 0, 0), (Incident{now, Cause::crash, "result resources"}));
}

TEST(Explain, NamesTheRootThroughTheGraph) {
    Script script(R"(
        postgres
        job init-metastore needs postgres init
        hive-metastore needs postgres, init-metastore init
    )");
    script.play("0 postgres inactive\n 0 init-metastore inactive\n 0 hive-metastore inactive\n"
                "0 target up t1");
    EXPECT_EQ(script.node("init-metastore").reason, "init-metastore is waiting for postgres");
    script.play("1 postgres active p1\n 2 init-metastore starting i1");
    EXPECT_EQ(script.node("hive-metastore").reason, "hive-metastore is waiting for init-metastore");
    script.play("3 init-metastore failed i1 exit 1");
    EXPECT_EQ(script.node("hive-metastore").reason,
              "hive-metastore is waiting for init-metastore, which ended with exit status 1");
}

TEST(Explain, FollowsAChainOfWaiting) {
    Script script(R"(
        postgres
        job init-metastore needs postgres init
        hive-metastore needs init-metastore init
    )");
    script.play("0 postgres inactive\n 0 init-metastore inactive\n 0 hive-metastore inactive\n"
                "0 target up t1");
    EXPECT_EQ(script.node("hive-metastore").reason,
              "hive-metastore is waiting for init-metastore, which waits for postgres");
    EXPECT_EQ(
        why_path(script.state(), "lakebed-hive-metastore.service"),
        (std::vector<std::string>{"lakebed-hive-metastore.service",
                                  "lakebed-init-metastore.service", "lakebed-postgres.service"}));
}

TEST(Explain, DoesNotBlameANeedOnWhichItDoesNotLean) {
    Script script("postgres\n hive needs postgres init");
    script.play("0 postgres inactive\n 0 hive inactive\n 0 target up t1\n 1 postgres active p1\n"
                "2 hive active h1\n 3 postgres holdoff p1 signal 9");
    EXPECT_EQ(script.node("hive").reason, "hive is ready");
    EXPECT_EQ(why_path(script.state(), "lakebed-hive.service"),
              (std::vector<std::string>{"lakebed-hive.service"}));
}

} // namespace
} // namespace lakebed::test
