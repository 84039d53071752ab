// SqlSession: a blocking PostgreSQL session, for init jobs and acceptance steps.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/quantity.h"
#include "base/result.h"
#include "probe/postgres_options.h"

struct pg_conn;

namespace lakebed {

using SqlRow = std::vector<std::string>; // NULL is ""

class SqlSession {
  public:
    // Errc::temporary: no server there, or it is starting up. `statement_timeout` bounds each
    // statement.
    [[nodiscard]] static Result<SqlSession>
    open(const PostgresTarget& target, Duration statement_timeout = std::chrono::seconds(60));

    // One statement; parameters are $1, $2 …
    [[nodiscard]] Result<std::vector<SqlRow>>
    query(const std::string& sql, const std::vector<std::string>& parameters = {});

    // Statements separated by semicolons, as one transaction.
    [[nodiscard]] Result<void> execute(const std::string& sql);

    [[nodiscard]] Result<std::string> identifier(const std::string& name); // quoted
    [[nodiscard]] Result<std::string> literal(const std::string& text);    // quoted

    // What the server stores for a password; the password itself is not sent.
    [[nodiscard]] Result<std::string> scram_verifier(const std::string& user,
                                                     const std::string& password);

  private:
    struct Finish {
        void operator()(pg_conn* connection) const noexcept;
    };
    explicit SqlSession(pg_conn* connection) : connection_(connection) {}
    [[nodiscard]] tl::unexpected<Error> failure() const;

    std::unique_ptr<pg_conn, Finish> connection_;
};

// Whether `password` is the one behind a verifier "SCRAM-SHA-256$4096:SALT$STORED:SERVER". Of
// another form: false.
[[nodiscard]] bool scram_matches(std::string_view verifier, std::string_view password);

} // namespace lakebed
