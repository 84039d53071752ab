#include "init/job.h"

#include <gmock/gmock.h>

#include "support/text.h"

namespace lakebed {
namespace {

using ::testing::HasSubstr;

constexpr const char* kHead =
    "site_id = \"s1\"\nrecord = \"/var/lib/lakebed/init/j\"\njob = \"j\"\n";

Job read(const std::string& text) {
    Diagnostics diagnostics;
    Job job = read_job(kHead + text, "job.toml", diagnostics);
    EXPECT_EQ(test::all_text(diagnostics), "");
    return job;
}

std::string errors(const std::string& text) {
    Diagnostics diagnostics;
    static_cast<void>(read_job(kHead + text, "job.toml", diagnostics));
    return test::all_text(diagnostics);
}

TEST(Job, ReadsACluster) {
    Job job = read(R"(kind = "initdb"
cluster = "/data/17"
initdb = "/pg/bin/initdb"
version = "17"
args = ["-k"]
)");
    EXPECT_EQ(job, (Job{.name = "j",
                        .site_id = "s1",
                        .record = "/var/lib/lakebed/init/j",
                        .what = InitdbJob{"/data/17", "/pg/bin/initdb", {"-k"}, "17"}}));
}

TEST(Job, ReadsRolesDatabasesAndSteps) {
    Job job = read(R"(kind = "sql"
connection = { host = "/run/pg", port = 5432 }
role = [
    { name = "owner" },
    { name = "cdc", password_file = "pg-cdc", attributes = ["replication"], connection_limit = 16, member_of = ["owner"] },
]
database = [{ name = "d", owner = "owner", connect = ["cdc"] }]
step = [{ name = "s", database = "d", unless = "select 1", sql = "create schema x" }]
)");
    SqlJob wanted{.connection = {.host = "/run/pg", .port = 5432}};
    wanted.roles = {{.name = "owner"},
                    {.name = "cdc",
                     .password_file = "pg-cdc",
                     .attributes = {"replication"},
                     .connection_limit = 16,
                     .member_of = {"owner"}}};
    wanted.databases = {{.name = "d", .owner = "owner", .connect = {"cdc"}}};
    wanted.steps = {{.name = "s", .database = "d", .unless = "select 1", .sql = "create schema x"}};
    EXPECT_EQ(std::get<SqlJob>(job.what), wanted);
}

TEST(Job, ReadsBucketsAndUsers) {
    Job job = read(R"(kind = "s3"
host = "127.0.0.1"
port = 9000
access_key_file = "root-user"
secret_key_file = "root-password"
buckets = ["warehouse"]
mc = "/opt/mc"
user = [{ name = "hive", access_key_file = "a", secret_key_file = "s", policy = "p", policy_file = "p.json", bucket = "warehouse" }]
object = [{ bucket = "warehouse", key = "x/.keep" }]
)");
    S3Job wanted{.host = "127.0.0.1",
                 .port = 9000,
                 .access_key_file = "root-user",
                 .secret_key_file = "root-password",
                 .buckets = {"warehouse"},
                 .mc = "/opt/mc",
                 .users = {{"hive", "a", "s", "p", "p.json", "warehouse"}},
                 .objects = {{"warehouse", "x/.keep"}}};
    EXPECT_EQ(std::get<S3Job>(job.what), wanted);
}

TEST(Job, ReadsACommandWithItsChecks) {
    Job job = read(R"(kind = "exec"
connection = { host = "127.0.0.1", port = 5432, database = "metastore", user = "m", password_file = "pg-m" }
absent = "select 1"
present = "select 2"
expect = "3.1.0"
remedy = "restore it"
command = ["/bin/java", "-x"]
environment = { A = "b" }
timeout = "2min"
)");
    ExecJob wanted{.connection = {"127.0.0.1", 5432, "metastore", "m", "pg-m"},
                   .absent = "select 1",
                   .present = "select 2",
                   .expect = "3.1.0",
                   .remedy = "restore it",
                   .command = {"/bin/java", "-x"},
                   .environment = {{"A", "b"}},
                   .timeout = std::chrono::minutes(2)};
    EXPECT_EQ(std::get<ExecJob>(job.what), wanted);
}

TEST(Job, ReadsFiles) {
    Job job = read(R"(kind = "files"
directory = "/data/gateway/catalogs"
file = [{ name = "demo.yaml", source = "demo-catalog.yaml" }]
)");
    EXPECT_EQ(std::get<FilesJob>(job.what),
              (FilesJob{"/data/gateway/catalogs", {{"demo.yaml", "demo-catalog.yaml"}}}));
}

TEST(Job, WantsPlainNamesOfFilesAndAWholePath) {
    std::string text = errors("kind = \"files\"\ndirectory = \"catalogs\"\n"
                              "file = [{ name = \"../x\", source = \"x\" }]\n");
    EXPECT_THAT(text, HasSubstr("\"catalogs\" is not an absolute path"));
    EXPECT_THAT(text, HasSubstr("\"../x\" is not a plain file name"));
    EXPECT_THAT(errors("kind = \"files\"\ndirectory = \"/c\"\n"),
                HasSubstr("at least one [[file]]"));
}

TEST(Job, SuggestsTheKindAndTheAttributeThatWereMeant) {
    EXPECT_THAT(errors("kind = \"initbd\"\n"), HasSubstr("did you mean \"initdb\"?"));
    EXPECT_THAT(errors("kind = \"sql\"\nconnection = { host = \"/x\", port = 1 }\n"
                       "role = [{ name = \"a\", attributes = [\"replicatoin\"] }]\n"),
                HasSubstr("did you mean \"replication\"?"));
}

TEST(Job, ReportsUnknownKeysAndBadPortsWithTheirPlace) {
    std::string text =
        errors("kind = \"sql\"\nconnection = { host = \"/x\", port = 70000 }\nbukets = []\n");
    EXPECT_THAT(text, HasSubstr("job.toml:5"));
    EXPECT_THAT(text, HasSubstr("70000, expected 1 to 65535"));
    EXPECT_THAT(text, HasSubstr("job.toml:6"));
}

TEST(Job, WantsEitherACommandOrAScriptAndAToolWhereUsersAreMade) {
    EXPECT_THAT(errors("kind = \"exec\"\nconnection = { host = \"/x\", port = 1 }\nabsent = "
                       "\"a\"\npresent = \"p\"\n"),
                HasSubstr("either command or sql_file"));
    EXPECT_THAT(errors("kind = \"s3\"\nhost = \"h\"\nport = 1\naccess_key_file = "
                       "\"a\"\nsecret_key_file = \"b\"\n"
                       "user = [{ name = \"n\", access_key_file = \"a\", secret_key_file = \"b\", "
                       "policy = \"p\", policy_file = \"f\" }]\n"),
                HasSubstr("mc is missing"));
}

} // namespace
} // namespace lakebed
