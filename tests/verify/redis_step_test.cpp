#include <map>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_server.h"
#include "support/temp_dir.h"
#include "verify/verify.h"

namespace lakebed {
namespace {

using testing::HasSubstr;
using Words = std::vector<std::string>;

// The few commands of Redis that the step uses, with users and their rights.
struct Redis {
    bool needs_password = true;
    bool append_only = true;
    bool app_may_configure = false;
    bool loses_values = false;
    std::string user; // of the connection at hand
    std::map<std::string, std::string> keys;

    std::string run(const Words& words) {
        const std::string& verb = words[0];
        if (verb == "AUTH") {
            if (words[2] != words[1] + "-password") return "-WRONGPASS invalid\r\n";
            user = words[1];
            return "+OK\r\n";
        }
        if (user.empty() && needs_password) return "-NOAUTH Authentication required.\r\n";
        if (verb == "PING") return "+PONG\r\n";
        if (verb == "INFO")
            return user == "app" ? "-NOPERM no\r\n"
                                 : text(fmt::format("aof_enabled:{}\r\n", int(append_only)));
        if (verb == "CONFIG") return app_may_configure ? "*2\r\n" : "-NOPERM no\r\n";
        if (verb == "SET") {
            keys[words[1]] = loses_values ? "other" : words[2];
            return "+OK\r\n";
        }
        if (verb == "GET") return text(keys[words[1]]);
        if (verb == "DEL") return fmt::format(":{}\r\n", keys.erase(words[1]));
        return "-ERR unknown command\r\n";
    }

    static std::string text(const std::string& value) {
        return fmt::format("${}\r\n{}\r\n", value.size(), value);
    }
    static Words parse(const std::string& received) {
        Words words;
        std::size_t count = std::stoul(received.substr(1)), at = received.find("\r\n") + 2;
        for (std::size_t i = 0; i < count; ++i) {
            std::size_t size = std::stoul(received.substr(at + 1));
            at = received.find("\r\n", at) + 2;
            words.push_back(received.substr(at, size));
            at += size + 2;
        }
        return words;
    }
};

class RedisStepTest : public testing::Test {
  protected:
    Redis redis;
    int connection = 0;
    test::TempDir directory;
    test::FakeServer server{[this](const std::string& received) {
        // The step opens its connections one after the other: a new one is signed out.
        if (std::exchange(connection, server.connections()) != server.connections())
            redis.user.clear();
        return test::Answer{redis.run(Redis::parse(received))};
    }};

    std::string secret(const std::string& user) {
        return directory.write(user, user + "-password\n");
    }
    StepResult run() {
        RedisStep step{"127.0.0.1", server.port(), "app", secret("app")};
        step.persistence_user = "probe";
        step.persistence_password_file = secret("probe");
        return run_verify({{"redis", "redis", std::chrono::seconds(5), step}}).steps.at(0);
    }
};

TEST_F(RedisStepTest, AServerThatKeepsItsPromisesPassesAndIsLeftAsItWas) {
    auto result = run();
    EXPECT_TRUE(result.ok) << result.detail;
    EXPECT_TRUE(redis.keys.empty());
}

TEST_F(RedisStepTest, AServerThatAnswersStrangersFails) {
    redis.needs_password = false;
    EXPECT_THAT(run().detail, HasSubstr("answers without a password"));
}

TEST_F(RedisStepTest, AServerWithoutAppendOnlyFileFails) {
    redis.append_only = false;
    EXPECT_THAT(run().detail, HasSubstr("append-only file is off"));
}

TEST_F(RedisStepTest, AUserWithTooManyRightsFails) {
    redis.app_may_configure = true;
    EXPECT_THAT(run().detail, HasSubstr("may do CONFIG GET dir"));
}

TEST_F(RedisStepTest, TheKeyIsRemovedAlsoWhenTheStepFails) {
    redis.loses_values = true;
    EXPECT_FALSE(run().ok);
    EXPECT_TRUE(redis.keys.empty());
}

TEST_F(RedisStepTest, AWrongPasswordNamesTheUserAndNotThePassword) {
    RedisStep step{"127.0.0.1", server.port(), "app", secret("probe")};
    auto result = run_verify({{"redis", "redis", std::chrono::seconds(5), step}}).steps.at(0);
    EXPECT_THAT(result.detail, HasSubstr("\"app\" cannot sign in"));
    EXPECT_THAT(result.detail, testing::Not(HasSubstr("probe-password")));
}

} // namespace
} // namespace lakebed
