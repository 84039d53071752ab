#include <gtest/gtest.h>

#include "verify/verify.h"

namespace lakebed {
namespace {

std::vector<VerifyStep> read(std::string_view text) {
    Diagnostics diagnostics;
    auto steps = read_verify(text, "verify.toml", diagnostics);
    EXPECT_FALSE(diagnostics.has_errors()) << diagnostics.result().error().message;
    return steps;
}

std::string first_error(std::string_view text) {
    Diagnostics diagnostics;
    (void)read_verify(text, "verify.toml", diagnostics);
    return diagnostics.all().empty() ? "" : to_string(diagnostics.all().front());
}

TEST(ReadVerify, EveryKindIsReadWithItsDefaults) {
    auto steps = read(R"(
[[step]]
service = "redis"
kind = "redis"
port = 6379
user = "app"
password_file = "/s/app"
persistence_user = "probe"
persistence_password_file = "/s/probe"
[[step]]
service = "minio"
kind = "s3"
name = "buckets"
timeout = "1min"
port = 9000
root_access_key_file = "/s/a"
root_secret_key_file = "/s/b"
buckets = ["warehouse"]
users = [{ name = "hive", access_key_file = "/s/c", secret_key_file = "/s/d", bucket = "warehouse", refused = ["x"] }]
[[step]]
service = "postgres"
kind = "postgres"
host = "/run/pg"
port = 5432
user = "postgres"
database = "postgres"
checks = [{ name = "wal", query = "show wal_level", expect = "logical" }]
[[step]]
service = "hive-metastore"
kind = "thrift-metastore"
port = 9083
location = "s3a://warehouse/"
[[step]]
service = "ui"
kind = "http"
port = 80
path = "/up"
[[step]]
service = "any"
kind = "tcp"
port = 1
)");
    RedisStep redis{"127.0.0.1", 6379, "app", "/s/app"};
    redis.persistence_user = "probe";
    redis.persistence_password_file = "/s/probe";
    S3Step s3{"127.0.0.1",
              9000,
              "us-east-1",
              "/s/a",
              "/s/b",
              {"warehouse"},
              {{"hive", "/s/c", "/s/d", "warehouse", {"x"}}}};
    PostgresStep postgres{"/run/pg", 5432,       "postgres",
                          "",        "postgres", {{"wal", "show wal_level", "logical", ""}}};
    MetastoreStep metastore{"127.0.0.1", 9083, "s3a://warehouse"};
    Duration usual = std::chrono::seconds(30);
    EXPECT_EQ(steps, (std::vector<VerifyStep>{
                         {"redis: redis", "redis", usual, redis},
                         {"buckets", "minio", std::chrono::minutes(1), s3},
                         {"postgres: postgres", "postgres", usual, postgres},
                         {"hive-metastore: thrift-metastore", "hive-metastore", usual, metastore},
                         {"ui: http", "ui", usual, HttpProbe{"127.0.0.1", 80, "/up", 200, ""}},
                         {"any: tcp", "any", usual, TcpProbe{"127.0.0.1", 1}},
                     }));
}

TEST(ReadVerify, AnUnknownKindIsNamedWithPlaceAndSuggestion) {
    EXPECT_EQ(first_error("[[step]]\nservice = \"r\"\nkind = \"rediss\"\n"),
              "verify.toml:3:8: error: unknown kind of acceptance step \"rediss\"\n"
              "  fix: did you mean \"redis\"?");
}

TEST(ReadVerify, AnUnknownKeyIsNamed) {
    EXPECT_NE(first_error("[[step]]\nservice = \"a\"\nkind = \"tcp\"\nport = 1\nprot = 2\n")
                  .find("verify.toml:5:1: error: unknown key step[0].prot"),
              std::string::npos);
}

TEST(ReadVerify, ABrokenRegularExpressionIsFoundBeforeItIsUsed) {
    EXPECT_NE(first_error(R"([[step]]
service = "p"
kind = "postgres"
port = 1
user = "u"
database = "d"
checks = [{ name = "n", query = "q", matches = "(" }]
)")
                  .find("verify.toml:7:"),
              std::string::npos);
}

TEST(ReadVerify, APortOutOfRangeIsAnError) {
    EXPECT_NE(
        first_error("[[step]]\nservice = \"a\"\nkind = \"tcp\"\nport = 70000\n").find("70000"),
        std::string::npos);
}

} // namespace
} // namespace lakebed
