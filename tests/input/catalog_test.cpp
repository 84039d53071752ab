#include "input/catalog.h"

#include <gtest/gtest.h>

#include "support/text.h"

namespace lakebed {
namespace {

using test::all_text;

const std::string kDigest(64, 'a');

std::string problems(const std::string& text) {
    Diagnostics diagnostics;
    Catalog catalog;
    read_catalog(text, "c.toml", catalog, diagnostics);
    check_catalog(catalog, diagnostics);
    return all_text(diagnostics);
}

std::string artifact_with(const std::string& source) {
    return "[[artifact]]\nname = \"a\"\nversion = \"1\"\nfile = \"a.jar\"\nlicence = "
           "\"MIT\"\nsha256 = \"" +
           kDigest + "\"\nsources = [" + source + "]\n";
}

TEST(Catalog, reads_artifacts_of_every_kind_and_components) {
    Diagnostics diagnostics;
    Catalog catalog;
    read_catalog(R"([[artifact]]
name = "tool"
version = "1.2"
file = "tool-1.2.tar.gz"
type = "tar.gz"
size = 123
sha256 = ")" + kDigest +
                     R"("
licence = "MIT"
redistribute = false
sources = [
    { maven = "g:a:1:tar.gz:bin" },
    { pypi = "p==2", python = "3.11", implementation = "cp", abi = "cp311", platform = "manylinux1_x86_64" },
    { go = "example.invalid/m@v1.0.0", package = "cmd/x", h1 = "h1:AA=", binary = "x" },
    { url = "https://example.invalid/x" },
    { file = "/srv/x" },
]
[[component]]
name = "tool"
version = "1.2"
unpacked = "3MiB"
layout = [{ artifact = "tool", unpack = true, strip = 1, include = ["*/bin/**"], exclude = ["*.md"], inner = "*.txz", to = "x", mode = "0755" }]
)",
                 "c.toml", catalog, diagnostics);
    EXPECT_EQ(all_text(diagnostics), "");
    Artifact artifact{"tool", "1.2", "tool-1.2.tar.gz", ContentType::tar_gz, {123}, kDigest,
                      "MIT",  false};
    artifact.sources = {MavenSource{"g", "a", "1", "tar.gz", "bin"},
                        PypiSource{"p", "2", "3.11", "cp", "cp311", "manylinux1_x86_64"},
                        GoSource{"example.invalid/m", "v1.0.0", "cmd/x", "h1:AA=", "x"},
                        UrlSource{"https://example.invalid/x"}, FileSource{"/srv/x"}};
    artifact.pos = {"c.toml", 1, 1};
    ASSERT_EQ(catalog.artifacts.size(), 1U);
    artifact.pos = catalog.artifacts[0].pos;
    EXPECT_EQ(catalog.artifacts[0], artifact);
    ASSERT_EQ(catalog.components.size(), 1U);
    EXPECT_EQ(catalog.components[0].unpacked, (ByteSize{3 << 20}));
    EXPECT_EQ(catalog.components[0].layout,
              (std::vector<LayoutStep>{
                  {"tool", true, "x", "", "*.txz", 1, {"*/bin/**"}, {"*.md"}, 0755}}));
}

TEST(Catalog, refuses_malformed_coordinates) {
    EXPECT_EQ(problems(artifact_with("{ maven = \"g:a\" }")),
              "c.toml:7:22: error: \"g:a\" is no maven coordinate\n"
              "  fix: write \"group:artifact:version[:type[:classifier]]\"\n");
    EXPECT_EQ(problems(artifact_with("{ maven = \"g:a:-x\" }")),
              "c.toml:7:22: error: \"g:a:-x\" is no maven coordinate\n"
              "  fix: write \"group:artifact:version[:type[:classifier]]\"\n");
    EXPECT_EQ(problems(artifact_with("{ pypi = \"p==1\", python = \"3.11\" }")),
              "c.toml:7:21: error: a wheel needs all of python, implementation, abi and platform\n"
              "  fix: each tag has another digest; leave all four out for an sdist\n");
    EXPECT_EQ(problems(artifact_with("{ go = \"example.invalid/m\", h1 = \"h1:A\" }")),
              "c.toml:7:19: error: \"example.invalid/m\" is no go module\n  fix: write "
              "\"module@version\"\n");
    EXPECT_EQ(problems(artifact_with("{ url = \"ftp://x\" }")),
              "c.toml:7:20: error: \"ftp://x\" is no http or https address\n");
}

TEST(Catalog, wants_one_known_kind_for_each_source) {
    EXPECT_EQ(problems(artifact_with("{ mavn = \"g:a:1\" }")),
              "c.toml:7:14: error: a source needs one of maven, pypi, go, url, file\n  fix: did "
              "you mean maven?\n");
    EXPECT_EQ(problems(artifact_with("{ url = \"http://x\", file = \"/x\" }")),
              "c.toml:7:32: error: a source is of one kind, not url and file\n"
              "  fix: write one table for each source\n");
}

TEST(Catalog, pins_what_it_does_not_build) {
    EXPECT_EQ(
        problems("[[artifact]]\nname = \"a\"\nversion = \"1\"\nfile = \"a\"\nlicence = \"MIT\"\n"
                 "sources = [{ url = \"http://x\" }]\n"),
        "c.toml:1:1: error: artifact \"a\" has no sha256\n  fix: only what is built here (go) may "
        "go without\n");
    EXPECT_EQ(
        problems("[[artifact]]\nname = \"a\"\nversion = \"1\"\nfile = \"../a\"\nlicence = \"MIT\"\n"
                 "sha256 = \"ABC\"\nsources = [{ url = \"http://x\" }]\n"),
        "c.toml:4:8: error: artifact.file is \"../a\", expected a file name\n"
        "c.toml:6:10: error: artifact.sha256 is \"ABC\", expected 64 lower-case hex digits\n");
}

TEST(Catalog, keeps_layouts_below_their_component) {
    EXPECT_EQ(
        problems(artifact_with("{ url = \"http://x\" }") +
                 "[[component]]\nname = \"c\"\nversion = \"1\"\n"
                 "layout = [{ artifact = \"a\", to = \"../../etc\" }, { artifact = \"b\" }]\n"),
        "c.toml:11:34: error: \"../../etc\" does not stay below the component's directory\n"
        "c.toml:8:1: error: component \"c\" is laid out from \"b\", which is no artifact\n"
        "  fix: did you mean \"a\"?\n");
}

TEST(Catalog, refuses_two_of_one_name) {
    std::string one = artifact_with("{ url = \"http://x\" }");
    EXPECT_EQ(
        problems(one + one),
        "c.toml:8:1: error: artifact \"a\" is there twice\n  fix: the other is at c.toml:1\n");
}

} // namespace
} // namespace lakebed
