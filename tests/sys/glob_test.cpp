#include "sys/glob.h"

#include <gtest/gtest.h>

namespace lakebed {
namespace {

TEST(Glob, star_stays_within_one_component) {
    EXPECT_TRUE(glob_matches("*.txz", "postgres-linux.txz"));
    EXPECT_FALSE(glob_matches("*.txz", "dir/postgres.txz"));
    EXPECT_TRUE(glob_matches("*/lib/derby-*", "hive-3.1.3/lib/derby-10.10.jar"));
    EXPECT_FALSE(glob_matches("*/lib/derby-*", "hive-3.1.3/lib/derby-10/x"));
    EXPECT_FALSE(glob_matches("*", "a/b"));
}

TEST(Glob, two_stars_cross_components) {
    EXPECT_TRUE(glob_matches("a/**", "a/b/c"));
    EXPECT_TRUE(glob_matches("a/**", "a/"));
    EXPECT_TRUE(glob_matches("**/x", "a/b/x"));
    EXPECT_TRUE(glob_matches("*/lib/php/**", "h/lib/php/a/b.php"));
    EXPECT_FALSE(glob_matches("*/lib/php/**", "h/x/lib/php/a"));
    EXPECT_TRUE(glob_matches("**/b/*.so", "a/b/c/b/d.so"));
}

TEST(Glob, plain_text_is_whole) {
    EXPECT_TRUE(glob_matches("a/b", "a/b"));
    EXPECT_FALSE(glob_matches("a/b", "a/bc"));
    EXPECT_FALSE(glob_matches("a/b", "xa/b"));
    EXPECT_TRUE(glob_matches("a?c", "abc"));
    EXPECT_FALSE(glob_matches("a?c", "a/c"));
}

TEST(Glob, many_stars_take_no_time) {
    EXPECT_FALSE(glob_matches("**a**a**a**a**a**a**a**a**b", std::string(5000, 'a')));
    EXPECT_FALSE(glob_matches("*a*a*a*a*a*a*a*a*b", std::string(5000, 'a')));
}

} // namespace
} // namespace lakebed
