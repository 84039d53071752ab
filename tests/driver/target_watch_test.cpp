#include "driver/target_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lakebed {
namespace {

using testing::Optional;
using testing::VariantWith;

UnitSnapshot target(const std::string& active, const std::string& run, std::uint32_t job = 0,
                    const std::string& type = "") {
    return {.active_state = active, .invocation_id = run, .job_id = job, .job_type = type};
}

MATCHER_P(Starts, run, "") {
    const auto* starting = arg ? std::get_if<TargetStarting>(&*arg) : nullptr;
    return starting != nullptr && starting->invocation_id == run;
}
const auto kStops = Optional(VariantWith<TargetStopping>(testing::_));

TEST(TargetWatch, TellsOfAStartOnceAndOfTheNextOneAgain) {
    TargetWatch watch;
    EXPECT_EQ(watch.news(), std::nullopt);
    watch.seen(target("active", "1"));
    EXPECT_THAT(watch.news(), Starts("1"));
    watch.seen(target("active", "1"));
    EXPECT_EQ(watch.news(), std::nullopt);
    watch.seen(target("active", "2"));
    EXPECT_THAT(watch.news(), Starts("2"));
}

TEST(TargetWatch, TellsOfAStopThatIsQueuedBeforeItIsSeen) {
    TargetWatch watch;
    watch.seen(target("active", "1"));
    EXPECT_THAT(watch.news(), Starts("1"));
    EXPECT_THAT(watch.stop_queued(), kStops);
    EXPECT_EQ(watch.stop_queued(), std::nullopt);
}

TEST(TargetWatch, DoesNotTakeWhatWasSeenBeforeAStopForAStartAfterIt) {
    TargetWatch watch;
    watch.seen(target("active", "1"));
    EXPECT_THAT(watch.news(), Starts("1"));
    EXPECT_THAT(watch.stop_queued(), kStops);
    EXPECT_EQ(watch.news(), std::nullopt) << "while the members' stops are told of";
    watch.seen(target("active", "1", 7, "stop"));
    EXPECT_EQ(watch.news(), std::nullopt);
    watch.seen(target("inactive", "1"));
    EXPECT_EQ(watch.news(), std::nullopt);
}

TEST(TargetWatch, TellsOfTheSameRunAgainWhenItsStopIsCanceled) {
    TargetWatch watch;
    watch.seen(target("active", "1"));
    EXPECT_THAT(watch.news(), Starts("1"));
    EXPECT_THAT(watch.stop_queued(), kStops);
    watch.seen(target("active", "1"));
    EXPECT_THAT(watch.news(), Starts("1"));
}

TEST(TargetWatch, WaitsForTheJobOfAnInactiveTarget) {
    TargetWatch watch;
    watch.seen(target("inactive", "", 7, "start"));
    EXPECT_EQ(watch.news(), std::nullopt);
    watch.seen(target("inactive", ""));
    EXPECT_THAT(watch.news(), kStops);
}

TEST(TargetWatch, TellsNothingAnewAfterAConnectionBroke) {
    TargetWatch watch;
    watch.seen(target("active", "1"));
    EXPECT_THAT(watch.news(), Starts("1"));
    watch.connection_broke();
    EXPECT_FALSE(watch.known());
    EXPECT_EQ(watch.news(), std::nullopt);
    watch.seen(target("active", "1"));
    EXPECT_EQ(watch.news(), std::nullopt);
}

} // namespace
} // namespace lakebed
