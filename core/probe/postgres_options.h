// PostgresOptions: the parameters of a libpq connection, complete, so that nothing of the
// environment (PGHOST, ~/.pgpass, a service file …) gets in.
#pragma once

#include <array>
#include <string>

#include "model/probe_spec.h"

namespace lakebed {

struct PostgresTarget {
    std::string host; // address, or the directory of the Unix socket
    Port port = 0;
    std::string database;
    std::string user;
    std::string password; // empty: peer authentication
    std::string application;
};

class PostgresOptions {
  public:
    explicit PostgresOptions(PostgresTarget target);
    PostgresOptions(const PostgresOptions&) = delete; // it points into itself
    PostgresOptions& operator=(const PostgresOptions&) = delete;

    [[nodiscard]] const char* const* names() const { return names_.data(); }
    [[nodiscard]] const char* const* values() const { return values_.data(); }

  private:
    PostgresTarget target_;
    std::string port_;
    std::array<const char*, 16> names_{};
    std::array<const char*, 16> values_{};
};

} // namespace lakebed
