#include "input/shapes.h"

#include <gtest/gtest.h>

namespace lakebed {
namespace {

TEST(Shapes, take_plain_absolute_paths_only) {
    for (const char* good : {"/a", "/srv/data-1/x_y.z", "/a/..b"})
        EXPECT_TRUE(is_plain_path(good)) << good;
    for (const char* bad :
         {"", "/", "a", "/a/", "/a b", "/a/../b", "/a/.", "/a%b", "/a\nb", "/ü", "/a:b"})
        EXPECT_FALSE(is_plain_path(bad)) << bad;
}

TEST(Shapes, keep_relative_paths_below) {
    for (const char* good : {"a", "a/b", "..a"}) EXPECT_TRUE(is_relative_path(good)) << good;
    for (const char* bad : {"", "/a", "..", "a/../../b", "./a"})
        EXPECT_FALSE(is_relative_path(bad)) << bad;
}

TEST(Shapes, know_addresses_and_ranges) {
    for (const char* good : {"127.0.0.1", "0.0.0.0", "::1", "fe80::1"})
        EXPECT_TRUE(is_address(good)) << good;
    for (const char* bad : {"", "localhost", "1.2.3", "1.2.3.4.5", "[::1]", "10.0.0.0/8"})
        EXPECT_FALSE(is_address(bad)) << bad;
    EXPECT_FALSE(is_address(std::string_view("1.2.3.4\0x", 9)));
    for (const char* good : {"10.0.0.0/8", "10.1.2.3", "2001:db8::/32", "::/0"})
        EXPECT_TRUE(is_cidr(good)) << good;
    for (const char* bad : {"10.0.0.0/33", "10.0.0.0/", "::/129", "10/8", "10.0.0.0/-1", "any"})
        EXPECT_FALSE(is_cidr(bad)) << bad;
    EXPECT_TRUE(is_loopback("127.8.8.8"));
    EXPECT_TRUE(is_loopback("::1"));
    EXPECT_FALSE(is_loopback("::"));
    EXPECT_FALSE(is_loopback("10.0.0.1"));
    EXPECT_TRUE(is_wildcard("0.0.0.0"));
    EXPECT_TRUE(is_wildcard("::"));
    EXPECT_FALSE(is_wildcard("::1"));
}

TEST(Shapes, read_modes_as_octal) {
    EXPECT_EQ(parse_mode("0755"), 0755U);
    EXPECT_EQ(parse_mode("7777"), 07777U);
    for (const char* bad : {"", "0799", "10000", "-1", "rwx"})
        EXPECT_EQ(parse_mode(bad), std::nullopt) << bad;
}

} // namespace
} // namespace lakebed
