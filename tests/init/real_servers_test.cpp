// The init jobs against the real PostgreSQL and MinIO, killed at many points and run again. The
// binaries are those of a store of unpacked artifacts: $LAKEBED_STORE, which ./dev test fills.
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include <gmock/gmock.h>

#include "probe/probe.h"
#include "probe/s3_client.h"
#include "probe/sql_session.h"
#include "probe/wait.h"
#include "support/background_process.h"
#include "support/fake_server.h"
#include "support/temp_dir.h"
#include "support/text.h"
#include "sys/process.h"

namespace lakebed {
namespace {

using test::BackgroundProcess;
using test::TempDir;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// STORE/<component>-<version>-<digest>/bin/<program>; empty: not unpacked here.
std::string find_in_store(const std::string& component, const std::string& program) {
    const char* store = std::getenv("LAKEBED_STORE");
    std::error_code none;
    for (const auto& entry :
         std::filesystem::directory_iterator(store != nullptr ? store : "", none)) {
        std::string path = entry.path().string() + "/bin/" + program;
        if (entry.path().filename().string().starts_with(component + "-") &&
            std::filesystem::exists(path))
            return path;
    }
    return "";
}

std::string toml_string(const std::string& text) {
    return "\"" + text + "\"";
}

class RealServers : public ::testing::Test {
  protected:
    // A tree that the unprivileged user may write, with the built program copied beside it.
    RealServers() {
        std::filesystem::copy_file(LAKEBED_INIT, place_ / "lakebed-init");
        for (const char* name : {"data", "sock", "run", "credentials", "job", "record", "log"})
            std::filesystem::create_directory(place_ / name);
        place_.write("data/.lakebed", "site-1\n");
        hand_over();
    }

    void hand_over() const {
        if (::geteuid() != 0) return;
        EXPECT_EQ(::chown(place_.path().c_str(), test::kNobody, test::kNobody), 0);
        for (const auto& entry : std::filesystem::recursive_directory_iterator(place_.path()))
            EXPECT_EQ(::lchown(entry.path().c_str(), test::kNobody, test::kNobody), 0);
    }

    void write_job(const std::string& text) {
        place_.write("job/job.toml", "job = \"j\"\nsite_id = \"site-1\"\nrecord = " +
                                         toml_string(place_ / "record") + "\n" + text);
        hand_over();
    }

    ChildSpec init_command() const {
        ChildSpec child{.argv = {place_ / "lakebed-init", "run", place_ / "job"},
                        .environment = {"CREDENTIALS_DIRECTORY=" + (place_ / "credentials"),
                                        "RUNTIME_DIRECTORY=" + (place_ / "run"), "LANG=C.UTF-8"}};
        if (::geteuid() == 0) child.user = FileOwner{test::kNobody, test::kNobody};
        return child;
    }

    // Exit status, and what was said about it.
    std::pair<int, std::string> run_init() const {
        auto ended = run_child(init_command());
        if (!ended) return {-1, ended.error().message};
        return {ended->status, ended->errors};
    }

    // Starts it and kills it with SIGKILL, as a group, at a moment that varies with `step`; true:
    // it had already ended by itself.
    bool run_init_and_kill(int step) const {
        ChildSpec child = init_command();
        std::vector<std::string> argv = {
            "/usr/bin/timeout", "--signal=KILL",
            "0." + std::string(step < 100 ? (step < 10 ? "00" : "0") : "") + std::to_string(step)};
        argv.insert(argv.end(), child.argv.begin(), child.argv.end());
        child.argv = argv;
        auto ended = run_child(child);
        return ended && ended->status == 0;
    }

    void write_secret(const std::string& name, const std::string& secret) {
        place_.write("credentials/" + name, secret + "\n");
        hand_over();
    }

    TempDir place_;
};

class RealPostgres : public RealServers {
  protected:
    void SetUp() override {
        initdb_ = find_in_store("postgresql", "initdb");
        ASSERT_NE(initdb_, "") << "no postgresql in $LAKEBED_STORE; run ./dev test system";
        port_ = test::closed_port();
        place_.write("data/hba.conf",
                     "local all postgres peer map=l\nhost all all 127.0.0.1/32 scram-sha-256\n");
        place_.write("data/ident.conf",
                     "l nobody postgres\nl root postgres\nl " + own_name() + " postgres\n");
        std::filesystem::rename(place_ / "data/hba.conf", place_ / "hba.conf");
        std::filesystem::rename(place_ / "data/ident.conf", place_ / "ident.conf");
    }

