#include "base/suggest.h"

#include <gtest/gtest.h>

namespace lakebed {
namespace {

const std::vector<std::string> kWords = {"port", "memory", "listen", "data_dir", "postgres"};

TEST(Suggest, finds_a_word_with_a_slip) {
    EXPECT_EQ(closest("prot", kWords), "port");
    EXPECT_EQ(closest("memroy", kWords), "memory");
    EXPECT_EQ(closest("datadir", kWords), "data_dir");
    EXPECT_EQ(closest("postgresql", kWords), "postgres");
}

TEST(Suggest, keeps_silent_when_nothing_is_near) {
    EXPECT_EQ(closest("kafka", kWords), std::nullopt);
    EXPECT_EQ(closest("", kWords), std::nullopt);
    EXPECT_EQ(closest("port", {}), std::nullopt);
}

} // namespace
} // namespace lakebed
