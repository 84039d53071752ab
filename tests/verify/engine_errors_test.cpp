#include "verify/engine_errors.h"

#include <gtest/gtest.h>

namespace lakebed {
namespace {

// As Flink 1.20.1 writes them, most frames left out.
TEST(RootCause, IsTheInnermostCauseOfAFlinkTrace) {
    EXPECT_EQ(root_cause(R"(Internal server error.
<Exception on server side:
org.apache.flink.table.gateway.api.utils.SqlGatewayException: org.apache.flink.table.gateway.api.utils.SqlGatewayException: Failed to fetchResults.
	at org.apache.flink.table.gateway.rest.handler.statement.FetchResultsHandler.handleRequest(FetchResultsHandler.java:91)
Caused by: org.apache.flink.table.gateway.service.utils.SqlExecutionException: Failed to execute the operation 7f4d42a0-6790-40b8-abd0-784366867ad3.
	at org.apache.flink.table.gateway.service.operation.OperationManager$Operation.processThrowable(OperationManager.java:414)
	... 1 more
Caused by: org.apache.flink.table.api.ValidationException: SQL validation failed. From line 1, column 15 to line 1, column 28: Object 'nope' not found within 'demo_ib'
	... 7 more
Caused by: org.apache.calcite.sql.validate.SqlValidatorException: Object 'nope' not found within 'demo_ib'
	at java.base/jdk.internal.reflect.NativeConstructorAccessorImpl.newInstance0(Native Method)
	... 34 more

End of exception on server side>)"),
              "SqlValidatorException: Object 'nope' not found within 'demo_ib'");
}

TEST(RootCause, KeepsTheFurtherLinesOfItsMessageOnOneLine) {
    EXPECT_EQ(
        root_cause("org.apache.flink.table.api.TableException: outer\n"
                   "\tat a.B.c(B.java:1)\n"
                   "Caused by: org.apache.flink.table.api.ValidationException: Could not find "
                   "any factory for identifier 'kafkaa'.\n\n"
                   "Available factory identifiers are:\n\nblackhole\ndatagen\n"
                   "\tat a.B.c(B.java:2)\n"),
        "ValidationException: Could not find any factory for identifier 'kafkaa'. Available "
        "factory identifiers are: blackhole datagen");
}

TEST(RootCause, ThatSaysNothingTellsWhatItBroke) {
    EXPECT_EQ(root_cause("java.lang.RuntimeException: outer\n"
                         "Caused by: org.apache.flink.util.FlinkException: Cannot commit\n"
                         "\tat a.B.c(B.java:1)\n"
                         "Caused by: java.lang.NullPointerException\n\tat a.B.c(B.java:2)\n"),
              "FlinkException: Cannot commit (NullPointerException)");
}

TEST(RootCause, LooksIntoATraceOfAnotherServer) {
    EXPECT_EQ(root_cause("Caused by: org.apache.flink.runtime.rest.util.RestClientException: "
                         "[Internal server error., <Exception on server side:\n"
                         "org.apache.flink.runtime.client.JobSubmissionException: Failed to submit "
                         "job.\n\tat a.B.c(B.java:2)\n"),
              "RestClientException: org.apache.flink.runtime.client.JobSubmissionException: Failed "
              "to submit job.");
}

TEST(RootCause, OfTextWithoutATraceIsItsFirstLine) {
    EXPECT_EQ(root_cause("Session 'x' does not exist.\n"), "Session 'x' does not exist.");
    EXPECT_EQ(root_cause(""), "no reason given");
}

TEST(RootCause, IsCutBetweenCharacters) {
    std::string text;
    while (text.size() < 299) text += "a";
    text += "äöü";
    EXPECT_EQ(root_cause(text), std::string(299, 'a') + "…");
}

TEST(SparkComplaint, IsTheErrorThatEndedTheRunNotAWarningBeforeIt) {
    EXPECT_EQ(
        spark_complaint(R"(26/11/22 18:00:00 WARN ObjectStore: Failed to get database global_temp
java.net.ConnectException: Connection refused
	at a.B.c(B.java:1)
Caused by: java.net.ConnectException: warned of
26/11/22 18:00:02 INFO SparkSQLCLIDriver: Spark master: local[2]
[TABLE_OR_VIEW_NOT_FOUND] The table or view `demo_ib`.`nope`.`t` cannot be found. Verify the spelling and correctness of the schema and catalog.
To tolerate the error on drop use DROP VIEW IF EXISTS or DROP TABLE IF EXISTS.; line 1 pos 14;
'Project [*]
+- 'UnresolvedRelation [demo_ib, nope, t], [], false
)")
            .substr(0, 78),
        "[TABLE_OR_VIEW_NOT_FOUND] The table or view `demo_ib`.`nope`.`t` cannot be fou");
}

TEST(SparkComplaint, IsTheInnermostCauseOfItsTrace) {
    EXPECT_EQ(spark_complaint("26/11/22 18:00:02 ERROR SparkSQLDriver: Failed in [SELECT 1]\n"
                              "org.apache.spark.SparkException: Job aborted due to stage failure\n"
                              "\tat a.B.c(B.java:1)\n"
                              "Caused by: org.apache.spark.SparkNumberFormatException: "
                              "[CAST_INVALID_INPUT] The value 'x' cannot be cast to \"INT\".\n"
                              "\tat a.B.c(B.java:1)\n\t... 3 more\n"),
              "SparkNumberFormatException: [CAST_INVALID_INPUT] The value 'x' cannot be cast to "
              "\"INT\".");
}

TEST(SparkComplaint, WithoutAnExceptionIsTheFirstErrorOfTheLogOrTheLastLine) {
    EXPECT_EQ(spark_complaint("26/11/22 18:00:02 ERROR Utils: no space left\n26/11/22 18:00:03 "
                              "INFO ShutdownHookManager: bye\n"),
              "Utils: no space left");
    EXPECT_EQ(spark_complaint("JAVA_HOME is not set\n"), "JAVA_HOME is not set");
}

TEST(ShortStatement, IsOneLineOfBoundedLength) {
    EXPECT_EQ(short_statement("SELECT\n   1 \n"), "SELECT 1");
    EXPECT_EQ(short_statement(std::string(200, 'x')), std::string(80, 'x') + "…");
}

} // namespace
} // namespace lakebed
