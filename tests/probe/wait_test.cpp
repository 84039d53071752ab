#include "probe/wait.h"

#include <csignal>

#include <gmock/gmock.h>
#include <sys/wait.h>

#include "support/fake_server.h"

namespace lakebed {
namespace {

using test::Answer;
using test::FakeServer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// As the program does: SIGTERM is blocked before any thread is made.
class WaitUntilReady : public ::testing::Test {
  protected:
    WaitUntilReady() {
        sigset_t terminate;
        sigemptyset(&terminate);
        sigaddset(&terminate, SIGTERM);
        ::pthread_sigmask(SIG_BLOCK, &terminate, &before_);
    }
    ~WaitUntilReady() override { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

    WaitOptions options(Port port, Duration start_timeout = std::chrono::seconds(20)) {
        WaitOptions options;
        options.probe.how = RedisProbe{"127.0.0.1", port, "probe", ""};
        options.probe.interval = std::chrono::milliseconds(1);
        options.secrets = {"probe", "secret"};
        options.start_timeout = start_timeout;
        options.notify = [this](std::string_view line) { told_.emplace_back(line); };
        return options;
    }

    std::vector<std::string> told_;

  private:
    sigset_t before_{};
};

TEST_F(WaitUntilReady, TellsSystemdWhatItWaitsForAndAsksForTimeWhileThereIsProgress) {
    int asked = 0;
    FakeServer server([&](const std::string& received) -> std::optional<Answer> {
        if (!received.ends_with("PING\r\n")) return std::nullopt;
        return Answer{++asked < 3 ? "+OK\r\n-LOADING data\r\n" : "+OK\r\n+PONG\r\n"};
    });
    auto end = wait_until_ready(options(server.port()));
    ASSERT_TRUE(end.has_value()) << end.error().message;
    EXPECT_EQ(*end, WaitEnd::ready);
    std::string where = "redis at 127.0.0.1:" + std::to_string(server.port());
    EXPECT_THAT(told_, ElementsAre("STATUS=waiting for " + where,
                                   "STATUS=waiting for " + where + ": loading its data into memory",
                                   "EXTEND_TIMEOUT_USEC=20000000", "STATUS=ready"));
}

TEST_F(WaitUntilReady, FailsWithTheLastReasonBeforeTheUnitsOwnTimeLimit) {
    auto end = wait_until_ready(options(test::closed_port(), std::chrono::milliseconds(60)));
    ASSERT_FALSE(end.has_value());
    EXPECT_THAT(end.error().message, HasSubstr("is not ready after 60ms: connection refused"));
}

TEST_F(WaitUntilReady, FailsTheMomentTheMainProcessEnds) {
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    pid_t child = ::fork();
    if (child == 0) { // lives until the pipe is written to
        char byte;
        ::_exit(::read(pipe[0], &byte, 1) == 1 ? 7 : 8);
    }
    FakeServer server([&](const std::string&) -> std::optional<Answer> {
        return ::write(pipe[1], "x", 1) == 1 ? std::nullopt : std::optional(Answer{});
    });
    WaitOptions wait = options(server.port());
    wait.main_pid = child;
    auto end = wait_until_ready(wait);
    ASSERT_FALSE(end.has_value());
    EXPECT_EQ(end.error().message,
              "main process " + std::to_string(child) + " ended before it was ready");
    ::waitpid(child, nullptr, 0);
    ::close(pipe[0]);
    ::close(pipe[1]);
}

TEST_F(WaitUntilReady, FailsAtOnceWhenTheMainProcessIsGoneAlready) {
    pid_t child = ::fork();
    if (child == 0) ::_exit(0);
    ::waitpid(child, nullptr, 0);
    WaitOptions wait = options(test::closed_port());
    wait.main_pid = child;
    auto end = wait_until_ready(wait);
    ASSERT_FALSE(end.has_value());
    EXPECT_THAT(end.error().message, HasSubstr("ended before it was ready"));
}

TEST_F(WaitUntilReady, EndsWellWhenAnOperatorStopsTheUnit) {
    pid_t self = ::getpid();
    FakeServer server([&](const std::string&) -> std::optional<Answer> {
        ::kill(self, SIGTERM);
        return std::nullopt;
    });
    auto end = wait_until_ready(options(server.port()));
    ASSERT_TRUE(end.has_value()) << end.error().message;
    EXPECT_EQ(*end, WaitEnd::stopped);
}

TEST_F(WaitUntilReady, DoesNotWaitForWhatWaitingCannotCure) {
    FakeServer server([](const std::string& received) -> std::optional<Answer> {
        if (!test::parse_http(received)) return std::nullopt;
        return test::http_answer(200, "<ListAllMyBucketsResult/>");
    });
    WaitOptions wait = options(server.port());
    wait.probe.how = S3Probe{"127.0.0.1", server.port(), "", ""};
    auto end = wait_until_ready(wait);
    ASSERT_FALSE(end.has_value());
    EXPECT_EQ(end.error().code, Errc::refused);
    EXPECT_THAT(end.error().message, HasSubstr("serves the vendor's default credentials"));
}

} // namespace
} // namespace lakebed
