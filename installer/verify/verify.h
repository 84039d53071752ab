// verify: acceptance steps as data, run against the real services: do they do what they are for?
//
// How it works: verify.toml of a generation holds [[step]] tables, rendered from the [[verify]]
// tables of profiles/conf/<service>.toml. Each step works under a random name of its own, removes
// what it made even when it fails, and has a deadline.
//
// Keys of every step: service (set by render), kind*, name = "SERVICE: KIND", timeout = "30s"
// (flink-cluster 1 min, sql and flink-failover 5 min), deep = false (run with --deep only). A host
// defaults to "127.0.0.1". Keys by kind, * = required:
//
//   redis: host, port*, user*, password_file*
//          key_prefix = "lakebed_verify:"   the user must be allowed to write below it
//          persistence = true               INFO must say aof_enabled:1
//          persistence_user, persistence_password_file   who may INFO, when `user` may not
//          refused = [["CONFIG", "GET", "dir"]]   harmless commands that `user` may not do
//   s3:    host, port*, root_access_key_file*, root_secret_key_file*
//          region = "us-east-1", buckets = ["warehouse", …]
//          [[…users]] name*, access_key_file*, secret_key_file*, bucket* (may write there),
//                     refused = ["other-bucket", …] (must not read or write there)
//   postgres: host (address or directory of the socket), port*, user*, password_file, database*
//          [[…checks]] name*, query*, and expect = "text" or matches = "regex" (ECMAScript, whole
//          value; neither: any row); first column of the first row, all checks in one session
//   thrift-metastore: host, port*, location* ("s3a://warehouse"; LOCATION/<database>.db is used)
//          database_prefix = "lakebed_verify_"
//   http:  host, port*, path = "/", status = 200, contains
//   tcp:   host, port*
//   flink-cluster: host, port* (of the JobManager), taskmanagers*, slots* (of each TaskManager);
//          waits until at least so many have registered
//   sql:   gateway_host, gateway_port (* with flink statements), spark =
//   "/usr/bin/lakebed-spark-sql",
//          spark_user = "lakebed-spark"
//          [[…run]]     engine* = "flink" | "spark", statements* = ["…", …],
//                       expect = [["1", "a"], …] (rows of the last statement as text, NULL is
//                       "NULL"; none: it need only succeed), unordered = false
//          [[…cleanup]] engine*, statements*: all of them always run once a run has begun
//          history = { host, port* }: the History Server must list the Spark runs
//          In statements and expect, {token} is the random name of this run; in statements
//          {secret:FILE} is the content of that file, which no message ever shows. Flink statements
//          share one session of the SQL Gateway; Spark statements of one run share one child.
//   flink-failover: gateway_host, gateway_port*, jobmanager_host, jobmanager_port*, unit* (of the
//          JobManager), catalog = "demo_ib", hive_catalog = "demo_hv" (of the same metastore: a
//          database dropped there goes with its directory), rows = 3000, rate = 40 (rows a second;
//          rows must last 60 s at least: TaskManagers work on for heartbeat.timeout without their
//          JobManager, and Iceberg commits at the end of its input without a checkpoint (1.8,
//          IcebergFilesCommitter.endInput, under END_INPUT_CHECKPOINT_ID), so
//          an end in that time would be written twice)
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/diagnostics.h"
#include "base/quantity.h"
#include "model/probe_spec.h"

