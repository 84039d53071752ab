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

TEST(Memory, of_one_does_not_depend_on_the_others_while_there_is_room) {
    auto one = share_memory({claim("a", 0.25, 10, 0)}, {1000 * kMiB});
    auto two = share_memory({claim("a", 0.25, 10, 0), claim("b", 0.5, 10, 0)}, {1000 * kMiB});
    EXPECT_EQ(mib(*one), (std::vector<std::uint64_t>{250}));
    EXPECT_EQ(mib(*two), (std::vector<std::uint64_t>{250, 500}));
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

TEST(Memory, is_claimed_by_every_instance) {
    MemoryClaim three = claim("a", 1, 10, 200);
    three.count = 3;
    EXPECT_EQ(mib(*share_memory({three, claim("b", 1, 10, 0)}, {1000 * kMiB})),
              (std::vector<std::uint64_t>{200, 400}));
    three.max = {};
    EXPECT_EQ(mib(*share_memory({three, claim("b", 1, 10, 0)}, {1000 * kMiB})),
              (std::vector<std::uint64_t>{250, 250}));
    three.fixed = ByteSize{300 * kMiB};
    EXPECT_EQ(mib(*share_memory({three, claim("b", 1, 10, 0)}, {1000 * kMiB})),
              (std::vector<std::uint64_t>{300, 100}));
}

using Kind = MemoryPart::Kind;

const std::vector<MemoryPart> kParts = {
    {Kind::fixed, "fixed", {100 * kMiB}, 0, {}, {}, {}, {}},
    {Kind::fraction, "tenth", {}, 0.1, {50 * kMiB}, {150 * kMiB}, {}, {}},
    {Kind::rest, "heap", {}, 0, {}, {}, {}, {}},
    {Kind::sum, "both", {}, 0, {}, {}, {"fixed", "heap"}, {}},
    {Kind::sum, "all", {}, 0, {}, {}, {"both", "tenth"}, {}},
};

TEST(MemoryParts, add_up_to_the_whole) {
    using Sizes = std::map<std::string, std::uint64_t>;
    EXPECT_EQ(*split_memory(kParts, {1000 * kMiB}),
              (Sizes{{"fixed", 100}, {"tenth", 100}, {"heap", 800}, {"both", 900}, {"all", 1000}}));
    EXPECT_EQ(split_memory(kParts, {200 * kMiB})->at("heap"), 50U) << "a tenth is at least 50";
    EXPECT_EQ(split_memory(kParts, {4000 * kMiB})->at("heap"), 3750U) << "a tenth is at most 150";
    EXPECT_TRUE(split_memory({}, {kMiB})->empty());
}

TEST(MemoryParts, are_never_more_than_there_is_and_leave_something_for_the_rest) {
    EXPECT_EQ(split_memory(kParts, {150 * kMiB}).error().message,
              "the parts of its memory need 150 MiB and something for heap, but it has 150 MiB");
    std::vector<MemoryPart> fixed(kParts.begin(), kParts.begin() + 1);
    EXPECT_TRUE(split_memory(fixed, {100 * kMiB}));
    EXPECT_EQ(split_memory(fixed, {99 * kMiB}).error().message,
              "the parts of its memory need 100 MiB, but it has 99 MiB");
}

} // namespace
} // namespace lakebed
