// ProbeSpec: how to ask a service, in its own protocol, whether it serves.
//
// In files (conf/<service>.toml, graph.toml, probe.toml) a probe is a table:
//   { kind = "redis", host = "127.0.0.1", port = 6379, user = "app", password_file = "/…", … }
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/port_holder.h"
#include "base/quantity.h"
#include "base/value.h"

namespace lakebed {

// Runs `query` in a session of the service's own role; ready when it returns a row.
struct PostgresProbe {
    std::string host; // address, or the directory of the Unix socket
    Port port = 0;
    std::string database;
    std::string user;
    std::string password_file; // empty: peer authentication
    std::string query = "select 1";
    bool operator==(const PostgresProbe&) const = default;
};

// A signed ListBuckets that must succeed, after one signed with the vendor's default key
// (minioadmin) that must be refused: MinIO falls back to it when its credential file is missing.
struct S3Probe {
    std::string host;
    Port port = 0;
    std::string access_key_file;
    std::string secret_key_file;
    bool operator==(const S3Probe&) const = default;
};

// A Thrift call without arguments (TBinaryProtocol, unframed); ready when it returns a result.
struct ThriftProbe {
    std::string host;
    Port port = 0;
    std::string method = "get_all_databases";
    bool operator==(const ThriftProbe&) const = default;
};

// AUTH user password, then PING; ready on PONG. "LOADING" counts as progress.
struct RedisProbe {
    std::string host;
    Port port = 0;
    std::string user;
    std::string password_file;
    bool operator==(const RedisProbe&) const = default;
};

// GET path; ready when the status matches (0: whatever it is, an answer is enough) and the body
// contains `contains` (when not empty).
struct HttpProbe {
    std::string host;
    Port port = 0;
    std::string path = "/";
    int status = 200;
    std::string contains;
    bool operator==(const HttpProbe&) const = default;
};

// Connects, sends `send` and is ready once the reply contains `contains`; without these, once it is
// connected. For services that speak nothing else we know.
struct TcpProbe {
    std::string host;
    Port port = 0;
    std::string send;
    std::string contains;
    bool operator==(const TcpProbe&) const = default;
};

struct ProbeSpec {
    std::variant<TcpProbe, PostgresProbe, S3Probe, ThriftProbe, RedisProbe, HttpProbe> how;
    Duration interval = std::chrono::milliseconds(200); // between tries while waiting
    Duration timeout = std::chrono::seconds(5);         // of one try
    bool operator==(const ProbeSpec&) const = default;
};

[[nodiscard]] std::string_view kind_name(const ProbeSpec& probe); // "redis", "postgres", …

// Errors (unknown kind, wrong type, port out of range …) go to `diagnostics`.
[[nodiscard]] ProbeSpec read_probe_spec(const Value& value, const std::string& path,
                                        Diagnostics& diagnostics);
[[nodiscard]] Table write_probe_spec(const ProbeSpec& probe);

} // namespace lakebed
