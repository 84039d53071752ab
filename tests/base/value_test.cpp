#include "base/value.h"

#include <gtest/gtest.h>

#include "support/text.h"

namespace lakebed {
namespace {

using test::all_text;

Value parse(std::string_view text) {
    Diagnostics diagnostics;
    Value value = parse_toml(text, "t.toml", diagnostics);
    EXPECT_EQ(all_text(diagnostics), "");
    return value;
}

TEST(Toml, keeps_order_and_place_of_keys) {
    Value root = parse("z = 1\n[b]\nx = \"y\"\n[a]\n");
    ASSERT_EQ(root.table()->size(), 3U);
    EXPECT_EQ((*root.table())[0].key, "z");
    EXPECT_EQ((*root.table())[1].key, "b");
    EXPECT_EQ((*root.table())[2].key, "a");
    const Member& x = (*root.table())[1].value.table()->front();
    EXPECT_EQ(x.key_pos, (SourcePos{"t.toml", 3, 1}));
    EXPECT_EQ(x.value.pos, (SourcePos{"t.toml", 3, 5}));
}

TEST(Toml, names_the_place_of_a_syntax_error_and_gives_an_empty_table) {
    Diagnostics diagnostics;
    Value root = parse_toml("a = 1\nb = = 2\n", "t.toml", diagnostics);
    ASSERT_EQ(diagnostics.all().size(), 1U);
    EXPECT_EQ(diagnostics.all()[0].pos.line, 2);
    EXPECT_TRUE(root.table()->empty());
}

TEST(Toml, refuses_dates) {
    Diagnostics diagnostics;
    (void)parse_toml("when = 2026-01-01\n", "t.toml", diagnostics);
    EXPECT_EQ(all_text(diagnostics), "t.toml:1:8: error: dates and times have no meaning here\n"
                                     "  fix: write it as a string in quotes\n");
}

TEST(Toml, is_read_back_equal_from_what_was_written) {
    Value value = parse(R"(flag = true
number = -9223372036854775807
real = 0.1
large = 1e300
whole = 3.0
"odd key \"with\" = # and ü" = "x"
hostile = "quote \" back \\ line \n tab \t bell \u0007 del \u007f ' # @ü😀"
empty = ""
list = [1, "two", [3.5], { a = 1 }]
none = []
[inner]
a = 1
[inner.deep]
b = [[1, 2], []]
[[many]]
x = 1
[[many.more]]
y = { z = "w" }
[[many]]
)");
    EXPECT_EQ(parse(write_toml(*value.table())), value) << write_toml(*value.table());
    EXPECT_EQ(write_toml(*parse(write_toml(*value.table())).table()), write_toml(*value.table()));
}

TEST(Merge, goes_into_tables_and_replaces_everything_else) {
    Value under = parse("a = 1\nlist = [1, 2]\n[t]\nx = 1\ny = 2\n");
    Value over = parse("list = [3]\nb = 2\n[t]\ny = 3\n");
    merge(*under.table(), *over.table());
    EXPECT_EQ(write_toml(*under.table()), "a = 1\nlist = [3]\nb = 2\n\n[t]\nx = 1\ny = 3\n");
}

TEST(TableReader, reports_every_mistake_with_its_place) {
    Value root = parse("name = 1\nflag = \"x\"\nlist = [\"a\", 2]\nprot = 80\n");
    Diagnostics diagnostics;
    TableReader reader(root, "service", diagnostics);
    EXPECT_EQ(reader.string("name"), std::nullopt);
    EXPECT_EQ(reader.boolean("flag"), std::nullopt);
    EXPECT_EQ(reader.strings("list"), std::vector<std::string>{"a"});
    EXPECT_EQ(reader.integer("port"), std::nullopt);
    EXPECT_EQ(reader.require_string("title"), "");
    reader.finish();
    EXPECT_EQ(all_text(diagnostics),
              "t.toml:1:8: error: service.name is an integer, expected a string\n"
              "t.toml:2:8: error: service.flag is a string, expected a boolean\n"
              "t.toml:3:14: error: service.list is an integer, expected a string\n"
              "t.toml:1:1: error: service.title is missing\n"
              "t.toml:4:1: error: unknown key service.prot\n"
              "  fix: did you mean service.port?\n");
}

} // namespace
} // namespace lakebed