    static std::string own_name() {
        const char* name = std::getenv("USER");
        return name == nullptr ? "root" : name;
    }

    void write_initdb_job() {
        write_job("kind = \"initdb\"\ncluster = " + toml_string(place_ / "data/17") +
                  "\ninitdb = " + toml_string(initdb_) +
                  "\nversion = \"17\"\nargs = [\"-U\", \"postgres\", \"-E\", \"UTF8\", "
                  "\"--locale=C.UTF-8\", \"-k\", \"-N\", "
                  "\"--auth-local=peer\", \"--auth-host=scram-sha-256\", \"--no-instructions\"]\n");
    }

    void write_sql_job() {
        write_job("kind = \"sql\"\nconnection = { host = " + toml_string(place_ / "sock") +
                  ", port = " + std::to_string(port_) + " }\n" +
                  R"toml(role = [
    { name = "app_owner" },
    { name = "app", password_file = "app", member_of = ["app_owner"], connection_limit = 7 },
    { name = "cdc", password_file = "cdc", attributes = ["replication"] },
]
database = [{ name = "fh_dev", owner = "app_owner", connect = ["app", "cdc"] }]
step = [
    { name = "schema", database = "fh_dev", unless = "select 1 from pg_namespace where nspname = 'demo'", sql = "create schema demo authorization app_owner; create table demo.t (x int)" },
    { name = "publication", database = "fh_dev", unless = "select 1 from pg_publication where pubname = 'p'", sql = "create publication p for tables in schema demo" },
]
)toml");
    }

    std::unique_ptr<BackgroundProcess> start_postgres() {
        auto server = std::make_unique<BackgroundProcess>(
            std::vector<std::string>{
                std::filesystem::path(initdb_).parent_path().string() + "/postgres", "-D",
                place_ / "data/17", "-c", "listen_addresses=127.0.0.1", "-c",
                "port=" + std::to_string(port_), "-c",
                "unix_socket_directories=" + (place_ / "sock"), "-c", "wal_level=logical", "-c",
                "hba_file=" + (place_ / "hba.conf"), "-c", "ident_file=" + (place_ / "ident.conf")},
            place_ / "log/postgres", SIGINT);
        WaitOptions wait{.main_pid = server->pid()};
        wait.probe.how = PostgresProbe{place_ / "sock", port_, "postgres", "postgres", ""};
        auto ready = wait_until_ready(wait);
        EXPECT_TRUE(ready.has_value())
            << ready.error().message << test::file_text(place_ / "log/postgres");
        return server;
    }

    Result<SqlSession> session(const std::string& user, const std::string& password,
                               const std::string& database) const {
        return SqlSession::open({.host = password.empty() ? place_ / "sock" : "127.0.0.1",
                                 .port = port_,
                                 .database = database,
                                 .user = user,
                                 .password = password,
                                 .application = "test"});
    }

