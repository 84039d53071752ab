#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway_server.h"
#include "verify/flink_failover.h"
#include "verify/unit_process.h"
#include "verify/verify.h"

namespace lakebed {
namespace {

using testing::HasSubstr;

TEST(FlinkCluster, IsWaitedForUntilEnoughHaveRegistered) {
    test::GatewayServer server(
        {{"GET /overview",
          {{503, ""},
           {200, R"({"taskmanagers":2,"slots-total":8})"},
           {200,
            R"({"taskmanagers":3,"slots-total":12,"slots-available":12,"jobs-running":0})"}}}});
    FlinkClusterStep step{{"127.0.0.1", server.port()}, 3, 4};
    auto result = run_verify({{"c", "jm", std::chrono::seconds(20), step}}).steps.at(0);
    EXPECT_TRUE(result.ok);
    EXPECT_EQ(result.detail, "3 TaskManagers with 12 slots");
}

TEST(FlinkCluster, ThatIsTooSmallSaysWhatIsMissing) {
    test::GatewayServer server(
        {{"GET /overview", {{200, R"({"taskmanagers":2,"slots-total":8})"}}}});
    FlinkClusterStep step{{"127.0.0.1", server.port()}, 3, 4};
    auto result = run_verify({{"c", "jm", std::chrono::milliseconds(100), step}}).steps.at(0);
    EXPECT_THAT(result.detail, HasSubstr("2 of 3 TaskManagers and 8 of 12 slots"));
}

// Gateway and JobManager in one; what a test does not say goes well.
class FailoverTest : public testing::Test {
  protected:
    using Rules = std::vector<test::GatewayServer::Rule>;
    std::unique_ptr<test::GatewayServer> server;
    int kills = 0;

    static constexpr const char* kRows = "GET /v2/sessions/5e/operations/c0/result/";

    void serve(Rules rules) {
        auto end = [](const std::string& data) {
            return std::pair<int, std::string>{
                200, R"({"resultType":"EOS","jobID":"0b","results":{"data":[)" + data + "]}}"};
        };
        std::string statement = "POST /v2/sessions/5e/statements {\"statement\":\"";
        Rules usual{
            {"POST /v2/sessions {", {{200, R"({"sessionHandle":"5e"})"}}},
            {statement + "SELECT count", {{200, R"({"operationHandle":"c0"})"}}},
            {statement, {{200, R"({"operationHandle":"0a"})"}}},
            {kRows, {end(R"({"kind":"INSERT","fields":[3000,3000]})")}},
            {"GET /v2/sessions/5e/operations/0a/result/", {end("")}},
            {"GET /jobs/0b/checkpoints", {{200, R"({"counts":{"restored":0,"completed":1}})"}}},
            {"GET /jobs/overview", {{200, R"({"jobs":[]})"}}},
            {"GET /jobs/0b ", {{200, R"({"state":"RUNNING"})"}, {200, R"({"state":"FINISHED"})"}}},
            {"PATCH /jobs/0b?mode=cancel", {{202, "{}"}}},
        };
        rules.insert(rules.end(), usual.begin(), usual.end());
        server = std::make_unique<test::GatewayServer>(std::move(rules));
    }

    Result<std::string> run(const CancelFlag* cancel = nullptr) {
        HttpAddress address{"127.0.0.1", server->port()};
        FlinkFailoverStep step{address, address, "jm.service"};
        StepContext context{std::chrono::steady_clock::now() + std::chrono::seconds(20), "t0",
                            std::chrono::seconds(5), cancel};
        return run_failover(step, context, [&](const std::string& unit) -> Result<void> {
            EXPECT_EQ(unit, "jm.service");
            ++kills;
            return {};
        });
    }

