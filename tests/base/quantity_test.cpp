#include "base/quantity.h"

#include <gtest/gtest.h>

namespace lakebed {
namespace {

using namespace std::chrono_literals;

TEST(Size, is_read_with_its_unit) {
    EXPECT_EQ(parse_size("0"), ByteSize{0});
    EXPECT_EQ(parse_size("512"), ByteSize{512});
    EXPECT_EQ(parse_size("1.5GiB"), ByteSize{1610612736});
    EXPECT_EQ(parse_size("256 MiB"), ByteSize{268435456});
    EXPECT_EQ(parse_size("2G"), ByteSize{std::uint64_t{2} << 30});
}

TEST(Size, without_meaning_is_refused) {
    for (const char* text :
         {"", "MiB", "-1MiB", "1MB", "1 MiB x", "1MiB2", "nan", "1e400", "99999999TiB"})
        EXPECT_EQ(parse_size(text), std::nullopt) << text;
}

TEST(Size, is_written_for_people) {
    EXPECT_EQ(to_string(ByteSize{0}), "0 B");
    EXPECT_EQ(to_string(ByteSize{1610612736}), "1.5 GiB");
    EXPECT_EQ(to_string(ByteSize{std::uint64_t{8} << 30}), "8 GiB");
}

TEST(Duration, adds_up_its_terms) {
    EXPECT_EQ(parse_duration("250ms"), Duration{250ms});
    EXPECT_EQ(parse_duration("1min 30s"), Duration{90s});
    EXPECT_EQ(parse_duration("90"), Duration{90s});
    EXPECT_EQ(parse_duration("1h30min"), Duration{90min});
}

TEST(Duration, without_meaning_is_refused) {
    for (const char* text : {"", "s", "-1s", "1 year", "5minutes", "999999999999d"})
        EXPECT_EQ(parse_duration(text), std::nullopt) << text;
}

TEST(Duration, is_read_back_from_what_was_written) {
    for (Duration duration : {Duration{0}, Duration{1us}, Duration{1500ms}, Duration{26h + 1s}})
        EXPECT_EQ(parse_duration(to_string(duration)), duration) << to_string(duration);
}

} // namespace
} // namespace lakebed
