#include "cli/json.h"

#include <gtest/gtest.h>

namespace lakebed {
namespace {

TEST(Json, KeysKeepTheirOrderAndTypes) {
    Table inner;
    set(inner, "z", 1.5);
    Table table;
    set(table, "b", true);
    set(table, "a", Array{Value(std::int64_t{1}), Value("x")});
    set(table, "t", inner);
    EXPECT_EQ(to_json(table), "{\n  \"b\": true,\n  \"a\": [\n    1,\n    \"x\"\n  ],\n"
                              "  \"t\": {\n    \"z\": 1.5\n  }\n}\n");
}

TEST(Json, HostileTextStaysOneDocument) {
    Table table;
    set(table, "x", std::string("a\"\n\xff{"));
    EXPECT_EQ(to_json(table), "{\n  \"x\": \"a\\\"\\n\xef\xbf\xbd{\"\n}\n");
}

} // namespace
} // namespace lakebed
