#include <algorithm>
#include <cctype>
#include <map>

#include <fmt/format.h>

#include "init/connect.h"
#include "init/run_job.h"
#include "sys/files.h"

namespace lakebed {
namespace {

std::string upper(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return text;
}

// "ALTER ROLE x" options that make the role what the job says, whatever it was.
Result<std::string> role_options(SqlSession& session, const SqlRole& role,
                                 const std::string& verifier) {
    auto has = [&](std::string_view attribute) {
        return std::find(role.attributes.begin(), role.attributes.end(), attribute) !=
               role.attributes.end();
    };
    std::string options = verifier.empty() ? "NOLOGIN" : "LOGIN";
    options += has("noinherit") ? " NOINHERIT" : " INHERIT";
    options += " NOSUPERUSER";
    for (std::string attribute : {"replication", "createdb", "createrole", "bypassrls"})
        options += (has(attribute) ? " " : " NO") + upper(attribute);
    options += fmt::format(" CONNECTION LIMIT {}", role.connection_limit);
    if (!verifier.empty()) options += " PASSWORD " + TRY(session.literal(verifier));
    return options;
}

// One word for all that role_options sets but the password.
constexpr const char* kRoleState =
    "select concat_ws(' ', rolcanlogin, rolinherit, rolsuper, rolreplication, rolcreatedb, "
    "rolcreaterole, rolbypassrls, rolconnlimit), coalesce(rolpassword, '') "
    "from pg_authid where rolname = $1";

std::string wanted_state(const SqlRole& role) {
    auto flag = [&](std::string_view attribute) {
        return std::find(role.attributes.begin(), role.attributes.end(), attribute) !=
                       role.attributes.end()
                   ? "t"
                   : "f";
    };
    bool inherits = *flag("noinherit") == 'f';
    return fmt::format("{} {} f {} {} {} {} {}", role.password_file.empty() ? "f" : "t",
                       inherits ? "t" : "f", flag("replication"), flag("createdb"),
                       flag("createrole"), flag("bypassrls"), role.connection_limit);
}

Result<void> ensure_role(SqlSession& session, const SqlRole& role, const JobContext& context) {
    std::string password;
    if (!role.password_file.empty()) password = TRY(read_job_secret(context, role.password_file));
    auto as_wanted = [&]() -> Result<std::pair<bool, bool>> { // exists, is right
        auto rows = TRY(session.query(kRoleState, {role.name}));
        if (rows.empty()) return std::pair(false, false);
        bool right = rows[0][0] == wanted_state(role) &&
                     (password.empty() || scram_matches(rows[0][1], password));
        return std::pair(true, right);
    };
    auto [exists, right] = TRY(as_wanted());
    if (!right) {
        std::string verifier;
        if (!password.empty()) verifier = TRY(session.scram_verifier(role.name, password));
        std::string name = TRY(session.identifier(role.name));
        std::string options = TRY(role_options(session, role, verifier));
        TRY(session.execute(
            fmt::format("{} ROLE {} {}", exists ? "ALTER" : "CREATE", name, options)));
        if (!TRY(as_wanted()).second)
            return fail("it is not as wanted after it was set", "look at: \\du+ in psql");
    }
    const std::string member = TRY(session.identifier(role.name));
    for (const std::string& name : role.member_of) {
        const std::string group = TRY(session.identifier(name));
        TRY(session.execute(fmt::format("GRANT {} TO {}", group, member))); // twice is but a notice
    }
    return {};
}

Result<std::optional<std::string>> find_database(SqlSession& session, const std::string& name) {
    auto rows = TRY(
        session.query("select (select system_identifier from pg_control_system()) || '/' || oid "
                      "from pg_database where datname = $1",
                      {name}));
    if (rows.empty()) return std::optional<std::string>();
    return std::optional(rows[0][0]);
}

Result<void> ensure_database(SqlSession& session, const SqlDatabase& database, JobLedger& ledger) {
    const std::string thing = "database " + database.name;
    const std::string name = TRY(session.identifier(database.name));
    const std::string owner = TRY(session.identifier(database.owner));
    auto present = TRY(find_database(session, database.name));
    if (TRY(ledger.must_make(thing, "it", present))) {
        const std::string encoding = TRY(session.literal(database.encoding));
        TRY(session.execute(fmt::format(
            "CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING {}", name, owner, encoding)));
        present = TRY(find_database(session, database.name));
        if (!present) return fail("it is not there after it was created");
    }
    ledger.note(thing, *present);
    auto rows = TRY(session.query("select pg_get_userbyid(datdba), pg_encoding_to_char(encoding) "
                                  "from pg_database where datname = $1",
                                  {database.name}));
    if (rows.size() != 1 || rows[0][0] != database.owner || rows[0][1] != database.encoding)
        return fail(Errc::refused,
                    fmt::format("it belongs to \"{}\" in encoding {}, not to \"{}\" in {}",
                                rows.empty() ? "" : rows[0][0], rows.empty() ? "" : rows[0][1],
                                database.owner, database.encoding),
                    "it is not the one this job makes: rename it, or give it to that owner");
    std::string grants = fmt::format("REVOKE CONNECT, TEMPORARY ON DATABASE {} FROM PUBLIC", name);
    for (const std::string& role : database.connect)
        grants += fmt::format("; GRANT CONNECT ON DATABASE {} TO {}", name,
                              TRY(session.identifier(role)));
    return session.execute(grants);
}

Result<void> ensure_step(SqlSession& session, const SqlStep& step, const JobContext& context) {
    if (!TRY(session.query(step.unless)).empty()) return {};
    std::string sql = step.sql;
    if (!step.sql_file.empty()) sql = TRY(read_file(job_path(context, step.sql_file)));
    TRY(session.execute(sql));
    if (TRY(session.query(step.unless)).empty())
        return fail("its SQL ran, but its check still finds nothing",
                    "the step is wrong: " + step.unless);
    return {};
}

} // namespace

Result<void> run_sql_job(const SqlJob& job, const JobContext& context, JobLedger& ledger) {
    SqlSession session = TRY(open_session(job.connection, job.connection.database, context));
    for (const SqlRole& role : job.roles)
        TRY(ensure_role(session, role, context).context(fmt::format("role \"{}\"", role.name)));
    for (const SqlDatabase& database : job.databases)
        TRY(ensure_database(session, database, ledger)
                .context(fmt::format("database \"{}\"", database.name)));
    TRY(ledger.save());
    std::map<std::string, SqlSession> sessions;
    for (const SqlStep& step : job.steps) {
        auto at = sessions.find(step.database);
        if (at == sessions.end())
            at = sessions
                     .emplace(step.database,
                              TRY(open_session(job.connection, step.database, context)))
                     .first;
        TRY(ensure_step(at->second, step, context).context(fmt::format("step \"{}\"", step.name)));
    }
    return {};
}

} // namespace lakebed
