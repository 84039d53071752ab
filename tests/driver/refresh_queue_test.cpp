#include "driver/refresh_queue.h"

#include <gtest/gtest.h>

namespace lakebed {
namespace {

TEST(RefreshQueue, ReadsAUnitAtOnceWhenNothingIsUnderWay) {
    RefreshQueue queue;
    EXPECT_TRUE(queue.want("a.service"));
    EXPECT_TRUE(queue.want("b.service"));
}

TEST(RefreshQueue, ManyHintsDuringAReadMakeOneMoreRead) {
    RefreshQueue queue;
    EXPECT_TRUE(queue.want("a.service"));
    EXPECT_FALSE(queue.want("a.service"));
    EXPECT_FALSE(queue.want("a.service"));
    EXPECT_TRUE(queue.done("a.service"));
    EXPECT_FALSE(queue.done("a.service"));
    EXPECT_TRUE(queue.idle());
}

TEST(RefreshQueue, AHintDuringTheSecondReadIsNotLost) {
    RefreshQueue queue;
    EXPECT_TRUE(queue.want("a.service"));
    EXPECT_FALSE(queue.want("a.service"));
    EXPECT_TRUE(queue.done("a.service"));
    EXPECT_FALSE(queue.want("a.service"));
    EXPECT_TRUE(queue.done("a.service"));
}

TEST(RefreshQueue, ForgetsReadsThatABrokenConnectionWillNotAnswer) {
    RefreshQueue queue;
    EXPECT_TRUE(queue.want("a.service"));
    queue.clear();
    EXPECT_TRUE(queue.want("a.service"));
    EXPECT_FALSE(queue.done("a.service"));
}

} // namespace
} // namespace lakebed
