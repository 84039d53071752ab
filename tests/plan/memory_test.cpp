#include "plan/memory.h"

#include <numeric>
#include <random>

#include <gtest/gtest.h>

namespace lakebed {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;

MemoryClaim claim(const std::string& name, double share, std::uint64_t min, std::uint64_t max) {
    return {name, share, {min * kMiB}, {max * kMiB}, {}};
}

std::vector<std::uint64_t> mib(const std::vector<ByteSize>& sizes) {
    std::vector<std::uint64_t> out;
    for (ByteSize size : sizes) out.push_back(size.mib());
    return out;
}

TEST(Memory, goes_by_share_when_nothing_is_in_the_way) {
    auto sizes = share_memory({claim("a", 1, 10, 0), claim("b", 3, 10, 0)}, {1000 * kMiB});
    EXPECT_EQ(mib(*sizes), (std::vector<std::uint64_t>{250, 750}));
}

TEST(Memory, that_one_cannot_use_goes_to_the_others) {
    auto sizes = share_memory({claim("a", 1, 10, 100), claim("b", 1, 10, 0), claim("c", 2, 10, 0)},
                              {1000 * kMiB});
    EXPECT_EQ(mib(*sizes), (std::vector<std::uint64_t>{100, 300, 600}));
}

TEST(Memory, that_one_must_have_comes_from_the_others) {
    auto sizes = share_memory({claim("a", 1, 600, 0), claim("b", 1, 10, 0), claim("c", 3, 10, 0)},
                              {1000 * kMiB});
    EXPECT_EQ(mib(*sizes), (std::vector<std::uint64_t>{600, 100, 300}));
}

TEST(Memory, of_the_operators_choice_is_kept) {
    auto claims = std::vector{claim("a", 1, 10, 100), claim("b", 1, 10, 0)};
    claims[0].fixed = ByteSize{800 * kMiB};
    EXPECT_EQ(mib(*share_memory(claims, {1000 * kMiB})), (std::vector<std::uint64_t>{800, 200}));
}

TEST(Memory, that_does_not_fit_says_how_much_is_missing) {
    auto sizes =
        share_memory({claim("small", 1, 256, 0), claim("large", 1, 1024, 0)}, {1024 * kMiB});
    EXPECT_EQ(sizes.error(),
              (Error{Errc::usage,
                     "the services need at least 1.2 GiB of memory together, 256 MiB more than the "
                     "1 GiB there is (large 1 GiB, small 256 MiB)",
                     "raise memory, take a machine with more RAM or a smaller profile"}));
}

TEST(Memory, never_exceeds_the_budget_and_keeps_every_bound) {
    std::mt19937_64 random(20260101);
    for (int round = 0; round < 2000; ++round) {
        std::vector<MemoryClaim> claims;
        std::uint64_t least = 0;
        for (std::uint64_t i = 0; i < 1 + random() % 6; ++i) {
            std::uint64_t min = random() % (300 * kMiB);
            MemoryClaim c{"s", 0.01 + static_cast<double>(random() % 100), {min}, {}, {}};
            if (random() % 2 == 0) c.max = {min + random() % (600 * kMiB)};
            if (random() % 5 == 0) c.fixed = ByteSize{min + random() % (100 * kMiB)};
            least += c.fixed ? c.fixed->bytes : min;
            claims.push_back(c);
        }
        ByteSize budget{least + random() % (2000 * kMiB)};
        auto sizes = share_memory(claims, budget);
        ASSERT_TRUE(sizes.has_value()) << round;
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < claims.size(); ++i) {
            sum += (*sizes)[i].bytes;
            if (claims[i].fixed) {
                EXPECT_EQ((*sizes)[i], *claims[i].fixed) << round;
                continue;
            }
            EXPECT_GE((*sizes)[i], claims[i].min) << round;
            if (claims[i].max.bytes != 0) {
                EXPECT_LE((*sizes)[i], claims[i].max) << round;
            }
        }
        EXPECT_LE(sum, budget.bytes) << round;
    }
}

} // namespace
} // namespace lakebed