    // Index of the first request that begins so; a failure when there is none.
    std::ptrdiff_t at(const std::string& beginning) {
        auto all = server->requests();
        auto found = std::find_if(all.begin(), all.end(), [&](const std::string& request) {
            return request.starts_with(beginning);
        });
        EXPECT_NE(found, all.end()) << beginning;
        return found - all.begin();
    }
    int drops() { return server->count("POST /v2/sessions/5e/statements {\"statement\":\"DROP"); }
};

TEST_F(FailoverTest, TheJobManagerIsKilledAfterACheckpointAndTheRowsAreCounted) {
    serve({{"GET /jobs/0b/checkpoints",
            {{200, R"({"counts":{"completed":0}})"}, {200, R"({"counts":{"completed":1}})"}}},
           {"GET /jobs/0b ",
            {{200, R"({"state":"RUNNING"})"},
             {200, R"({"state":"RUNNING"})"},
             {503, ""},
             {404, ""},
             {200, R"({"state":"FINISHED"})"}}}});
    auto proved = run();
    ASSERT_TRUE(proved) << proved.error().message;
    EXPECT_THAT(*proved, HasSubstr("3000 rows, none lost and none twice"));
    EXPECT_EQ(kills, 1);
    EXPECT_EQ(drops(), 2);
}

TEST_F(FailoverTest, RowsThatCameTwiceAreFound) {
    serve(
        {{kRows,
          {{200,
            R"({"resultType":"EOS","results":{"data":[{"kind":"INSERT","fields":[3400,3000]}]}})"}}}});
    EXPECT_THAT(run().error().message,
                HasSubstr("the table has 3400 rows, 3000 of them distinct, instead of 3000"));
    EXPECT_EQ(drops(), 2);
}

TEST_F(FailoverTest, AJobThatFailedGivesItsReasonAndNobodyIsKilled) {
    serve(
        {{"GET /jobs/0b ", {{200, R"({"state":"FAILED"})"}}},
         {"GET /jobs/0b/exceptions",
          {{200,
            R"({"exceptionHistory":{"entries":[{"stacktrace":"a.b.JobException: x\n\tat a\nCaused by: java.io.IOException: no bucket\n"}]}})"}}}});
    EXPECT_EQ(run().error().message, "the job is FAILED: IOException: no bucket");
    EXPECT_EQ(kills, 0);
    EXPECT_EQ(drops(), 2);
}

TEST_F(FailoverTest, AJobThatEndsTooEarlyProvesNothing) {
    serve({{"GET /jobs/0b ", {{200, R"({"state":"FINISHED"})"}}}});
    EXPECT_THAT(run().error().message, HasSubstr("over before it could be disturbed"));
    EXPECT_EQ(kills, 0);
}

TEST_F(FailoverTest, AnInterruptCancelsTheJobBeforeItsTableIsDropped) {
    std::atomic<bool> interrupted{false};
    serve(
        {{"GET /jobs/overview",
          {{200,
            R"({"jobs":[{"jid":"0b","name":"lakebed-verify-t0","state":"RUNNING"},{"jid":"ff","name":"other","state":"RUNNING"}]})"},
           {200, R"({"jobs":[{"jid":"0b","name":"lakebed-verify-t0","state":"CANCELED"}]})"}}},
         {"GET /jobs/0b/checkpoints", {{200, R"({"counts":{"completed":0}})"}}},
         {"GET /jobs/0b ", {{200, R"({"state":"RUNNING"})"}}}});
    server->on_request = [&](const std::string& request) {
        if (request.starts_with("GET /jobs/0b/checkpoints")) interrupted = true;
    };
    EXPECT_THAT(run(&interrupted).error().message, HasSubstr("interrupted"));
    EXPECT_EQ(kills, 0);
    EXPECT_EQ(server->count("PATCH /jobs/"), 1);
    EXPECT_LT(at("PATCH /jobs/0b?mode=cancel"),
              at("POST /v2/sessions/5e/statements {\"statement\":\"DROP TABLE"));
    EXPECT_EQ(drops(), 2);
}

TEST(UnitProcess, IsKnownByAComponentOfItsControlGroup) {
    constexpr std::string_view kUnit = "lakebed-flink-jobmanager.service";
    EXPECT_TRUE(is_in_unit("0::/lakebed.slice/lakebed-flink-jobmanager.service\n", kUnit));
    EXPECT_TRUE(is_in_unit("12:pids:/user.slice\n1:name=systemd:/lakebed.slice/"
                           "lakebed-flink-jobmanager.service/inner\n",
                           kUnit));
    EXPECT_FALSE(is_in_unit("0::/lakebed.slice/xlakebed-flink-jobmanager.service\n", kUnit));
    EXPECT_FALSE(is_in_unit("0::/lakebed.slice/lakebed-flink-jobmanager.service.d\n", kUnit));
    EXPECT_FALSE(is_in_unit("0::/user.slice\n", kUnit));
    EXPECT_FALSE(is_in_unit("", kUnit));
}

} // namespace
} // namespace lakebed
