#include "verify/step_runner.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sys/files.h"
#include "verify/engine_errors.h"
#include "verify/rest.h"
#include "verify/spark_sql.h"
#include "verify/sql_gateway.h"
#include "verify/statement_text.h"

namespace lakebed {
namespace {

using std::chrono::seconds;

class Engines {
  public:
    Engines(const SqlStep& step, const StepContext& context)
        : step_(step), name_("lakebed-verify-" + context.token) {}

    // Rows of the last statement. The session of Flink is opened by the first that needs it and
    // kept: temporary tables and SET live in it.
    Result<SqlRows> run(SqlEngine engine, const std::vector<std::string>& statements,
                        const StepContext& context) {
        std::vector<std::string> filled;
        for (const std::string& statement : statements)
            filled.push_back(TRY(texts_.fill(statement, context.token)));
        return hide_secrets(engine == SqlEngine::flink ? run_flink(filled, context)
                                                       : run_spark(filled, context));
    }

    [[nodiscard]] bool touched() const { return touched_; }
    [[nodiscard]] const std::string& name() const { return name_; }

  private:
    Result<SqlRows> run_flink(const std::vector<std::string>& statements,
                              const StepContext& context) {
        if (!gateway_)
            gateway_.emplace(TRY(SqlGateway::open(step_.gateway, name_, context).context("flink")));
        SqlRows rows;
        for (const std::string& statement : statements) {
            touched_ = true;
            rows = TRY(gateway_->run(statement, context)
                           .context(fmt::format("flink, `{}`", short_statement(statement))))
                       .rows;
        }
        return rows;
    }

    Result<SqlRows> run_spark(const std::vector<std::string>& statements,
                              const StepContext& context) {
        touched_ = true;
        return run_spark_sql({step_.spark, step_.spark_user, name_}, statements, context);
    }

    Result<SqlRows> hide_secrets(Result<SqlRows> result) const {
        if (!result) result.error().message = texts_.hide(result.error().message);
        return result;
    }

    const SqlStep& step_;
    std::string name_;
    StatementTexts texts_;
    std::optional<SqlGateway> gateway_;
    bool touched_ = false;
};

Result<void> expect_rows(const SqlRun& run, SqlRows rows, const std::string& token) {
    if (!run.expect) return {};
    SqlRows wanted = *run.expect;
    for (SqlRow& row : wanted)
        for (std::string& field : row) field = with_token(field, token);
    auto printed = print_rows(rows); // as they came
    if (run.unordered) {
        std::sort(rows.begin(), rows.end());
        std::sort(wanted.begin(), wanted.end());
    }
    if (rows == wanted) return {};
    return fail(fmt::format("{}, `{}`: gives {} instead of {}", to_text(run.engine),
                            short_statement(with_token(run.statements.back(), token)), printed,
                            print_rows(wanted)));
}

Result<void> run_all(const SqlStep& step, Engines& engines, const StepContext& context) {
    for (const SqlRun& run : step.runs) {
        auto rows = TRY(engines.run(run.engine, run.statements, context));
        TRY(expect_rows(run, std::move(rows), context.token));
    }
    return {};
}

// The server reads the event logs anew every now and then.
Result<void> is_in_history(const SqlStep& step, const std::string& name,
                           const StepContext& context) {
    for (;;) {
        auto listed = rest_get(step.history, "/api/v1/applications?limit=200", context);
        if (listed)
            for (const Json& application : listed->items)
                if (member_text(application, "name") == name) return {};
        auto paused = pause(context, seconds(1));
        if (paused) continue;
        if (!listed) return fail("the History Server: " + listed.error().message);
        return fail(fmt::format("the History Server does not list \"{}\": {}", name,
                                paused.error().message),
                    "is spark.eventLog.dir the directory that the History Server reads?");
    }
}

// Everything is tried, also after something could not be removed.
Result<void> clean_up(const SqlStep& step, Engines& engines, const StepContext& context) {
    std::string problems;
    for (const SqlRun& run : step.cleanup) {
        // Spark would stop at the first failure just the same, and starts slowly: one child.
        std::vector<std::vector<std::string>> portions;
        if (run.engine == SqlEngine::spark)
            portions = {run.statements};
        else
            for (const std::string& statement : run.statements) portions.push_back({statement});
        for (const auto& portion : portions)
            if (auto done = engines.run(run.engine, portion, context); !done)
                problems += (problems.empty() ? "" : "; ") + done.error().message;
    }
    if (problems.empty()) return {};
    return fail("cleaning up: " + problems);
}

bool uses_spark(const SqlStep& step) {
    return std::any_of(step.runs.begin(), step.runs.end(),
                       [](const SqlRun& run) { return run.engine == SqlEngine::spark; });
}

// "statements by flink: 7, by spark: 4; results as expected: 3"
std::string proved(const SqlStep& step) {
    std::string text;
    for (SqlEngine engine : {SqlEngine::flink, SqlEngine::spark}) {
        std::size_t statements = 0;
        for (const SqlRun& run : step.runs)
            if (run.engine == engine) statements += run.statements.size();
        if (statements == 0) continue;
        text += fmt::format("{} by {}: {}", text.empty() ? "statements" : ",", to_text(engine),
                            statements);
    }
    auto compared = std::count_if(step.runs.begin(), step.runs.end(),
                                  [](const SqlRun& run) { return run.expect.has_value(); });
    if (compared > 0) text += fmt::format("; results as expected: {}", compared);
    if (step.history.port != 0) text += "; in the History Server";
    return text;
}

} // namespace

Result<std::string> run_step(const SqlStep& step, const StepContext& context) {
    Engines engines(step, context);
    auto done = run_all(step, engines, context);
    if (done && step.history.port != 0 && uses_spark(step))
        done = is_in_history(step, engines.name(), context);
    if (engines.touched()) {
        auto cleaned = clean_up(step, engines, with_grace(context));
        if (!done && !cleaned) done.error().message += "; " + cleaned.error().message;
        if (done) done = std::move(cleaned);
    }
    TRY(std::move(done));
    return proved(step);
}

} // namespace lakebed
