#include "engine/judge_guard.h"

#include <gtest/gtest.h>

namespace lakebed {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kMiB = 1 << 20;
const DiskCheck kCheck{"/data", {512 * kMiB}, {768 * kMiB}, 1000};

Space free_of(std::uint64_t bytes, std::uint64_t inodes = 100000) {
    return {100000 * kMiB, bytes, 1000000, inodes};
}

TEST(DiskVerdict, StaysAsItWasBetweenTheTwoMarks) {
    EXPECT_EQ(judge_disk(kCheck, free_of(512 * kMiB), true), Verdict{});
    EXPECT_EQ(judge_disk(kCheck, free_of(512 * kMiB - 1), true),
              (Verdict{false, "the disk of /data is nearly full: 511 MiB free, 512 MiB needed"}));
    EXPECT_EQ(judge_disk(kCheck, free_of(700 * kMiB), false),
              (Verdict{false, "the disk of /data is nearly full: 700 MiB free, 768 MiB needed"}));
    EXPECT_EQ(judge_disk(kCheck, free_of(768 * kMiB), false), Verdict{});
}

TEST(DiskVerdict, CountsInodesLikewise) {
    EXPECT_EQ(judge_disk(kCheck, free_of(9000 * kMiB, 1000), true), Verdict{});
    EXPECT_EQ(judge_disk(kCheck, free_of(9000 * kMiB, 999), true),
              (Verdict{false, "the disk of /data is nearly full: 999 inodes free, 1000 needed"}));
    EXPECT_FALSE(judge_disk(kCheck, free_of(9000 * kMiB, 1249), false).ok);
    EXPECT_TRUE(judge_disk(kCheck, free_of(9000 * kMiB, 1250), false).ok);
}

TEST(DiskVerdict, AsksNoInodesOfAFileSystemThatDoesNotCountThem) {
    EXPECT_TRUE(judge_disk(kCheck, {100000 * kMiB, 9000 * kMiB, 0, 0}, true).ok);
}

TEST(DiskVerdict, IsTakenMoreOftenNearTheMark) {
    EXPECT_TRUE(is_near(kCheck, free_of(2047 * kMiB)));
    EXPECT_FALSE(is_near(kCheck, free_of(2048 * kMiB)));
    EXPECT_TRUE(is_near(kCheck, free_of(9000 * kMiB, 3999)));
}

TEST(ClockVerdict, IsNoOnlyWhenTheClockCannotBeRight) {
    const std::chrono::sys_seconds made{1700000000s};
    EXPECT_EQ(judge_clock(made + 1h, made, true), Verdict{});
    EXPECT_EQ(judge_clock(made + 1h, made, std::nullopt), Verdict{});
    EXPECT_EQ(judge_clock(made - 1s, made, std::nullopt), Verdict{});
    EXPECT_EQ(judge_clock(made + 1h, made, false),
              (Verdict{true, "the clock is not synchronised with any other"}));
    EXPECT_EQ(judge_clock(made - 24h, made, false),
              (Verdict{false, "the clock is wrong: it says 2023-11-13 22:13:20 UTC, but this "
                              "generation was made 2023-11-14 22:13:20 UTC"}));
}

} // namespace
} // namespace lakebed
