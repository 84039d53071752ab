#include "depot/sniff.h"

#include <gmock/gmock.h>

namespace lakebed {
namespace {

using testing::HasSubstr;
using namespace std::string_view_literals;

TEST(Sniff, names_a_page_by_its_title) {
    Result<void> result = check_content(
        "\n<!DOCTYPE html><html><head><title>Sign in to continue</title></head>", ContentType::jar);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Errc::verification);
    EXPECT_EQ(result.error().message,
              "got an HTML page (\"Sign in to continue\") instead of a jar");
    EXPECT_THAT(result.error().hint, HasSubstr("proxy"));
}

TEST(Sniff, names_other_texts_by_their_first_line) {
    EXPECT_EQ(describe_content("\n404 not found\nmore"), "a text (\"404 not found\")");
    EXPECT_EQ(describe_content("{\"errors\": []}"), "a JSON text (\"{\"errors\": []}\")");
    EXPECT_EQ(describe_content(""), "an empty file");
}

TEST(Sniff, knows_the_formats_of_the_catalog) {
    EXPECT_TRUE(check_content("PK\x03\x04...."sv, ContentType::jar));
    EXPECT_TRUE(check_content("\x1f\x8b\x08"sv, ContentType::tar_gz));
    EXPECT_TRUE(check_content("\xfd\x37zXZ\0"sv, ContentType::tar_xz));
    EXPECT_TRUE(check_content("\x7f"
                              "ELF\2"sv,
                              ContentType::elf));
    EXPECT_TRUE(check_content("whatever", ContentType::any));
    EXPECT_EQ(check_content("\x1f\x8b\x08"sv, ContentType::zip).error().message,
              "got gzip data instead of a zip archive");
}

} // namespace
} // namespace lakebed