    std::string initdb_;
    Port port_ = 0;
};

TEST_F(RealPostgres, AClusterIsWholeOrNotThereWheneverInitIsKilled) {
    write_initdb_job();
    int killed = 0;
    for (int ms : {5, 40, 120, 250, 400, 600}) {
        if (run_init_and_kill(ms)) break;
        ++killed;
        bool there = std::filesystem::exists(place_ / "data/17/PG_VERSION");
        EXPECT_EQ(there, std::filesystem::exists(place_ / "data/17"));
    }
    EXPECT_GT(killed, 0);
    auto [status, said] = run_init();
    EXPECT_EQ(status, 0) << said;
    std::string record = test::file_text(place_ / "record/record.toml");
    EXPECT_EQ(run_init().first, 0);
    EXPECT_EQ(test::file_text(place_ / "record/record.toml"), record);
    auto server = start_postgres();
    EXPECT_EQ(session("postgres", "", "postgres")->query("show data_checksums").value(),
              (std::vector<SqlRow>{{"on"}}));
}

TEST_F(RealPostgres, RolesDatabasesAndStepsEndTheSameWheneverInitIsKilled) {
    write_initdb_job();
    ASSERT_EQ(run_init().first, 0);
    std::filesystem::remove(place_ / "record/record.toml"); // of another job
    auto server = start_postgres();
    write_secret("app", "first'\"\\password");
    write_secret("cdc", "cdcsecret");
    write_sql_job();
    for (int ms = 1; ms <= 200 && !run_init_and_kill(ms); ms += 7) {
    }
    auto [status, said] = run_init();
    EXPECT_EQ(status, 0) << said;
    auto [again, said_again] = run_init();
    EXPECT_EQ(again, 0) << said_again;

    auto app = session("app", "first'\"\\password", "fh_dev");
    ASSERT_TRUE(app.has_value()) << app.error().message;
    EXPECT_EQ(app->query("select rolconnlimit, pg_has_role('app', 'app_owner', 'member') from "
                         "pg_roles where rolname = 'app'")
                  .value(),
              (std::vector<SqlRow>{{"7", "t"}}));
    auto cdc = session("cdc", "cdcsecret", "fh_dev");
    ASSERT_TRUE(cdc.has_value()) << cdc.error().message;
    EXPECT_TRUE(
        cdc->query("select pg_create_logical_replication_slot('s', 'pgoutput')").has_value());
    EXPECT_TRUE(cdc->query("select pg_drop_replication_slot('s')").has_value());
    EXPECT_EQ(test::file_text(place_ / "log/postgres").find("password"), std::string::npos);

    write_secret("app", "rotated");
    EXPECT_EQ(run_init().first, 0);
    EXPECT_TRUE(session("app", "rotated", "fh_dev").has_value());
    auto old = session("app", "first'\"\\password", "fh_dev");
    ASSERT_FALSE(old.has_value());
    EXPECT_EQ(old.error().code, Errc::failed);

    ASSERT_TRUE(session("postgres", "", "postgres")
                    ->execute("drop database fh_dev with (force)")
                    .has_value());
    auto [gone, why] = run_init();
    EXPECT_EQ(gone, 78);
    EXPECT_THAT(why, HasSubstr("database \"fh_dev\": it was made before"));
    place_.write("record/recreate", "1");
    hand_over();
    EXPECT_EQ(run_init().first, 0);
}

TEST_F(RealPostgres, ASchemaIsWholeOrRefused) {
    write_initdb_job();
    ASSERT_EQ(run_init().first, 0);
    std::filesystem::remove(place_ / "record/record.toml");
    auto server = start_postgres();
    place_.write("job/schema.sql", "create table a (x int); create table version (v text); insert "
                                   "into version values ('3.1.0');");
    write_job("kind = \"exec\"\nconnection = { host = " + toml_string(place_ / "sock") +
              ", port = " + std::to_string(port_) +
              " }\nabsent = \"select 1 where not exists (select from pg_tables where schemaname = "
              "'public')\"\n"
              "present = \"select v from version\"\nexpect = \"3.1.0\"\nremedy = \"drop "
              "it\"\nsql_file = \"schema.sql\"\n");
    auto [status, said] = run_init();
    EXPECT_EQ(status, 0) << said;
    EXPECT_EQ(run_init().first, 0);
    auto admin = session("postgres", "", "postgres");
    ASSERT_TRUE(admin->execute("update version set v = '4.0.0'").has_value());
    EXPECT_THAT(run_init().second,
                HasSubstr("is at version 4.0.0, and this release works with 3.1.0"));
    ASSERT_TRUE(admin->execute("drop table version").has_value());
    auto [half, why] = run_init();
    EXPECT_EQ(half, 78);
    EXPECT_THAT(why, HasSubstr("half-initialised"));
}

class RealMinio : public RealServers {
  protected:
    void SetUp() override {
        minio_ = find_in_store("minio", "minio");
        mc_ = find_in_store("minio", "mc");
        ASSERT_TRUE(!minio_.empty() && !mc_.empty())
            << "no minio in $LAKEBED_STORE; run ./dev test system";
        port_ = test::closed_port();
        write_secret("root-user", "lakebed-root");
        write_secret("root-password", "rootpassword0123456789");
        write_secret("hive-key", "lakebed-hive");
        write_secret("hive-secret", "hivesecret0123456789");
    }

