#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_server.h"
#include "verify/verify.h"

namespace lakebed {
namespace {

using testing::HasSubstr;

std::optional<test::Answer> silence(const std::string&) {
    return std::nullopt;
}

VerifyStep tcp(const std::string& name, Port port) {
    return {name, name, std::chrono::seconds(5), TcpProbe{"127.0.0.1", port}};
}

TEST(RunVerify, EveryStepRunsAlsoAfterOneThatFailed) {
    test::FakeServer server(silence);
    auto report = run_verify({tcp("closed", test::closed_port()), tcp("open", server.port())});
    EXPECT_FALSE(report.ok);
    ASSERT_EQ(report.steps.size(), 2u);
    EXPECT_FALSE(report.steps[0].ok);
    EXPECT_THAT(report.steps[0].detail, HasSubstr("refused"));
    EXPECT_TRUE(report.steps[1].ok) << report.steps[1].detail;
}

TEST(RunVerify, AServerThatNeverAnswersEndsAtTheStepsDeadline) {
    test::FakeServer server(silence);
    MetastoreStep step{"127.0.0.1", server.port(), "s3a://w"};
    auto begin = std::chrono::steady_clock::now();
    auto report = run_verify({{"hms", "hms", std::chrono::milliseconds(50), step}});
    EXPECT_FALSE(report.ok);
    EXPECT_THAT(report.steps[0].detail, HasSubstr("before the step's deadline"));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST(RunVerify, AfterAnInterruptNoFurtherStepBegins) {
    test::FakeServer server(silence);
    std::atomic<bool> interrupted{false};
    VerifyHooks hooks;
    hooks.interrupted = &interrupted;
    hooks.finished = [&](const StepResult&) { interrupted = true; };
    auto report = run_verify({tcp("first", server.port()), tcp("second", server.port())}, hooks);
    EXPECT_FALSE(report.ok);
    EXPECT_TRUE(report.steps[0].ok);
    EXPECT_EQ(report.steps[1].detail, "not run: interrupted");
}

} // namespace
} // namespace lakebed
