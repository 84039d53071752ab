#include "depot/depot.h"

#include <gmock/gmock.h>

#include "support/temp_dir.h"

namespace lakebed {
namespace {

using testing::HasSubstr;

IndexEntry entry(const std::string& name, char digit) {
    return {name,
            "1.0",
            name + ".jar",
            std::string(64, digit),
            {3},
            42,
            "url https://example.org/\"x\""};
}

TEST(DepotIndex, reads_back_what_was_written) {
    test::TempDir dir;
    DepotIndex index;
    index.entries = {{"a", entry("a", 'a')}, {"b", entry("b", 'b')}};
    ASSERT_TRUE(write_index(dir.path(), index));
    EXPECT_EQ(*read_index(dir.path()), index);
}

TEST(DepotIndex, that_is_missing_is_empty) {
    test::TempDir dir;
    EXPECT_EQ(*read_index(dir / "none"), DepotIndex{});
    EXPECT_TRUE(read_depot(dir / "none")->empty());
}

TEST(DepotIndex, that_is_damaged_says_what_to_do) {
    test::TempDir dir;
    dir.write("index.toml", "[[artifact]]\nname = \"a\"\nsha256 = \"../../etc/passwd\"\n");
    Result<DepotIndex> index = read_index(dir.path());
    ASSERT_FALSE(index);
    EXPECT_THAT(index.error().message, HasSubstr("not a sha256 digest"));
    EXPECT_THAT(index.error().hint, HasSubstr("lakebed fetch"));
}

TEST(Depot, leaves_out_what_is_missing_or_changed) {
    test::TempDir dir;
    DepotIndex index;
    for (char digit : {'a', 'b', 'c'})
        index.entries[std::string(1, digit)] = entry(std::string(1, digit), digit);
    auto stamp =
        std::filesystem::last_write_time(dir.write("sha256/" + std::string(64, 'a'), "abc"));
    dir.write("sha256/" + std::string(64, 'b'), "longer");
    index.entries["a"].mtime_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(
                                      std::chrono::file_clock::to_sys(stamp).time_since_epoch())
                                      .count();
    index.entries["b"].mtime_ns = index.entries["a"].mtime_ns;
    ASSERT_TRUE(write_index(dir.path(), index));
    auto depot = read_depot(dir.path());
    ASSERT_TRUE(depot);
    EXPECT_EQ(depot->size(), 1U);
    EXPECT_TRUE(depot->contains("a"));
}

} // namespace
} // namespace lakebed