    std::unique_ptr<BackgroundProcess> start_minio(bool with_credentials = true) {
        std::vector<std::string> environment = {"HOME=" + (place_ / "run"), "MINIO_UPDATE=off",
                                                "MINIO_BROWSER=off"};
        if (with_credentials) {
            environment.push_back("MINIO_ROOT_USER_FILE=" + (place_ / "credentials/root-user"));
            environment.push_back("MINIO_ROOT_PASSWORD_FILE=" +
                                  (place_ / "credentials/root-password"));
        }
        return std::make_unique<BackgroundProcess>(
            std::vector<std::string>{minio_, "server", "--quiet", "--address",
                                     "127.0.0.1:" + std::to_string(port_), place_ / "data/drive"},
            place_ / "log/minio", SIGTERM, environment);
    }

    Result<WaitEnd> wait_for(const BackgroundProcess& server) {
        WaitOptions wait{.main_pid = server.pid()};
        wait.probe.how = S3Probe{"127.0.0.1", port_, place_ / "credentials/root-user",
                                 place_ / "credentials/root-password"};
        wait.secrets = read_probe_secrets(wait.probe).value();
        return wait_until_ready(wait);
    }

    void write_s3_job() {
        place_.write("job/hive.json", R"({"Version": "2012-10-17", "Statement": [
{"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": ["arn:aws:s3:::warehouse"]},
{"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": ["arn:aws:s3:::warehouse/*"]}]})");
        write_job("kind = \"s3\"\nhost = \"127.0.0.1\"\nport = " + std::to_string(port_) +
                  "\nmc = " + toml_string(mc_) + R"toml(
access_key_file = "root-user"
secret_key_file = "root-password"
buckets = ["warehouse", "checkpoints"]
user = [{ name = "hive", access_key_file = "hive-key", secret_key_file = "hive-secret", policy = "lakebed-hive", policy_file = "hive.json", bucket = "warehouse" }]
object = [{ bucket = "checkpoints", key = "a=b/.keep" }]
)toml");
    }

    S3Reply ask(const S3Keys& keys, const S3Request& request) {
        return s3_request({.host = "127.0.0.1", .port = port_}, keys, request).value();
    }

    std::string minio_, mc_;
    Port port_ = 0;
};

TEST_F(RealMinio, BucketsUsersAndPoliciesEndTheSameWheneverInitIsKilled) {
    auto server = start_minio();
    auto ready = wait_for(*server);
    ASSERT_TRUE(ready.has_value()) << ready.error().message;
    write_s3_job();
    for (int ms = 3; ms <= 900 && !run_init_and_kill(ms); ms += ms / 2 + 1) {
    }
    auto [status, said] = run_init();
    EXPECT_EQ(status, 0) << said;

    const S3Keys root{"lakebed-root", "rootpassword0123456789"},
        hive{"lakebed-hive", "hivesecret0123456789"};
    EXPECT_THAT(xml_elements(ask(root, {}).body, "Name"), ElementsAre("checkpoints", "warehouse"));
    EXPECT_EQ(ask(root, {.method = "HEAD", .bucket = "checkpoints", .key = "a=b/.keep"}).status,
              200);
    EXPECT_EQ(ask(hive, {.method = "PUT", .bucket = "warehouse", .key = "x", .body = "1"}).status,
              200);
    EXPECT_EQ(ask(hive, {.method = "PUT", .bucket = "checkpoints", .key = "x", .body = "1"}).status,
              403);
    std::string record = test::file_text(place_ / "record/record.toml");
    EXPECT_EQ(run_init().first, 0);
    EXPECT_EQ(test::file_text(place_ / "record/record.toml"), record);

    write_secret("hive-secret", "rotated0123456789");
    EXPECT_EQ(run_init().first, 0);
    EXPECT_EQ(ask({"lakebed-hive", "rotated0123456789"}, {.bucket = "warehouse"}).status, 200);
    EXPECT_EQ(ask(hive, {.bucket = "warehouse"}).status, 403);
}

TEST_F(RealMinio, TheProbeRefusesAServerWithTheVendorsCredentials) {
    auto server = start_minio(false);
    auto ready = wait_for(*server);
    ASSERT_FALSE(ready.has_value());
    EXPECT_THAT(ready.error().message, HasSubstr("serves the vendor's default credentials"));
}

} // namespace
} // namespace lakebed
