#include <memory>
#include <regex>

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>

#include "probe/codecs.h"
#include "probe/postgres_options.h"
#include "sys/files.h"
#include "verify/step_runner.h"

namespace lakebed {
namespace {

struct PgFree {
    void operator()(PGconn* connection) const { PQfinish(connection); }
    void operator()(PGresult* result) const { PQclear(result); }
};
using PgSession = std::unique_ptr<PGconn, PgFree>;
using PgResult = std::unique_ptr<PGresult, PgFree>;

Result<void> wait_for(PGconn* session, short events, DeadlinePoint deadline) {
    for (;;) {
        auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline -
                                                                 std::chrono::steady_clock::now());
        if (left.count() <= 0) return fail("no answer before the step's deadline");
        pollfd poller{PQsocket(session), events, 0};
        int ready = ::poll(&poller, 1, static_cast<int>(std::min<long long>(left.count(), 60'000)));
        if (ready > 0) return {};
        if (ready < 0 && errno != EINTR) return fail_errno("poll", errno);
    }
}

Result<PgSession> sign_in(const PostgresStep& step, DeadlinePoint deadline) {
    PostgresTarget target{step.host, step.port, step.database, step.user, "", "lakebed-verify"};
    if (!step.password_file.empty()) target.password = TRY(read_secret_file(step.password_file));
    PostgresOptions options(std::move(target));
    PgSession session(PQconnectStartParams(options.names(), options.values(), 0));
    if (!session) return fail("libpq is out of memory");
    PostgresPollingStatusType next = PGRES_POLLING_WRITING;
    while (PQstatus(session.get()) != CONNECTION_BAD && next != PGRES_POLLING_OK &&
           next != PGRES_POLLING_FAILED) {
        TRY(wait_for(session.get(), next == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline));
        next = PQconnectPoll(session.get());
    }
    if (next != PGRES_POLLING_OK)
        return fail(fmt::format("user \"{}\" cannot sign in to database \"{}\": {}", step.user,
                                step.database, printable(PQerrorMessage(session.get()))));
    return session;
}

// The last result of the query; NULL results end it.
Result<PgResult> query(PGconn* session, const std::string& text, DeadlinePoint deadline) {
    if (!PQsendQuery(session, text.c_str())) return fail(printable(PQerrorMessage(session)));
    PgResult last;
    for (;;) {
        while (PQisBusy(session)) {
            TRY(wait_for(session, POLLIN, deadline));
            if (!PQconsumeInput(session)) return fail(printable(PQerrorMessage(session)));
        }
        PgResult result(PQgetResult(session));
        if (!result) break;
        last = std::move(result);
        if (PQresultStatus(last.get()) != PGRES_TUPLES_OK &&
            PQresultStatus(last.get()) != PGRES_COMMAND_OK)
            return fail(printable(PQresultErrorMessage(last.get())));
    }
    if (!last) return fail("the query gave no result");
    return last;
}

Result<void> check(PGconn* session, const PostgresCheck& check, DeadlinePoint deadline) {
    auto result = TRY(query(session, check.query, deadline));
    if (PQntuples(result.get()) == 0) return fail("the query gives no row");
    std::string value = PQgetvalue(result.get(), 0, 0);
    if (!check.expect.empty() && value != check.expect)
        return fail(fmt::format("is \"{}\" instead of \"{}\"", printable(value), check.expect));
    if (!check.matches.empty() && !std::regex_match(value, std::regex(check.matches)))
        return fail(fmt::format("\"{}\" does not match \"{}\"", printable(value), check.matches));
    return {};
}

} // namespace

Result<std::string> run_step(const PostgresStep& step, const StepContext& context) {
    auto session = TRY(sign_in(step, context.deadline));
    std::string passed;
    for (const PostgresCheck& one : step.checks) {
        TRY(check(session.get(), one, context.deadline).context(one.name));
        passed += (passed.empty() ? "" : ", ") + one.name;
    }
    return fmt::format("{} as \"{}\"", passed, step.user);
}

} // namespace lakebed
