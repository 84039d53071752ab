#include <fstream>

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway_server.h"
#include "support/temp_dir.h"
#include "verify/spark_sql.h"
#include "verify/statement_text.h"
#include "verify/verify.h"

namespace lakebed {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

test::GatewayServer::Rule result(const std::string& operation, const std::string& data) {
    return {"GET /v2/sessions/5e/operations/" + operation,
            {{200, R"({"resultType":"EOS","results":{"data":[)" + data + "]}}"}}};
}

// Statements that begin with SELECT give the row (1, a), DROP nothing; all others fail.
std::vector<test::GatewayServer::Rule> gateway() {
    constexpr const char* kStatements = "POST /v2/sessions/5e/statements {\"statement\":\"";
    return {
        {"POST /v2/sessions {", {{200, R"({"sessionHandle":"5e"})"}}},
        {std::string(kStatements) + "SELECT", {{200, R"({"operationHandle":"a"})"}}},
        {std::string(kStatements) + "DROP", {{200, R"({"operationHandle":"b"})"}}},
        {kStatements, {{500, R"({"errors":["java.lang.Error: no such thing as se'cret"]})"}}},
        result("a", R"({"kind":"INSERT","fields":[1,"a"]})"),
        result("b", ""),
    };
}

// A program in the place of spark-sql: copies its script away and runs a shell script of the test.
class SqlStepTest : public testing::Test {
  protected:
    test::TempDir dir;
    test::GatewayServer server{gateway()};

    SqlStep step() {
        SqlStep step;
        step.gateway.port = server.port();
        step.spark = dir.path() + "/spark-sql";
        step.spark_user = ::getpwuid(::geteuid())->pw_name;
        return step;
    }
    void spark(const std::string& script) {
        std::string path = dir.path() + "/spark-sql";
        std::ofstream(path) << "#!/bin/sh\necho \"$@\" >>" << dir.path() << "/argv\ncat \"$4\" >>"
                            << dir.path() << "/script\n"
                            << script;
        ::chmod(path.c_str(), 0755);
    }
    std::string read(const std::string& name) {
        std::ifstream in(dir.path() + "/" + name);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    StepResult run(const SqlStep& how, Duration timeout = std::chrono::seconds(20)) {
        return run_verify({{"step", "sql", timeout, how}}).steps.at(0);
    }
};

TEST_F(SqlStepTest, RowsAreComparedAndTheCleanupRunsInTheSameSession) {
    SqlStep how = step();
    how.runs = {{SqlEngine::flink, {"SELECT {token}"}, SqlRows{{"1", "a"}}, false}};
    how.cleanup = {{SqlEngine::flink, {"DROP TABLE t_{token}"}, {}, false}};
    auto result = run(how);
    EXPECT_TRUE(result.ok);
    EXPECT_EQ(result.detail, "statements by flink: 1; results as expected: 1");
    EXPECT_EQ(server.count("POST /v2/sessions {\"sessionName\":\"lakebed-verify-"), 1);
    EXPECT_EQ(server.count("POST /v2/sessions/5e/statements {\"statement\":\"DROP TABLE t_"), 1);
    EXPECT_EQ(server.count("POST /v2/sessions/5e/statements {\"statement\":\"DROP TABLE t_{"), 0);
    EXPECT_EQ(server.count("DELETE /v2/sessions/5e "), 1);
}

TEST_F(SqlStepTest, OtherRowsAreAFailureThatShowsBoth) {
    SqlStep how = step();
    how.runs = {{SqlEngine::flink, {"SELECT *"}, SqlRows{{"1", "b"}}, false}};
    auto result = run(how);
    EXPECT_FALSE(result.ok);
    EXPECT_EQ(result.detail,
              "flink, `SELECT *`: gives [[\"1\", \"a\"]] instead of [[\"1\", \"b\"]]");
}

TEST_F(SqlStepTest, AfterAFailureEveryCleanupStatementIsStillTried) {
    SqlStep how = step();
    how.runs = {{SqlEngine::flink, {"CREATE TABLE t"}, {}, false},
                {SqlEngine::flink, {"SELECT 1"}, {}, false}};
    how.cleanup = {{SqlEngine::flink, {"UNDO t", "DROP TABLE t"}, {}, false}};
    auto result = run(how);
    EXPECT_FALSE(result.ok);
    EXPECT_THAT(result.detail, AllOf(HasSubstr("flink, `CREATE TABLE t`: Error: no such thing"),
                                     HasSubstr("; cleaning up: flink, `UNDO t`: Error")));
    EXPECT_EQ(server.count("POST /v2/sessions/5e/statements {\"statement\":\"SELECT"), 0);
    EXPECT_EQ(server.count("POST /v2/sessions/5e/statements {\"statement\":\"DROP"), 1);
}

TEST_F(SqlStepTest, ACleanupThatFailsFailsTheStep) {
    SqlStep how = step();
    how.runs = {{SqlEngine::flink, {"SELECT 1"}, {}, false}};
    how.cleanup = {{SqlEngine::flink, {"UNDO t"}, {}, false}};
    EXPECT_THAT(run(how).detail, HasSubstr("cleaning up: flink, `UNDO t`"));
}

TEST_F(SqlStepTest, WithoutAGatewayThereIsNothingToCleanUp) {
    SqlStep how = step();
    how.gateway.port = test::closed_port();
    how.runs = {{SqlEngine::flink, {"SELECT 1"}, {}, false}};
    how.cleanup = {{SqlEngine::spark, {"DROP TABLE t"}, {}, false}};
    spark("exit 0\n");
    EXPECT_THAT(run(how).detail, HasSubstr("connection refused"));
    EXPECT_EQ(read("argv"), "");
}

TEST_F(SqlStepTest, ASecretGoesIntoTheStatementAndIntoNoMessage) {
    std::ofstream(dir.path() + "/password") << "se'cret\n";
    SqlStep how = step();
    how.runs = {{SqlEngine::flink, {"CREATE '{secret:" + dir.path() + "/password}'"}, {}, false}};
    auto result = run(how);
    EXPECT_EQ(server.count("POST /v2/sessions/5e/statements {\"statement\":\"CREATE 'se''cret'"),
              1);
    EXPECT_EQ(result.detail, "flink, `CREATE '***'`: Error: no such thing as ***");
}

TEST_F(SqlStepTest, SparkRunsAllStatementsInOneChildAsAScript) {
    spark("printf 'noise\\nlakebed.verify.statement\\t0\\nlakebed.verify.statement\\t1\\n"
          "2\\tb\\n1\\ta\\n'\n");
    SqlStep how = step();
    how.runs = {
        {SqlEngine::spark, {"USE x", "SELECT '{token}'"}, SqlRows{{"1", "a"}, {"2", "b"}}, true}};
    auto result = run(how);
    EXPECT_TRUE(result.ok) << result.detail;
    EXPECT_THAT(read("argv"), testing::MatchesRegex("--name lakebed-verify-[0-9a-f]+ -f [^ ]+\n"));
    EXPECT_THAT(read("script"),
                testing::MatchesRegex("SET lakebed.verify.statement=0;\nUSE x;\n"
                                      "SET lakebed.verify.statement=1;\nSELECT '[0-9a-f]+';\n"));
    std::string file = read("argv").substr(read("argv").rfind(' ') + 1);
    file.pop_back();
    EXPECT_NE(::access(file.c_str(), F_OK), 0) << file << " is left";
}

TEST_F(SqlStepTest, AFailingSparkNamesTheStatementAndItsReason) {
    spark("printf 'lakebed.verify.statement\\t0\\nlakebed.verify.statement\\t1\\n'\n"
          "echo '[TABLE_OR_VIEW_NOT_FOUND] The table `t` cannot be found.' >&2\nexit 1\n");
    SqlStep how = step();
    how.runs = {{SqlEngine::spark, {"USE x", "SELECT * FROM t", "SELECT 1"}, {}, false}};
    EXPECT_EQ(run(how).detail, "spark, `SELECT * FROM t`: [TABLE_OR_VIEW_NOT_FOUND] The table `t` "
                               "cannot be found. (exit status 1)");
}

TEST_F(SqlStepTest, ASparkThatHangsEndsAtTheDeadline) {
    spark("exec sleep 600\n");
    SqlStep how = step();
    how.runs = {{SqlEngine::spark, {"SELECT 1"}, {}, false}};
    auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(run(how, std::chrono::milliseconds(300)).detail,
              "spark, before its first statement: did not end before the step's deadline");
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

TEST_F(SqlStepTest, AnInterruptStopsSparkAndStillCleansUp) {
    spark("[ -e " + dir.path() + "/begun ] && exec printf 'lakebed.verify.statement\\t0\\n'\n" +
          "touch " + dir.path() + "/begun\nexec sleep 600\n");
    SqlStep how = step();
    how.runs = {{SqlEngine::spark, {"SELECT 1"}, {}, false}};
    how.cleanup = {{SqlEngine::spark, {"DROP TABLE t"}, {}, false}};
    std::atomic<bool> interrupted{false};
    VerifyHooks hooks;
    hooks.interrupted = &interrupted;
    std::thread operator_at_the_keyboard([&] {
        while (::access((dir.path() + "/begun").c_str(), F_OK) != 0) std::this_thread::yield();
        interrupted = true;
    });
    auto result = run_verify({{"step", "sql", std::chrono::minutes(5), how}}, hooks).steps.at(0);
    operator_at_the_keyboard.join();
    EXPECT_EQ(result.detail, "spark, before its first statement: interrupted");
    EXPECT_THAT(read("script"), HasSubstr("DROP TABLE t;"));
}

TEST_F(SqlStepTest, AUserThatIsNotThereIsNamed) {
    SqlStep how = step();
    how.spark_user = "lakebed-nobody-such";
    how.runs = {{SqlEngine::spark, {"SELECT 1"}, {}, false}};
    EXPECT_THAT(run(how).detail, HasSubstr("there is no user \"lakebed-nobody-such\""));
}

TEST_F(SqlStepTest, TheHistoryServerMustListTheRun) {
    spark("printf 'lakebed.verify.statement\\t0\\n1\\n'\n");
    std::string name;
    test::FakeServer history([&](const std::string& received) -> std::optional<test::Answer> {
        auto request = test::parse_http(received);
        if (!request) return std::nullopt;
        std::string argv = read("argv");
        name = argv.substr(7, argv.find(' ', 7) - 7);
        return test::http_answer(
            200, R"([{"id":"local-1","name":"other"},{"id":"local-2","name":")" + name + R"("}])");
    });
    SqlStep how = step();
    how.history.port = history.port();
    how.runs = {{SqlEngine::spark, {"SELECT 1"}, SqlRows{{"1"}}, false}};
    auto result = run(how);
    EXPECT_TRUE(result.ok) << result.detail;
    EXPECT_THAT(result.detail, HasSubstr("in the History Server"));
}

TEST_F(SqlStepTest, ARunMissingFromTheHistoryIsAFailure) {
    spark("printf 'lakebed.verify.statement\\t0\\n1\\n'\n");
    test::FakeServer history([&](const std::string& received) -> std::optional<test::Answer> {
        if (!test::parse_http(received)) return std::nullopt;
        return test::http_answer(200, "[]");
    });
    SqlStep how = step();
    how.history.port = history.port();
    how.runs = {{SqlEngine::spark, {"SELECT 1"}, {}, false}};
    EXPECT_THAT(run(how, std::chrono::milliseconds(700)).detail, HasSubstr("does not list"));
}

TEST(SparkOutput, IsToldApartByTheMarkers) {
    EXPECT_EQ(read_spark_output("log line\nlakebed.verify.statement\t0\na\t\tb\n"
                                "lakebed.verify.statement\t1\nlakebed.verify.statement\t2\n1\n"),
              (std::vector<SqlRows>{{{"a", "", "b"}}, {}, {{"1"}}}));
}

TEST(StatementTexts, AMissingSecretFileIsAnError) {
    StatementTexts texts;
    EXPECT_FALSE(texts.fill("'{secret:/nonexistent/file}'", "t"));
    EXPECT_FALSE(texts.fill("'{secret:/nonexistent/file'", "t"));
}

} // namespace
} // namespace lakebed
