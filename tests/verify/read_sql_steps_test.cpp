#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "verify/verify.h"

namespace lakebed {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// All mistakes of a step with these lines, from its third line on, as "LINE: message".
std::vector<std::string> mistakes(std::string_view kind, const std::string& lines) {
    Diagnostics diagnostics;
    (void)read_verify("[[step]]\nservice = \"x\"\nkind = \"" + std::string(kind) + "\"\n" + lines,
                      "verify.toml", diagnostics);
    std::vector<std::string> found;
    for (const Diagnostic& mistake : diagnostics.all())
        found.push_back(std::to_string(mistake.pos.line) + ": " + mistake.message);
    return found;
}

TEST(ReadSqlSteps, TheKindsOfTheEnginesAreReadWithTheirDefaults) {
    Diagnostics diagnostics;
    auto steps = read_verify(R"(
[[step]]
service = "flink-jobmanager"
kind = "flink-cluster"
port = 8082
taskmanagers = 3
slots = 4
[[step]]
service = "lakehouse"
kind = "sql"
name = "both engines"
gateway_port = 9090
history = { port = 18080 }
  [[step.run]]
  engine = "flink"
  statements = ["SET 'a'='b'", "INSERT INTO t VALUES (1); "]
  [[step.run]]
  engine = "spark"
  statements = ["SELECT 1"]
  expect = [["1", "a"], ["2", "b"]]
  unordered = true
  [[step.cleanup]]
  engine = "flink"
  statements = ["DROP TABLE t"]
[[step]]
service = "flink-jobmanager"
kind = "flink-failover"
deep = true
timeout = "10min"
gateway_port = 9090
jobmanager_port = 8082
unit = "lakebed-flink-jobmanager.service"
)",
                             "verify.toml", diagnostics);
    ASSERT_FALSE(diagnostics.has_errors()) << diagnostics.result().error().message;
    SqlStep sql;
    sql.gateway.port = 9090;
    sql.history.port = 18080;
    sql.runs = {{SqlEngine::flink, {"SET 'a'='b'", "INSERT INTO t VALUES (1)"}, {}, false},
                {SqlEngine::spark, {"SELECT 1"}, SqlRows{{"1", "a"}, {"2", "b"}}, true}};
    sql.cleanup = {{SqlEngine::flink, {"DROP TABLE t"}, {}, false}};
    FlinkFailoverStep failover{{"127.0.0.1", 9090},
                               {"127.0.0.1", 8082},
                               "lakebed-flink-jobmanager.service",
                               "demo_ib",
                               "demo_hv",
                               3000,
                               40};
    using std::chrono::minutes;
    EXPECT_EQ(steps, (std::vector<VerifyStep>{
                         {"flink-jobmanager: flink-cluster", "flink-jobmanager", minutes(1),
                          FlinkClusterStep{{"127.0.0.1", 8082}, 3, 4}, false},
                         {"both engines", "lakehouse", minutes(5), sql, false},
                         {"flink-jobmanager: flink-failover", "flink-jobmanager", minutes(10),
                          failover, true},
                     }));
}

TEST(ReadSqlSteps, EveryMistakeOfAClusterIsReportedWithItsPlace) {
    EXPECT_THAT(mistakes("flink-cluster", "port = 1\ntaskmanagers = 0\n"),
                ElementsAre("5: step[0].taskmanagers is 0, expected 1 to 10000",
                            "1: step[0].slots is missing"));
    EXPECT_THAT(
        mistakes("flink-cluster", "port = \"a\"\ntaskmanagers = \"b\"\nslots = 1\ndeep = 1\n"),
        ElementsAre(HasSubstr("7: step[0].deep is"), HasSubstr("4: step[0].port is a string"),
                    HasSubstr("5: step[0].taskmanagers is a string")));
}

TEST(ReadSqlSteps, EveryMistakeOfARunIsReportedWithItsPlace) {
    EXPECT_THAT(mistakes("sql", R"(gateway_port = 1
[[step.run]]
engine = "flnk"
statements = [" ; "]
expect = [["1"], 2]
[[step.run]]
engine = "spark"
statments = ["SELECT 1"]
expect = [[1]]
[[step.cleanup]]
engine = "flink"
statements = ["DROP TABLE t"]
expect = [["1"]]
)"),
                ElementsAre("6: unknown engine \"flnk\"",
                            "7: step[0].run[0].statements holds an empty statement",
                            "8: step[0].run[0].expect holds an integer, expected rows of texts",
                            "9: step[0].run[1].statements is missing or empty",
                            "12: step[0].run[1].expect holds an integer, expected rows of texts",
                            "11: unknown key step[0].run[1].statments",
                            "16: unknown key step[0].cleanup[0].expect"));
}

TEST(ReadSqlSteps, AStepWithoutRunsProvesNothing) {
    EXPECT_THAT(mistakes("sql", ""), ElementsAre("1: step[0].run is missing or empty"));
}

TEST(ReadSqlSteps, OnlyFlinkNeedsTheGateway) {
    std::string spark = "run = [{ engine = \"spark\", statements = [\"SELECT 1\"] }]\n";
    EXPECT_THAT(mistakes("sql", spark), ElementsAre());
    EXPECT_THAT(
        mistakes("sql", spark + "cleanup = [{ engine = \"flink\", statements = [\"x\"] }]\n"),
        ElementsAre("1: step[0].gateway_port is missing"));
}

TEST(ReadSqlSteps, AHistoryWithoutASparkRunIsAMistake) {
    EXPECT_THAT(mistakes("sql", "gateway_port = 1\nhistory = { port = 0 }\n"
                                "run = [{ engine = \"flink\", statements = [\"SELECT 1\"] }]\n"),
                ElementsAre("5: step[0].history.port is 0, expected 1 to 65535",
                            "5: step[0].history is set, but no run is by spark"));
}

TEST(ReadSqlSteps, AFailoverMustLastAndNameAUnit) {
    EXPECT_THAT(mistakes("flink-failover", "gateway_port = 1\njobmanager_port = 2\nunit = \"jm\"\n"
                                           "rows = 100\nrate = 50\n"),
                ElementsAre("6: step[0].unit is \"jm\", expected the name of a service unit",
                            HasSubstr("7: 100 rows at 50 a second last less than 60 s")));
}

} // namespace
} // namespace lakebed
