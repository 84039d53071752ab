#include "probe/postgres_inquiry.h"

#include <sys/epoll.h>

#include <libpq-fe.h>

#include "probe/codecs.h"
#include "probe/postgres_options.h"

namespace lakebed {

void PostgresInquiry::Finish::operator()(pg_conn* connection) const noexcept {
    PQfinish(connection);
}

PostgresInquiry::PostgresInquiry(sd_event* loop, const PostgresProbe& probe, InquiryReport report)
    : loop_(loop), probe_(probe), report_(std::move(report)) {}

void PostgresInquiry::ask(const ProbeSecrets& secrets) {
    if (!connection_) {
        secrets_ = secrets;
        return connect();
    }
    fresh_ = false;
    query();
}

void PostgresInquiry::abort() {
    source_.reset(); // before its socket is closed
    connection_.reset();
}

void PostgresInquiry::connect() {
    fresh_ = true;
    PostgresOptions options({.host = probe_.host,
                             .port = probe_.port,
                             .database = probe_.database,
                             .user = probe_.user,
                             .password = secrets_.password,
                             .application = "lakebed-probe"});
    connection_.reset(PQconnectStartParams(options.names(), options.values(), 0));
    if (!connection_) return end({.detail = "out of memory"});
    if (PQstatus(connection_.get()) == CONNECTION_BAD)
        return end(postgres_error_outcome(PQerrorMessage(connection_.get())));
    PQsetErrorVerbosity(connection_.get(), PQERRORS_VERBOSE); // the only way to see the SQLSTATE
    watch(EPOLLOUT, &PostgresInquiry::go_on_connecting);
}

void PostgresInquiry::go_on_connecting() {
    // libpq may go on with another socket that has the same number, which epoll would not notice.
    source_.reset();
    switch (PQconnectPoll(connection_.get())) {
    case PGRES_POLLING_READING:
        return watch(EPOLLIN, &PostgresInquiry::go_on_connecting);
    case PGRES_POLLING_WRITING:
        return watch(EPOLLOUT, &PostgresInquiry::go_on_connecting);
    case PGRES_POLLING_OK:
        return query();
    default:
        return end(postgres_error_outcome(PQerrorMessage(connection_.get())));
    }
}

void PostgresInquiry::query() {
    has_row_ = false;
    if (PQsetnonblocking(connection_.get(), 1) != 0 ||
        PQsendQuery(connection_.get(), probe_.query.c_str()) == 0)
        return lost();
    go_on_asking();
}

void PostgresInquiry::go_on_asking() {
    int unsent = PQflush(connection_.get());
    if (unsent < 0 || PQconsumeInput(connection_.get()) == 0) return lost();
    if (unsent > 0) return watch(EPOLLIN | EPOLLOUT, &PostgresInquiry::go_on_asking);
    while (PQisBusy(connection_.get()) == 0) {
        std::unique_ptr<PGresult, decltype(&PQclear)> result(PQgetResult(connection_.get()),
                                                             &PQclear);
        if (!result && has_row_) return end({.ok = true, .detail = "answers"});
        if (!result) return end({.detail = "its query returned no row"});
        ExecStatusType status = PQresultStatus(result.get());
        if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
            if (PQstatus(connection_.get()) == CONNECTION_BAD) return lost();
            return end(postgres_error_outcome(PQresultErrorMessage(result.get())));
        }
        has_row_ = has_row_ || PQntuples(result.get()) > 0;
    }
    watch(EPOLLIN, &PostgresInquiry::go_on_asking);
}

// A kept session that the server has ended since says nothing about now: one fresh session does.
void PostgresInquiry::lost() {
    ProbeOutcome outcome = postgres_error_outcome(PQerrorMessage(connection_.get()));
    if (fresh_) return end(outcome);
    abort();
    connect();
}

void PostgresInquiry::watch(std::uint32_t events, void (PostgresInquiry::*then)()) {
    source_.reset();
    auto source = watch_fd(loop_, PQsocket(connection_.get()), events,
                           [this, then](std::uint32_t) { (this->*then)(); });
    if (!source) return end({.detail = source.error().message});
    source_ = *std::move(source);
}

void PostgresInquiry::end(ProbeOutcome outcome) {
    source_.reset(); // a session is kept, but not watched: its end shows at the next probe
    if (!outcome.ok) abort();
    report_(std::move(outcome));
}

ProbeOutcome postgres_error_outcome(std::string_view text) {
    // "connection to server … failed: FATAL:  57P03: the database system is starting up\nLOCATION:
    // …"
    ProbeOutcome outcome;
    outcome.progress = text.find(" 57P03: ") != std::string_view::npos;
    for (std::string_view severity : {"FATAL:  ", "ERROR:  ", "PANIC:  "}) {
        auto at = text.find(severity);
        if (at == std::string_view::npos) continue;
        text.remove_prefix(at + severity.size());
        if (text.size() > 7 && text.substr(5, 2) == ": ") text.remove_prefix(7); // the SQLSTATE
        break;
    }
    constexpr std::string_view kFailed = " failed: ";
    if (auto at = text.find(kFailed);
        at != std::string_view::npos && text.starts_with("connection to"))
        text.remove_prefix(at + kFailed.size());
    outcome.detail = printable(text.substr(0, text.find('\n')));
    if (outcome.detail.empty()) outcome.detail = "does not answer";
    return outcome;
}

} // namespace lakebed
