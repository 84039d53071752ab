#include <gtest/gtest.h>

#include "plan/variables.h"

namespace lakebed {
namespace {

std::optional<Value> lookup(std::string_view name) {
    if (name == "port") return Value(std::int64_t{6379});
    if (name == "a.b:c-D_1") return Value("x");
    if (name == "self") return Value("@port@");
    return {};
}

std::string filled(std::string_view text, std::vector<std::string>* unknown = nullptr) {
    std::vector<std::string> names;
    std::string out = interpolate(
        text,
        [](std::string_view name) -> std::optional<std::string> {
            auto value = lookup(name);
            if (!value) return {};
            return plain_text(*value);
        },
        names);
    if (unknown) *unknown = names;
    return out;
}

TEST(Interpolate, replaces_names_and_only_names) {
    EXPECT_EQ(filled("p=@port@ x=@a.b:c-D_1@@port@"), "p=6379 x=x6379");
    EXPECT_EQ(filled("SystemCallFilter=@system-service\nSystemCallFilter=~@privileged @resources"),
              "SystemCallFilter=@system-service\nSystemCallFilter=~@privileged @resources");
    EXPECT_EQ(filled("@ @@ @1@ @Port@ a@b +@all -@admin @"), "@ @@ @1@ @Port@ a@b +@all -@admin @");
    EXPECT_EQ(filled(""), "");
}

TEST(Interpolate, leaves_unknown_names_in_place_and_tells_them) {
    std::vector<std::string> unknown;
    EXPECT_EQ(filled("@prot@:@port@ @x@", &unknown), "@prot@:6379 @x@");
    EXPECT_EQ(unknown, (std::vector<std::string>{"prot", "x"}));
}

TEST(Interpolate, does_not_look_into_what_it_put_in) {
    EXPECT_EQ(filled("@self@"), "@port@");
}

TEST(InterpolateValue, gives_a_whole_string_the_type_of_its_variable) {
    Value value(Table{{"whole", {}, Value("@port@")},
                      {"part", {}, Value(":@port@")},
                      {"list", {}, Value(Array{Value("@port@"), Value(true)})}});
    Value out =
        interpolate_value(value, lookup, [](std::string_view, const SourcePos&) { FAIL(); });
    EXPECT_EQ(out,
              Value(Table{{"whole", {}, Value(std::int64_t{6379})},
                          {"part", {}, Value(":6379")},
                          {"list", {}, Value(Array{Value(std::int64_t{6379}), Value(true)})}}));
}

TEST(TextPosition, finds_lines_in_texts_of_several_lines) {
    EXPECT_EQ(text_position("ab@x@", 2, {"f", 3, 8}), (SourcePos{"f", 3, 8}));
    EXPECT_EQ(text_position("one\n  @x@\n", 6, {"f", 3, 8}), (SourcePos{"f", 5, 3}));
    EXPECT_EQ(text_position("@x@\n", 0, {"f", 3, 8}), (SourcePos{"f", 4, 1}));
}

} // namespace
} // namespace lakebed
