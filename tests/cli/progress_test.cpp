#include "cli/progress.h"

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lakebed {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

constexpr std::uint64_t kMiB = 1 << 20;

class ProgressTest : public testing::Test {
  protected:
    std::ostringstream err;
    Io io;
    ClockPoint now{};

    ProgressTest() { io.err = &err; }
    std::size_t lines() const {
        std::string text = err.str();
        return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    }
};

TEST_F(ProgressTest, WithoutATerminalThereIsAPlainLineEveryFewSeconds) {
    Progress progress(io, false, "fetch", 2, 100 * kMiB);
    for (int i = 0; i <= 100; ++i)
        progress.update("jar", "fetching jar", i * kMiB, 100 * kMiB, now + i * 100ms);
    EXPECT_EQ(lines(), 3u) << err.str(); // ten seconds
    EXPECT_THAT(err.str(), Not(HasSubstr("\x1b")));
    EXPECT_THAT(err.str(), HasSubstr("fetch: 0 of 2, 60 MiB of 100 MiB, 10 MiB/s, about 4.0s left; "
                                     "fetching jar\n"));
}

TEST_F(ProgressTest, AQuickRunPrintsNoPlainLine) {
    Progress progress(io, false, "apply", 1, 0);
    progress.update("a", "write a", 0, 0, now);
    progress.finish("a", now + 1s);
    EXPECT_EQ(err.str(), "");
}

TEST_F(ProgressTest, OnATerminalThereAreBarsThatAreRedrawn) {
    io.err_live = true;
    {
        Progress progress(io, false, "fetch", 1, 20 * kMiB);
        progress.update("jar", "fetching jar", 10 * kMiB, 20 * kMiB, now);
        EXPECT_THAT(err.str(), HasSubstr("[########        ]  50%  10 MiB of 20 MiB"));
        progress.update("jar", "fetching jar", 20 * kMiB, 20 * kMiB, now + 1s);
    }
    EXPECT_THAT(err.str(), HasSubstr("\x1b[2A"));
    EXPECT_TRUE(err.str().ends_with("\x1b[J")) << "the block is removed at the end";
}

TEST_F(ProgressTest, QuietIsQuiet) {
    Progress progress(io, true, "fetch", 1, 0);
    progress.update("jar", "fetching jar", 1, 2, now);
    progress.update("jar", "fetching jar", 2, 2, now + 10s);
    progress.note("a note");
    EXPECT_EQ(err.str(), "");
}

TEST(RateMeter, TheRateIsThatOfTheLastSeconds) {
    RateMeter meter;
    ClockPoint start{};
    for (int i = 0; i <= 10; ++i) meter.add(i * 100, start + i * 1s);              // 100 B/s
    for (int i = 1; i <= 10; ++i) meter.add(1000 + i * 10, start + (10 + i) * 1s); // then 10
    EXPECT_NEAR(meter.rate(), 10, 0.01);
    EXPECT_EQ(meter.left(100), Duration(10s));
}

TEST(RateMeter, AtTheBeginningNothingIsClaimed) {
    RateMeter meter;
    meter.add(1000, ClockPoint{});
    EXPECT_EQ(meter.rate(), 0);
    EXPECT_EQ(meter.left(1), std::nullopt);
}

TEST(LiveBlock, LinesAreCutAtTheWidthOfTheTerminal) {
    EXPECT_EQ(cut("abcdef", 4), "abcd");
    EXPECT_EQ(cut("äöü", 2), "äö");
    EXPECT_EQ(cut("ab", 4), "ab");
}

} // namespace
} // namespace lakebed
