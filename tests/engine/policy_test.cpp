#include "engine/policy.h"

#include <gtest/gtest.h>

namespace lakebed {
namespace {

using namespace std::chrono_literals;

RestartPolicy exact() {
    RestartPolicy policy;
    policy.jitter = 0;
    return policy;
}

TEST(Backoff, GrowsByItsFactorUpToTheMaximum) {
    std::uint64_t random = 1;
    std::vector<Duration> delays;
    for (int failures : {1, 2, 3, 6, 7, 8, 1000})
        delays.push_back(backoff_delay(exact(), failures, random));
    EXPECT_EQ(delays, (std::vector<Duration>{1s, 2s, 4s, 32s, 60s, 60s, 60s}));
}

TEST(Backoff, JittersWithinItsShareAndInBothDirections) {
    RestartPolicy policy;
    policy.initial = 10s;
    std::uint64_t random = 7;
    Duration low = 1h, high = 0s;
    for (int i = 0; i < 1000; ++i) {
        const Duration delay = backoff_delay(policy, 1, random);
        low = std::min(low, delay);
        high = std::max(high, delay);
    }
    EXPECT_GE(low, 8s);
    EXPECT_LT(low, 8100ms);
    EXPECT_LE(high, 12s);
    EXPECT_GT(high, 11900ms);
}

TEST(Backoff, IsTheSameForTheSameSeed) {
    std::uint64_t one = 42, other = 42;
    EXPECT_EQ(backoff_delay({}, 3, one), backoff_delay({}, 3, other));
    EXPECT_EQ(one, other);
}

TEST(RetryDecision, IsAtOnceForTheFirstFailureOfAServiceThatWasReady) {
    NodeState node;
    node.attempts = 1;
    std::uint64_t random = 1;
    EXPECT_EQ(decide_retry(exact(), node, true, random), (Retry{0s, false}));
    EXPECT_EQ(decide_retry(exact(), node, false, random), (Retry{1s, false}));
    node.attempts = 2;
    EXPECT_EQ(decide_retry(exact(), node, true, random), (Retry{1s, false}));
}

TEST(RetryDecision, IsTheSlowLaneOnceTheBudgetIsSpentAndUntilAGoodRun) {
    NodeState node;
    node.attempts = 6;
    node.restarts.assign(5, TimePoint(1s));
    std::uint64_t random = 1;
    EXPECT_EQ(decide_retry(exact(), node, true, random), (Retry{3min, true}));
    prune(node.restarts, exact().budget_window, TimePoint(1s + 10min));
    EXPECT_TRUE(node.restarts.empty());
    node.slow = true;
    EXPECT_EQ(decide_retry(exact(), node, true, random), (Retry{3min, true}));
}

} // namespace
} // namespace lakebed
