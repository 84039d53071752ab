#include "verify/gateway_replies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "verify/engine_errors.h"

namespace lakebed {
namespace {

using testing::HasSubstr;
using Kind = ResultPage::Kind;

// Replies of Flink 1.20.1.
constexpr std::string_view kNext =
    "/v2/sessions/02afc5f9-321a/operations/7d3c5860-f847/result/1?rowFormat=JSON";

TEST(GatewayReplies, AResultThatIsNotReadyNamesWhereToAskAgain) {
    auto page = read_result_page(
        R"({"resultType":"NOT_READY","nextResultUri":"/v2/sessions/02afc5f9-321a/operations/7d3c5860-f847/result/1?rowFormat=JSON"})");
    EXPECT_EQ(page.value(), (ResultPage{Kind::not_ready, {}, "", std::string(kNext)}));
}

TEST(GatewayReplies, APageHoldsItsRowsAsTheTextThatWasSent) {
    auto page = read_result_page(
        R"({"resultType":"PAYLOAD","isQueryResult":true,"jobID":"21cd0d67b39cf3ff38bd0ee7608ecca5","resultKind":"SUCCESS_WITH_CONTENT","results":{"columns":[{"name":"EXPR$0","logicalType":{"type":"INTEGER","nullable":false},"comment":null}],"rowFormat":"JSON","data":[{"kind":"INSERT","fields":[1,2.50,1.0E10,true,null,[1,2],"it's"]},{"kind":"UPDATE_BEFORE","fields":[92233720368547758070]}]},"nextResultUri":"/v2/sessions/02afc5f9-321a/operations/7d3c5860-f847/result/1?rowFormat=JSON"})");
    EXPECT_EQ(page.value(),
              (ResultPage{Kind::payload,
                          {{false, {"1", "2.50", "1.0E10", "true", "NULL", "[1,2]", "it's"}},
                           {true, {"92233720368547758070"}}},
                          "21cd0d67b39cf3ff38bd0ee7608ecca5",
                          std::string(kNext)}));
}

TEST(GatewayReplies, TheEndHasNoNextPage) {
    auto page = read_result_page(
        R"({"resultType":"EOS","isQueryResult":false,"resultKind":"SUCCESS_WITH_CONTENT","results":{"columns":[],"rowFormat":"JSON","data":[]}})");
    EXPECT_EQ(page.value(), (ResultPage{Kind::end, {}, "", ""}));
}

TEST(GatewayReplies, WhatIsNoResultIsAnError) {
    EXPECT_THAT(read_result_page("<html>").error().message, HasSubstr("no JSON"));
    EXPECT_THAT(read_result_page(R"({"resultType":"MAYBE"})").error().message, HasSubstr("MAYBE"));
    std::string deep(100, '[');
    EXPECT_THAT(read_result_page(deep).error().message, HasSubstr("nested too deep"));
}

TEST(GatewayReplies, AHandleGoesIntoPathsAndMustLookLikeOne) {
    EXPECT_EQ(
        read_handle(R"({"sessionHandle":"02afc5f9-321a-4807-93be-93b570d2d13b"})", "sessionHandle")
            .value(),
        "02afc5f9-321a-4807-93be-93b570d2d13b");
    EXPECT_FALSE(read_handle(R"({"sessionHandle":"../x"})", "sessionHandle"));
    EXPECT_FALSE(read_handle(R"({"sessionHandle":7})", "operationHandle"));
}

TEST(GatewayReplies, AnErrorIsReadForItsRootCause) {
    EXPECT_EQ(
        read_gateway_error(
            500,
            R"({"errors":["Internal server error.","<Exception on server side:\norg.apache.flink.table.gateway.api.utils.SqlGatewayException: Failed to fetchResults.\n\tat org.apache.flink.X.y(X.java:91)\nCaused by: org.apache.flink.table.gateway.service.utils.SqlExecutionException: Failed to execute the operation f14dc30b.\n\t... 1 more\nCaused by: org.apache.calcite.runtime.CalciteException: Non-query expression encountered in illegal context\n\tat java.base/jdk.internal.X.y(Native Method)\n\t... 14 more\n\nEnd of exception on server side>"]})"),
        "CalciteException: Non-query expression encountered in illegal context");
    EXPECT_EQ(read_gateway_error(503, ""), "HTTP 503");
    EXPECT_EQ(read_gateway_error(502, "<html>Bad gateway</html>"), "<html>Bad gateway</html>");
}

TEST(GatewayReplies, ARowTakenBackIsGone) {
    SqlRows rows{{"a", "1"}, {"b", "1"}};
    apply_changes(rows, {{true, {"a", "1"}}, {false, {"a", "2"}}});
    EXPECT_EQ(rows, (SqlRows{{"b", "1"}, {"a", "2"}}));
}

TEST(Json, ComesBackAsItWasWritten) {
    constexpr std::string_view kText = R"({"a":[1,2.50,-0.0,{"b":null}],"c":"\"ä\n","d":true})";
    EXPECT_EQ(to_text(parse_json(kText).value()), kText);
}

} // namespace
} // namespace lakebed
