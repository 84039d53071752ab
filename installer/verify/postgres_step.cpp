#include <regex>

#include <fmt/format.h>

#include "probe/codecs.h"
#include "probe/sql_session.h"
#include "sys/files.h"
#include "verify/step_runner.h"

namespace lakebed {
namespace {

Result<void> run_check(SqlSession& session, const PostgresCheck& check) {
    auto rows = TRY(session.query(check.query));
    if (rows.empty() || rows.front().empty()) return fail("the query gives no row");
    const std::string& value = rows.front().front();
    if (!check.expect.empty() && value != check.expect)
        return fail(fmt::format("is \"{}\" instead of \"{}\"", printable(value), check.expect));
    if (!check.matches.empty() && !std::regex_match(value, std::regex(check.matches)))
        return fail(fmt::format("\"{}\" does not match \"{}\"", printable(value), check.matches));
    return {};
}

} // namespace

Result<std::string> run_step(const PostgresStep& step, const StepContext& context) {
    PostgresTarget target{step.host, step.port, step.database, step.user, "", "lakebed-verify"};
    if (!step.password_file.empty()) target.password = TRY(read_secret_file(step.password_file));
    auto session = TRY(SqlSession::open(target, time_left(context))
                           .context(fmt::format("sign in as \"{}\"", step.user)));
    std::string passed;
    for (const PostgresCheck& check : step.checks) {
        if (std::chrono::steady_clock::now() >= context.deadline)
            return fail(check.name + ": no time left before the step's deadline");
        TRY(run_check(session, check).context(check.name));
        passed += (passed.empty() ? "" : ", ") + check.name;
    }
    return fmt::format("{} as \"{}\"", passed, step.user);
}

} // namespace lakebed
