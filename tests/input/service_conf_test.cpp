#include <gtest/gtest.h>

#include "conf_text.h"

namespace lakebed {
namespace {

using test::all_text;
using test::kHead;
using test::problems;

TEST(ServiceConf, holds_everything_known_of_a_service) {
    Diagnostics diagnostics;
    ServiceConf conf = read_service_conf(kHead + R"(jvm = true
component = "c"
components = ["d"]
start_timeout = "2min"
credentials = ["pw"]
[[need]]
on = "o"
type = "session"
[ports]
port = 1234
web_port = 80
[memory]
share = 0.5
min = "1MiB"
max = "2MiB"
heap = 0.25
[data]
dir = "s/x"
mode = "0750"
min_free = "1GiB"
[secrets]
pw = { generate = 32 }
user = { value = "me" }
[variables]
level = 3
[[file]]
path = "a/b.conf"
format = "redis"
settings = true
[file.values]
x = "@level@"
[probe]
kind = "tcp"
port = "@port@"
)",
                                         "s.toml", diagnostics);
    EXPECT_EQ(all_text(diagnostics), "");
    EXPECT_EQ(conf.name, "s");
    EXPECT_EQ(conf.title, "s");
    EXPECT_TRUE(conf.jvm);
    EXPECT_EQ(conf.needs, (std::vector<NeedConf>{{"o", "session", conf.needs.at(0).pos}}));
    EXPECT_EQ(conf.ports, (std::vector<PortConf>{{"port", 1234, {"s.toml", 14, 8}},
                                                 {"web_port", 80, {"s.toml", 15, 12}}}));
    EXPECT_EQ(conf.memory, (MemoryConf{{1 << 20}, {2 << 20}, 0.5, 0.25, {}, {"s.toml", 18, 7}}));
    EXPECT_EQ(conf.data, (DataConf{"s/x", 0750, {1 << 30}}));
    EXPECT_EQ(conf.secrets, (std::vector<SecretConf>{{"pw", 32, "", {"s.toml", 26, 1}},
                                                     {"user", 0, "me", {"s.toml", 27, 1}}}));
    ASSERT_EQ(conf.files.size(), 1U);
    EXPECT_EQ(conf.files[0].format, FileFormat::redis);
    EXPECT_EQ(*find(conf.files[0].values, "x"), Value("@level@"));
    EXPECT_TRUE(conf.probe.has_value());
}

TEST(ServiceConf, gets_suggestions_for_mistyped_keys_and_kinds) {
    EXPECT_EQ(problems(kHead + "kidn = \"job\"\n[[need]]\non = \"x\"\ntype = "
                               "\"inti\"\n[[file]]\npath = \"p\"\nformat = \"xlm\"\n"),
              "s.toml:5:1: error: unknown key service.kidn\n  fix: did you mean service.kind?\n"
              "s.toml:8:8: error: unknown type of need \"inti\"\n  fix: did you mean \"init\"?\n"
              "s.toml:11:10: error: unknown format \"xlm\"\n  fix: did you mean \"xml\"?\n");
}

TEST(ServiceConf, wants_a_user_unless_it_is_a_job) {
    EXPECT_EQ(problems("[service]\nname = \"s\"\nunit = \"u\"\n"),
              "s.toml:1:1: error: service.user is missing\n  fix: only a job may run as root\n");
    EXPECT_EQ(problems("[service]\nname = \"s\"\nunit = \"u\"\nkind = \"job\"\n"), "");
}

TEST(ServiceConf, refuses_numbers_out_of_range) {
    EXPECT_EQ(problems(kHead + "[ports]\nport = 0\nwebport = 1\n[memory]\nshare = 0\nmin = "
                               "\"2GiB\"\nmax = \"1GiB\"\nheap = 2\n"
                               "[secrets]\nx = { generate = 4 }\ny = {}\n"),
              "s.toml:6:8: error: ports.port must be an integer from 1 to 65535\n"
              "s.toml:7:1: error: \"webport\" is no key for a port\n  fix: \"port\", or a name "
              "that ends in \"_port\"\n"
              "s.toml:9:9: error: memory.share must be a number above 0\n"
              "  fix: shares count against each other: 0.2 gets twice what 0.1 gets\n"
              "s.toml:12:8: error: memory.heap must be within 0 and 1: it is a part of the "
              "service's memory\n"
              "s.toml:11:7: error: memory.max is less than memory.min\n"
              "s.toml:14:18: error: secrets.x.generate must be within 16 and 128\n"
              "s.toml:15:5: error: secret \"y\" needs exactly one of generate and value\n");
}

TEST(ServiceConf, keeps_its_files_in_their_directory) {
    EXPECT_EQ(
        problems(kHead + "[[file]]\npath = \"../x\"\n[[file]]\npath = "
                         "\"probe.toml\"\n[[file]]\npath = \"probe.toml\"\n"),
        "s.toml:6:8: error: file.path is \"../x\", expected a path below the config directory\n"
        "s.toml:8:8: error: probe.toml is written by lakebed itself\n"
        "s.toml:10:8: error: probe.toml is written by lakebed itself\n"
        "s.toml:9:1: error: file \"probe.toml\" is there twice\n");
}

TEST(ServiceConf, has_one_file_for_the_sites_settings) {
    std::string file = "[[file]]\nformat = \"redis\"\nsettings = true\npath = ";
    EXPECT_EQ(problems(kHead + file + "\"a\"\n"), "");
    EXPECT_EQ(problems(kHead + file + "\"a\"\n" + file + "\"b\"\n"),
              "s.toml:1:1: error: more than one file of s takes the site's settings\n"
              "  fix: they can go into one file only\n");
}

TEST(ServiceConf, keeps_names_of_lakebed_out_of_its_variables) {
    EXPECT_EQ(problems(kHead + "[variables]\nport = 1\nhome = \"x\"\nlist = [1]\n"),
              "s.toml:6:1: error: variable \"port\" has a name that lakebed uses itself\n  fix: "
              "ports stand in [ports]\n"
              "s.toml:7:1: error: variable \"home\" has a name that lakebed uses itself\n  fix: "
              "take another name\n"
              "s.toml:8:9: error: variable \"list\" holds an integer, expected strings\n");
    EXPECT_EQ(problems(kHead + "[variables]\nlist = [\"a\", \"b\"]\n"), "");
    EXPECT_EQ(
        problems(kHead + "[variables]\ntable = { a = 1 }\n"),
        "s.toml:6:9: error: variable \"table\" is a table, expected a plain value or an array "
        "of strings\n");
}

} // namespace
} // namespace lakebed
