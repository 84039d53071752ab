// Parts of acceptance steps that several kinds read alike.
#pragma once

#include <string>

#include "base/value.h"
#include "verify/verify.h"

namespace lakebed {

// "step[0].users[1]"
[[nodiscard]] std::string indexed(const TableReader& reader, std::string_view key,
                                  std::size_t index);

[[nodiscard]] std::string read_host(TableReader& reader, std::string_view key = "host");
[[nodiscard]] Port read_port(TableReader& reader, std::string_view key = "port");

[[nodiscard]] FlinkClusterStep read_flink_cluster(TableReader& reader);
[[nodiscard]] SqlStep read_sql(TableReader& reader, Diagnostics& diagnostics);
[[nodiscard]] FlinkFailoverStep read_flink_failover(TableReader& reader);

} // namespace lakebed