namespace lakebed {

struct RedisStep {
    std::string host;
    Port port = 0;
    std::string user;
    std::string password_file;
    std::string key_prefix = "lakebed_verify:";
    bool persistence = true;
    std::string persistence_user; // empty: `user`
    std::string persistence_password_file;
    std::vector<std::vector<std::string>> refused = {{"CONFIG", "GET", "dir"}};
    bool operator==(const RedisStep&) const = default;
};

struct S3StepUser {
    std::string name;
    std::string access_key_file;
    std::string secret_key_file;
    std::string bucket;
    std::vector<std::string> refused;
    bool operator==(const S3StepUser&) const = default;
};

struct S3Step {
    std::string host;
    Port port = 0;
    std::string region = "us-east-1";
    std::string root_access_key_file;
    std::string root_secret_key_file;
    std::vector<std::string> buckets;
    std::vector<S3StepUser> users;
    bool operator==(const S3Step&) const = default;
};

struct PostgresCheck {
    std::string name;
    std::string query;
    std::string expect;  // exact text
    std::string matches; // or regular expression; both empty: any row
    bool operator==(const PostgresCheck&) const = default;
};

struct PostgresStep {
    std::string host;
    Port port = 0;
    std::string user;
    std::string password_file; // empty: peer authentication
    std::string database;
    std::vector<PostgresCheck> checks;
    bool operator==(const PostgresStep&) const = default;
};

struct MetastoreStep {
    std::string host;
    Port port = 0;
    std::string location;
    std::string database_prefix = "lakebed_verify_";
    bool operator==(const MetastoreStep&) const = default;
};

struct HttpAddress {
    std::string host = "127.0.0.1";
    Port port = 0; // 0: none given
    bool operator==(const HttpAddress&) const = default;
};

struct FlinkClusterStep {
    HttpAddress jobmanager;
    int taskmanagers = 0;
    int slots = 0; // of each
    bool operator==(const FlinkClusterStep&) const = default;
};

using SqlRow = std::vector<std::string>;
using SqlRows = std::vector<SqlRow>;

enum class SqlEngine { flink, spark };

struct SqlRun {
    SqlEngine engine = SqlEngine::flink;
    std::vector<std::string> statements;
    std::optional<SqlRows> expect;
    bool unordered = false;
    bool operator==(const SqlRun&) const = default;
};

struct SqlStep {
    HttpAddress gateway;
    std::string spark = "/usr/bin/lakebed-spark-sql";
    std::string spark_user = "lakebed-spark";
    HttpAddress history;
    std::vector<SqlRun> runs;
    std::vector<SqlRun> cleanup;
    bool operator==(const SqlStep&) const = default;
};

struct FlinkFailoverStep {
    HttpAddress gateway;
    HttpAddress jobmanager;
    std::string unit;
    std::string catalog = "demo_ib";
    std::string hive_catalog = "demo_hv";
    std::int64_t rows = 3000;
    std::int64_t rate = 40; // a second
    bool operator==(const FlinkFailoverStep&) const = default;
};

struct VerifyStep {
    std::string name;
    std::string service;
    Duration timeout = std::chrono::seconds(30);
    std::variant<RedisStep, S3Step, PostgresStep, MetastoreStep, HttpProbe, TcpProbe,
                 FlinkClusterStep, SqlStep, FlinkFailoverStep>
        how;
    bool deep = false; // takes long or disturbs: only when asked for
    bool operator==(const VerifyStep&) const = default;
};

struct StepResult {
    std::string name;
    std::string service;
    bool ok = false;
    Duration took{};
    std::string detail; // what was proved, or what failed and what to do
    bool operator==(const StepResult&) const = default;
};

struct VerifyReport {
    bool ok = false;
    std::vector<StepResult> steps;
    bool operator==(const VerifyReport&) const = default;
};

// Every mistake is reported with its position.
[[nodiscard]] std::vector<VerifyStep> read_verify(std::string_view text, std::string_view file,
                                                  Diagnostics& diagnostics);

struct VerifyHooks {
    std::function<void(const VerifyStep&)> started;  // may be empty
    std::function<void(const StepResult&)> finished; // may be empty
    // Once it is true no further step begins; a long one stops, and removes what it made.
    const std::atomic<bool>* interrupted = nullptr;
};

// Runs all steps, also after a failed one. Reads the password files: root only.
[[nodiscard]] VerifyReport run_verify(const std::vector<VerifyStep>& steps,
                                      const VerifyHooks& hooks = {});

} // namespace lakebed
