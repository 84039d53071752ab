#include <fmt/format.h>

#include "init/connect.h"
#include "sys/files.h"
#include "sys/process.h"

namespace lakebed {

Result<SqlSession> open_session(const SqlConnection& connection, const std::string& database,
                                const JobContext& context) {
    PostgresTarget target{.host = connection.host,
                          .port = connection.port,
                          .database = database,
                          .user = connection.user,
                          .password = {},
                          .application = "lakebed-init"};
    if (!connection.password_file.empty())
        target.password = TRY(read_job_secret(context, connection.password_file));
    return SqlSession::open(target);
}

namespace {

// Version of what is there; nullopt when nothing is.
Result<std::optional<std::string>> find_version(const ExecJob& job, SqlSession& session) {
    if (!TRY(session.query(job.absent)).empty()) return std::optional<std::string>();
    auto rows = session.query(job.present);
    if (!rows && rows.error().code == Errc::temporary) return tl::unexpected<Error>(rows.error());
    if (!rows || rows->empty() || rows->front().empty())
        return fail(Errc::refused,
                    fmt::format("database \"{}\" is half-initialised: {}", job.connection.database,
                                rows ? "there is something, but no version" : rows.error().message),
                    job.remedy);
    const std::string& version = rows->front().front();
    if (!job.expect.empty() && version != job.expect)
        return fail(Errc::refused,
                    fmt::format("database \"{}\" is at version {}, and this release works with {}",
                                job.connection.database, version, job.expect),
                    "upgrade or restore it, or go back to the release that made it");
    return std::optional(version);
}

Result<void> run_command(const ExecJob& job) {
    ChildSpec child;
    child.argv = job.command;
    child.timeout = std::chrono::ceil<std::chrono::milliseconds>(job.timeout);
    for (const auto& [name, value] : job.environment)
        child.environment.push_back(fmt::format("{}={}", name, value));
    ChildExit ended = TRY(run_child(child));
    if (ended.timed_out)
        return fail(
            fmt::format("{} did not end within {}", job.command[0], to_string(job.timeout)));
    if (!ended.ok())
        return fail(fmt::format("{} failed with status {}: {}", job.command[0], ended.status,
                                last_lines(ended.output, ended.errors)));
    return {};
}

Result<void> run_script(const ExecJob& job, SqlSession& session, const JobContext& context) {
    const std::string path = job_path(context, job.sql_file);
    std::string script = TRY(read_file(path));
    return session.execute(script).context(path);
}

} // namespace

Result<void> run_exec_job(const ExecJob& job, const JobContext& context, JobLedger& ledger) {
    SqlSession session = TRY(open_session(job.connection, job.connection.database, context));
    const std::string thing = "version of " + job.connection.database;
    auto present = TRY(find_version(job, session));
    auto there = present ? std::optional<std::string>("") : std::nullopt; // an upgrade is no loss
    if (TRY(ledger.must_make(thing,
                             fmt::format("the content of database \"{}\"", job.connection.database),
                             there))) {
        if (job.command.empty())
            TRY(run_script(job, session, context));
        else
            TRY(run_command(job));
        present = TRY(find_version(job, session));
        if (!present)
            return fail(fmt::format("{} ended well, but database \"{}\" is still empty",
                                    job.command.empty() ? job.sql_file : job.command[0],
                                    job.connection.database));
    }
    ledger.note(thing, *present);
    return {};
}

} // namespace lakebed
