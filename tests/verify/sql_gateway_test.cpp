#include "verify/sql_gateway.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway_server.h"

namespace lakebed {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using Rules = std::vector<test::GatewayServer::Rule>;

constexpr const char* kResult = "GET /v2/sessions/5e55/operations/09/result/";
const std::pair<int, std::string> kNotReady{
    200,
    R"({"resultType":"NOT_READY","nextResultUri":"/v2/sessions/5e55/operations/09/result/0?rowFormat=JSON"})"};
const std::pair<int, std::string> kEnd{
    200, R"({"resultType":"EOS","resultKind":"SUCCESS_WITH_CONTENT","results":{"data":[]}})"};

std::pair<int, std::string> page(const std::string& data) {
    return {200, R"({"resultType":"PAYLOAD","jobID":"21cd","results":{"data":[)" + data +
                     R"(]},"nextResultUri":"/v2/sessions/5e55/operations/09/result/1"})"};
}

// A gateway that opens a session and an operation; `more` goes first.
Rules gateway(Rules more) {
    more.push_back({"POST /v2/sessions {", {{200, R"({"sessionHandle":"5e55"})"}}});
    more.push_back({"POST /v2/sessions/5e55/statements", {{200, R"({"operationHandle":"09"})"}}});
    more.push_back(
        {"DELETE /v2/sessions/5e55/operations/09/close", {{200, R"({"status":"CLOSED"})"}}});
    more.push_back(
        {"POST /v2/sessions/5e55/operations/09/cancel", {{200, R"({"status":"CANCELED"})"}}});
    more.push_back({"DELETE /v2/sessions/5e55", {{200, R"({"status":"CLOSED"})"}}});
    return more;
}

StepContext within(Duration time) {
    return {std::chrono::steady_clock::now() + time, "t", std::chrono::seconds(1), nullptr};
}

Result<SqlAnswer> run(test::GatewayServer& server, const StepContext& context,
                      const std::string& statement = "SELECT 1") {
    auto session = TRY(SqlGateway::open({"127.0.0.1", server.port()}, "test", context));
    return session.run(statement, context);
}

TEST(SqlGateway, FollowsAResultToItsEndAndClosesWhatItOpened) {
    test::GatewayServer server(gateway(
        {{kResult, {kNotReady, page(R"({"kind":"INSERT","fields":[1,"a"]})"), page(""), kEnd}}}));
    EXPECT_EQ(run(server, within(std::chrono::seconds(5)), "SELECT 'a\n\"'").value(),
              (SqlAnswer{{{"1", "a"}}, "21cd"}));
    EXPECT_THAT(server.requests(),
                ElementsAre(R"(POST /v2/sessions {"sessionName":"test","properties":{}})",
                            R"(POST /v2/sessions/5e55/statements {"statement":"SELECT 'a\n\"'"})",
                            "GET /v2/sessions/5e55/operations/09/result/0?rowFormat=JSON ",
                            "GET /v2/sessions/5e55/operations/09/result/0?rowFormat=JSON ",
                            "GET /v2/sessions/5e55/operations/09/result/1?rowFormat=JSON ",
                            "GET /v2/sessions/5e55/operations/09/result/1?rowFormat=JSON ",
                            "DELETE /v2/sessions/5e55/operations/09/close ",
                            "DELETE /v2/sessions/5e55 "));
}

TEST(SqlGateway, AFailedStatementGivesTheRootCause) {
    test::GatewayServer server(gateway(
        {{kResult,
          {{500,
            R"({"errors":["Internal server error.","<Exception on server side:\na.b.Outer: x\n\tat a.b.C(D.java:1)\nCaused by: java.net.ConnectException: Connection refused\n\tat a\nEnd of exception on server side>"]})"}}}}));
    EXPECT_EQ(run(server, within(std::chrono::seconds(5))).error().message,
              "ConnectException: Connection refused");
    EXPECT_EQ(server.count("DELETE /v2/sessions/5e55/operations/09/close"), 1);
    EXPECT_EQ(server.count("DELETE /v2/sessions/5e55 "), 1);
}

TEST(SqlGateway, AStatementThatNeverEndsIsCancelledAtTheDeadline) {
    test::GatewayServer server(gateway({{kResult, {kNotReady}}}));
    EXPECT_THAT(run(server, within(std::chrono::milliseconds(200))).error().message,
                HasSubstr("the statement did not end: the step's deadline is over"));
    EXPECT_EQ(server.count("POST /v2/sessions/5e55/operations/09/cancel"), 1);
    EXPECT_EQ(server.count("DELETE /v2/sessions/5e55 "), 1);
}

TEST(SqlGateway, AStreamThatNeverEndsIsCancelledAtTheDeadline) {
    test::GatewayServer server(gateway({{kResult, {page(R"({"kind":"INSERT","fields":[1]})")}}}));
    EXPECT_THAT(run(server, within(std::chrono::milliseconds(200))).error().message,
                HasSubstr("deadline"));
    EXPECT_EQ(server.count("POST /v2/sessions/5e55/operations/09/cancel"), 1);
}

TEST(SqlGateway, AServerThatHangsEndsAtTheDeadline) {
    test::GatewayServer server(gateway({{.request = kResult, .answers = {}, .hangs = true}}));
    EXPECT_THAT(run(server, within(std::chrono::milliseconds(200))).error().message,
                HasSubstr("no answer in time"));
}

TEST(SqlGateway, AnInterruptCancelsTheStatementAndClosesTheSession) {
    std::atomic<bool> interrupted{false};
    test::GatewayServer server(gateway({{kResult, {kNotReady}}}));
    server.on_request = [&](const std::string& request) {
        if (request.starts_with(kResult)) interrupted = true;
    };
    StepContext context = within(std::chrono::seconds(60));
    context.cancel = &interrupted;
    EXPECT_THAT(run(server, context).error().message, HasSubstr("interrupted"));
    EXPECT_EQ(server.count("POST /v2/sessions/5e55/operations/09/cancel"), 1);
    EXPECT_EQ(server.count("DELETE /v2/sessions/5e55 "), 1);
}

TEST(SqlGateway, OfAnAddressWhereNobodyListensSaysSo) {
    auto session = SqlGateway::open({"127.0.0.1", test::closed_port()}, "test",
                                    within(std::chrono::seconds(5)));
    EXPECT_THAT(session.error().message,
                testing::MatchesRegex("cannot open a session: the SQL Gateway: "
                                      "127.0.0.1:[0-9]+: connection refused"));
}

TEST(SqlGateway, ANextPageElsewhereIsNotFollowed) {
    test::GatewayServer server(
        gateway({{kResult, {{200, R"({"resultType":"NOT_READY","nextResultUri":"@evil/v2/"})"}}}}));
    EXPECT_THAT(run(server, within(std::chrono::seconds(5))).error().message, HasSubstr("strange"));
}

} // namespace
} // namespace lakebed
