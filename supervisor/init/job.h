// Job: what an init job has to bring about, read from the job.toml that the installer rendered.
//
//   job     = "init-buckets"                          every kind
//   kind    = "s3"                                    initdb | sql | s3 | exec | files
//   site_id = "@site_id@"
//   record  = "/var/lib/lakebed/init/init-buckets"    directory of the job's user
//   (StateDirectory=);
//                                                     holds record.toml and the token `recreate`
// A secret is a file name: relative ones are below $CREDENTIALS_DIRECTORY. Other relative paths are
// below the directory of job.toml. No key holds a secret itself.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/diagnostics.h"
#include "base/quantity.h"
#include "base/value.h"
#include "model/probe_spec.h"

namespace lakebed {

//   cluster = "@postgres.data@/17"    made when absent; its parent must carry the ownership marker
//   initdb  = "@home@/bin/initdb"
//   args    = ["-U", "postgres", "-k", …]
//   version = "17"                    PG_VERSION a cluster must have
struct InitdbJob {
    std::string cluster;
    std::string initdb;
    std::vector<std::string> args;
    std::string version;
    bool operator==(const InitdbJob&) const = default;
};

// [connection] of sql and exec: host (address or socket directory), port, database, user,
// password_file (none: peer authentication).
struct SqlConnection {
    std::string host;
    Port port = 0;
    std::string database = "postgres";
    std::string user = "postgres";
    std::string password_file;
    bool operator==(const SqlConnection&) const = default;
};

// [[role]] name, password_file, attributes = ["replication"], connection_limit, member_of = ["x"].
// With a password it may log in; without, not.
struct SqlRole {
    std::string name;
    std::string password_file;
    std::vector<std::string>
        attributes; // replication | createdb | createrole | bypassrls | noinherit
    int connection_limit = -1;
    std::vector<std::string> member_of;
    bool operator==(const SqlRole&) const = default;
};

// [[database]] name, owner, encoding, connect = ["role"]: who may connect besides the owner (PUBLIC
// may not).
struct SqlDatabase {
    std::string name;
    std::string owner;
    std::string encoding = "UTF8";
    std::vector<std::string> connect;
    bool operator==(const SqlDatabase&) const = default;
};

// [[step]] name, database, unless = "select …" (a row: nothing to do), sql = "…" or sql_file = "…".
// The step is run as one transaction, and `unless` must give a row afterwards.
struct SqlStep {
    std::string name;
    std::string database;
    std::string unless;
    std::string sql;
    std::string sql_file;
    bool operator==(const SqlStep&) const = default;
};

// Roles first, then databases, then steps, each in the order written.
struct SqlJob {
    SqlConnection connection;
    std::vector<SqlRole> roles;
    std::vector<SqlDatabase> databases;
    std::vector<SqlStep> steps;
    bool operator==(const SqlJob&) const = default;
};

// [[user]] name, access_key_file, secret_key_file, policy = "hive-warehouse",
// policy_file = "policy-hive.json", bucket = "warehouse": one it must be able to list afterwards.
struct S3User {
    std::string name;
    std::string access_key_file;
    std::string secret_key_file;
    std::string policy;
    std::string policy_file;
    std::string bucket;
    bool operator==(const S3User&) const = default;
};

// [[object]] bucket, key: an empty object, made when missing.
struct S3Object {
    std::string bucket;
    std::string key;
    bool operator==(const S3Object&) const = default;
};

//   host, port, region = "us-east-1", access_key_file, secret_key_file (of the root user)
//   buckets = ["warehouse", …]
//   mc = "@home@/bin/mc"              makes the users; not needed without [[user]]
struct S3Job {
    std::string host;
    Port port = 0;
    std::string region = "us-east-1";
    std::string access_key_file;
    std::string secret_key_file;
    std::vector<std::string> buckets;
    std::string mc;
    std::vector<S3User> users;
    std::vector<S3Object> objects;
    bool operator==(const S3Job&) const = default;
};

// Runs a program or an SQL script when, and only when, a database says that there is nothing yet:
//   [connection] as above
//   absent  = "select …"      a row: nothing is there, it is run
//   present = "select …"      else: its first row's first column is the version that is there;
//                             no row or an error: half-initialised, refused with `remedy`
//   expect  = "3.1.0"         version to be there; another one is refused
//   remedy  = "restore …"
//   sql_file = "….sql"        as one transaction, so that a kill leaves nothing half-made; or
//   command = ["…/java", …]
//   timeout = "120s"
//   [environment] NAME = "…"  besides what the unit gives
struct ExecJob {
    SqlConnection connection;
    std::string absent;
    std::string present;
    std::string expect;
    std::string remedy;
    std::string sql_file;
    std::vector<std::string> command;
    std::map<std::string, std::string> environment;
    Duration timeout = std::chrono::seconds(120);
    bool operator==(const ExecJob&) const = default;
};

// Gives a service files that are its users' to change, like the catalogs of Flink's SQL gateway:
//   directory = "@flink-sql-gateway.data@/catalogs"   made (0700) when absent; its parent must
//   carry
//                                                     the ownership marker
//   [[file]] name = "demo_ib.yaml", source = "demo_ib.yaml"    source: a file, copied as it is
//   (0600)
// Each file is ours as long as it holds what we wrote. Absent: written. Ours, and the source has
// changed (a port moved): written anew. Of other content: its user's, kept. Written before and
// absent now: dropped by its user, not written again without the token `recreate`. Files of other
// names are not touched.
struct JobFile {
    std::string name;
    std::string source;
    bool operator==(const JobFile&) const = default;
};
struct FilesJob {
    std::string directory;
    std::vector<JobFile> files;
    bool operator==(const FilesJob&) const = default;
};

struct Job {
    std::string name;
    std::string site_id;
    std::string record;
    std::variant<InitdbJob, SqlJob, S3Job, ExecJob, FilesJob> what;
    bool operator==(const Job&) const = default;
};

// Unknown keys, wrong types and missing keys are reported with their position.
[[nodiscard]] Job read_job(std::string_view text, std::string_view file, Diagnostics& diagnostics);

} // namespace lakebed
