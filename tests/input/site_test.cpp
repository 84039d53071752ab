#include "input/site.h"

#include <gtest/gtest.h>

#include "support/text.h"

namespace lakebed {
namespace {

using test::all_text;

std::string problems(const std::string& text) {
    Diagnostics diagnostics;
    (void)read_site({{"l.toml", text}}, diagnostics);
    return all_text(diagnostics);
}

TEST(Site, that_says_nothing_has_safe_defaults) {
    Diagnostics diagnostics;
    Site site = read_site({}, diagnostics);
    EXPECT_EQ(all_text(diagnostics), "");
    EXPECT_EQ(site, Site{});
    EXPECT_EQ(site.listen, "127.0.0.1");
}

TEST(Site, takes_later_files_over_earlier_ones_and_knows_where_each_value_came_from) {
    Diagnostics diagnostics;
    Site site = read_site(
        {{"a.toml", "memory = \"4GiB\"\n[service.redis]\nport = 1111\nmaxmemory_policy = \"x\"\n"},
         {"b.toml", "\n[service.redis]\nport = 2222\n[service.redis.settings]\ntimeout = 5\n"}},
        diagnostics);
    EXPECT_EQ(all_text(diagnostics), "");
    EXPECT_EQ(site.memory, (ByteSize{std::uint64_t{4} << 30}));
    const SiteService& redis = site.services.at("redis");
    EXPECT_EQ(redis.ports.at("port"), (std::pair{2222, SourcePos{"b.toml", 3, 8}}));
    EXPECT_EQ(write_toml(redis.variables), "maxmemory_policy = \"x\"\n");
    EXPECT_EQ(write_toml(redis.settings), "timeout = 5\n");
    EXPECT_EQ(site.origin.at("service.redis.port"), (SourcePos{"b.toml", 3, 8}));
    EXPECT_EQ(site.origin.at("memory"), (SourcePos{"a.toml", 1, 10}));
}

TEST(Site, reports_all_its_mistakes_at_once) {
    EXPECT_EQ(
        problems(
            "name = \"My Site\"\nlisten = \"localhost\"\ndata_dir = \"data\"\nmemory = \"lots\"\n"
            "allow_from = [\"10.0.0.0/99\"]\nprofil = \"core\"\n[service.redis]\nport = "
            "70000\nlisten = \"eth0\"\n"),
        "l.toml:1:8: error: name is \"My Site\", expected lower-case letters, digits and . _ + -, "
        "at most 63\n"
        "l.toml:2:10: error: listen is \"localhost\", expected an IPv4 or IPv6 address\n"
        "  fix: write \"127.0.0.1\"\n"
        "l.toml:3:12: error: data_dir is \"data\", expected an absolute path\n"
        "  fix: letters, digits and / . _ + - only, without .. in it\n"
        "l.toml:4:10: error: memory is not a size\n  fix: write a size like \"512MiB\" or "
        "\"8GiB\"\n"
        "l.toml:5:14: error: \"10.0.0.0/99\" in allow_from is no address range\n"
        "  fix: write it like \"10.0.0.0/8\" or \"2001:db8::/32\"\n"
        "l.toml:9:10: error: service.redis.listen is \"eth0\", expected an IPv4 or IPv6 address\n"
        "  fix: \"127.0.0.1\" for this machine only, \"0.0.0.0\" for every interface\n"
        "l.toml:8:8: error: service.redis.port must be an integer from 1 to 65535\n"
        "l.toml:6:1: error: unknown key profil\n  fix: did you mean profile?\n");
}

TEST(Site, refuses_a_secret_in_plain_text_without_repeating_it) {
    std::string text = problems("[secrets]\npw = \"hunter2\"\n");
    EXPECT_EQ(text,
              "l.toml:2:6: error: secrets.pw is a string; a secret does not stand in this file\n"
              "  fix: put it into a file of its own: pw = { file = \"/path\" }\n");
}

TEST(Site, sizes_and_instances_are_what_the_operator_may_decide) {
    Diagnostics diagnostics;
    Site site =
        read_site({{"l.toml", "sizing = \"small\"\n[service.tm]\ninstances = 2\n"}}, diagnostics);
    EXPECT_EQ(all_text(diagnostics), "");
    EXPECT_EQ(site.sizing, Sizing::small);
    EXPECT_EQ(site.services.at("tm").instances, 2);
    EXPECT_EQ(site.profile, "lakehouse");
    EXPECT_EQ(problems("sizing = \"smal\"\n[service.tm]\ninstances = 65\n"),
              "l.toml:1:10: error: unknown sizing \"smal\"\n  fix: did you mean \"small\"?\n"
              "l.toml:3:13: error: service.tm.instances must be within 1 and 64\n");
    EXPECT_EQ(problems("[service.tm]\ninstances = \"2\"\n"),
              "l.toml:2:13: error: service.tm.instances is a string, expected an integer\n");
}

TEST(Site, takes_a_table_that_is_no_key_of_ours_for_a_service) {
    Diagnostics diagnostics;
    Site site = read_site({{"a.toml", "[flex]\njar = \"/a\"\n[service.flex]\nport = 3002\n"},
                           {"b.toml", "[flex]\njar = \"/b\"\n"}},
                          diagnostics);
    EXPECT_EQ(all_text(diagnostics), "");
    EXPECT_EQ(write_toml(site.services.at("flex").variables), "jar = \"/b\"\n");
    EXPECT_EQ(site.services.at("flex").ports.at("port").first, 3002);
    EXPECT_TRUE(site.services.at("flex").shorthand);
    EXPECT_EQ(site.origin.at("service.flex.jar"), (SourcePos{"b.toml", 2, 7}));
    EXPECT_EQ(problems("flex = 1\n"), "l.toml:1:1: error: unknown key flex\n");
}

TEST(Site, does_not_guess_which_of_two_forms_in_one_file_is_meant) {
    EXPECT_EQ(
        problems("[flex]\njar = \"/a\"\n[flex.settings]\nx = 1\n[service.flex.settings]\nx = 2\n"),
        "l.toml:4:1: error: x is set twice: in [flex] and in [service.flex]\n"
        "  fix: keep one of them: both name the same service\n");
}

TEST(Site, refuses_paths_that_a_unit_file_would_misread) {
    EXPECT_EQ(problems("[service.redis]\ndata_dir = \"/srv/my data\"\n"),
              "l.toml:2:12: error: service.redis.data_dir is \"/srv/my data\", expected an "
              "absolute path\n"
              "  fix: letters, digits and / . _ + - only, without .. in it\n");
}

} // namespace
} // namespace lakebed
