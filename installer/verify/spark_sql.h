// run_spark_sql: statements in one child spark-sql, with the rows of each.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "verify/step_runner.h"

namespace lakebed {

struct SparkSql {
    std::string program;
    std::string user;
    std::string name; // of the application
};

// Rows of the last statement. The error names the statement that failed and Spark's own reason.
[[nodiscard]] Result<SqlRows> run_spark_sql(const SparkSql& spark,
                                            const std::vector<std::string>& statements,
                                            const StepContext& context);

// The file for `spark-sql -f`: before each statement one that prints its number, so that the output
// can be told apart and a failure has a place.
[[nodiscard]] std::string spark_script(const std::vector<std::string>& statements);

// Rows of each statement that began, out of what that script printed; nothing else is a row.
[[nodiscard]] std::vector<SqlRows> read_spark_output(std::string_view output);

} // namespace lakebed
