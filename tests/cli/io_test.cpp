#include "cli/io.h"

#include <gtest/gtest.h>

namespace lakebed {
namespace {

TEST(FormatTable, ColumnsAreAlignedAndLinesHaveNoTrailingBlanks) {
    EXPECT_EQ(format_table({{"service", "port", "note"},
                            {{"redis", "6379", ""}, {"hive-metastore", "9083", "x"}},
                            {false, true}}),
              "service         port  note\n"
              "redis           6379\n"
              "hive-metastore  9083  x\n");
}

TEST(FormatTable, WidthIsCountedInCharactersNotBytes) {
    EXPECT_EQ(format_table({{}, {{"ü", "a"}, {"xy", "b"}}, {}}), "ü   a\nxy  b\n");
}

TEST(ShortDuration, TheTwoLargestUnitsAreShown) {
    using namespace std::chrono_literals;
    EXPECT_EQ(short_duration(12ms), "12ms");
    EXPECT_EQ(short_duration(3200ms), "3.2s");
    EXPECT_EQ(short_duration(59s), "59s");
    EXPECT_EQ(short_duration(125s), "2min 5s");
    EXPECT_EQ(short_duration(4h + 7min), "4h 7min");
    EXPECT_EQ(short_duration(74h), "3d 2h");
}

TEST(Paint, WithoutColourTextStaysAsItIs) {
    EXPECT_EQ(paint("x", Color::red, false), "x");
    EXPECT_EQ(paint("x", Color::red, true), "\x1b[31mx\x1b[0m");
}

} // namespace
} // namespace lakebed
