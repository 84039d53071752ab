// SqlGateway: a session of Flink's SQL Gateway (REST v2), closed when its owner goes.
#pragma once

#include <string>
#include <utility>

#include "verify/step_runner.h"

namespace lakebed {

struct SqlAnswer {
    SqlRows rows;
    std::string job; // id of the Flink job, when the statement started one
    bool operator==(const SqlAnswer&) const = default;
};

class SqlGateway {
  public:
    [[nodiscard]] static Result<SqlGateway>
    open(const HttpAddress& address, const std::string& name, const StepContext& context);
    SqlGateway(SqlGateway&& other) noexcept
        : address_(std::move(other.address_)), session_(std::exchange(other.session_, {})) {}
    SqlGateway& operator=(SqlGateway&&) = delete;
    ~SqlGateway();

    // Runs one statement to the end of its result. At the deadline or an interrupt the statement is
    // cancelled there too: the gateway by itself would try for ever. The error is the engine's root
    // cause.
    [[nodiscard]] Result<SqlAnswer> run(const std::string& statement, const StepContext& context);

  private:
    SqlGateway(HttpAddress address, std::string session)
        : address_(std::move(address)), session_(std::move(session)) {}
    Result<std::string> ask(const std::string& method, const std::string& path,
                            const std::string& body, const StepContext& context) const;
    Result<SqlAnswer> fetch_result(const std::string& operation, const StepContext& context) const;

    HttpAddress address_;
    std::string session_; // empty: moved away
};

} // namespace lakebed
