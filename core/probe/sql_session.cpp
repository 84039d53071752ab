#include "probe/sql_session.h"

#include <cerrno>

#include <poll.h>

#include <fmt/format.h>
#include <libpq-fe.h>

#include "probe/postgres_inquiry.h"

namespace lakebed {
namespace {

struct ClearResult {
    void operator()(PGresult* result) const noexcept { PQclear(result); }
};
using ResultPtr = std::unique_ptr<PGresult, ClearResult>;

struct FreeMemory {
    void operator()(char* memory) const noexcept { PQfreemem(memory); }
};
using PqString = std::unique_ptr<char, FreeMemory>;

bool succeeded(const ResultPtr& result) {
    ExecStatusType status = PQresultStatus(result.get());
    return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY;
}

bool is_login_failure(std::string_view text) {
    return text.find(" 28P01: ") != std::string_view::npos ||
           text.find(" 28000: ") != std::string_view::npos ||
           text.find(" 3D000: ") != std::string_view::npos;
}

// The blocking form of libpq would do, but the SQLSTATE of a refused login is only in the verbose
// message, and that has to be asked for between the start of the connection and its end.
bool connect(PGconn* connection) {
    constexpr int kStepMs = 10'000;
    PQsetErrorVerbosity(connection, PQERRORS_VERBOSE);
    if (PQstatus(connection) == CONNECTION_BAD) return false;
    PostgresPollingStatusType wish = PGRES_POLLING_WRITING;
    while (wish != PGRES_POLLING_OK && wish != PGRES_POLLING_FAILED) {
        short events = wish == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        pollfd waiting{.fd = PQsocket(connection), .events = events, .revents = 0};
        int ready = ::poll(&waiting, 1, kStepMs);
        if (ready < 0 && errno == EINTR) continue;
        if (ready <= 0) return false;
        wish = PQconnectPoll(connection);
    }
    return wish == PGRES_POLLING_OK;
}

} // namespace

void SqlSession::Finish::operator()(pg_conn* connection) const noexcept {
    PQfinish(connection);
}

Result<SqlSession> SqlSession::open(const PostgresTarget& target, Duration statement_timeout) {
    PostgresOptions options(target);
    SqlSession session(PQconnectStartParams(options.names(), options.values(), 0));
    pg_conn* connection = session.connection_.get();
    if (connection == nullptr) return fail("out of memory");
    const std::string where = fmt::format("database \"{}\" at {}:{} as \"{}\"", target.database,
                                          target.host, target.port, target.user);
    if (!connect(connection)) {
        std::string_view text = PQerrorMessage(connection);
        Errc code = is_login_failure(text) ? Errc::failed : Errc::temporary;
        return fail(code, "cannot open " + where + ": " + postgres_error_outcome(text).detail);
    }
    auto ms = std::chrono::ceil<std::chrono::milliseconds>(statement_timeout).count();
    TRY(session
            .execute(
                fmt::format("set statement_timeout = {}; set client_min_messages = warning", ms))
            .context(where));
    return session;
}

tl::unexpected<Error> SqlSession::failure() const {
    bool gone = PQstatus(connection_.get()) == CONNECTION_BAD;
    return fail(gone ? Errc::temporary : Errc::failed,
                postgres_error_outcome(PQerrorMessage(connection_.get())).detail);
}

Result<std::vector<SqlRow>> SqlSession::query(const std::string& sql,
                                              const std::vector<std::string>& parameters) {
    std::vector<const char*> values;
    for (const std::string& parameter : parameters) values.push_back(parameter.c_str());
    ResultPtr result(PQexecParams(connection_.get(), sql.c_str(), static_cast<int>(values.size()),
                                  nullptr, values.data(), nullptr, nullptr, 0));
    if (!succeeded(result)) return failure();
    std::vector<SqlRow> rows(static_cast<std::size_t>(PQntuples(result.get())));
    for (std::size_t row = 0; row < rows.size(); ++row)
        for (int column = 0; column < PQnfields(result.get()); ++column)
            rows[row].emplace_back(PQgetvalue(result.get(), static_cast<int>(row), column));
    return rows;
}

Result<void> SqlSession::execute(const std::string& sql) {
    ResultPtr result(PQexec(connection_.get(), sql.c_str()));
    if (!succeeded(result)) return failure();
    return {};
}

Result<std::string> SqlSession::identifier(const std::string& name) {
    PqString quoted(PQescapeIdentifier(connection_.get(), name.c_str(), name.size()));
    if (!quoted) return failure();
    return std::string(quoted.get());
}

Result<std::string> SqlSession::literal(const std::string& text) {
    PqString quoted(PQescapeLiteral(connection_.get(), text.c_str(), text.size()));
    if (!quoted) return failure();
    return std::string(quoted.get());
}

Result<std::string> SqlSession::scram_verifier(const std::string& user,
                                               const std::string& password) {
    PqString verifier(
        PQencryptPasswordConn(connection_.get(), password.c_str(), user.c_str(), "scram-sha-256"));
    if (!verifier) return failure();
    return std::string(verifier.get());
}

} // namespace lakebed
