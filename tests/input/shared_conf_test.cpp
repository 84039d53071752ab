#include <gtest/gtest.h>

#include "conf_text.h"

namespace lakebed {
namespace {

using test::all_text;
using test::kHead;
using test::problems;

const std::string kShared = "[shared]\nname = \"f\"\n";

TEST(SharedConf, holds_what_several_services_have_in_common) {
    Diagnostics diagnostics;
    ServiceConf conf = read_service_conf(kShared + R"(title = "F"
component = "c"
components = ["d"]
credentials = ["pw"]
jvm = true
[variables]
jars = ["/a", "/b"]
[secrets]
pw = { generate = 32 }
[[need]]
on = "o"
[[fatal]]
exit = 3
[[file]]
path = "x"
format = "yaml"
values = { a = 1 }
)",
                                         "s.toml", diagnostics);
    EXPECT_EQ(all_text(diagnostics), "");
    EXPECT_TRUE(conf.shared && conf.jvm);
    EXPECT_EQ(conf.name, "f");
    EXPECT_EQ(conf.credentials, std::vector<std::string>{"pw"});
    EXPECT_EQ(conf.files.at(0).format, FileFormat::yaml);
}

TEST(SharedConf, is_no_service_and_has_no_ports_memory_or_probe) {
    EXPECT_EQ(problems(kShared + "user = \"x\"\n[ports]\nport = 1\n[memory]\nshare = 1\n"),
              "s.toml:3:1: error: unknown key shared.user\n"
              "s.toml:4:2: error: unknown key ports\n"
              "s.toml:6:2: error: unknown key memory\n");
    EXPECT_EQ(problems(kShared + kHead),
              "s.toml:1:1: error: a file has [service] or [shared], not both\n"
              "  fix: put what is shared into a file of its own\n");
}

TEST(Include, names_shared_confs_with_their_place) {
    Diagnostics diagnostics;
    ServiceConf conf = read_service_conf(kHead + "include = [\"f\"]\n[[file]]\npath = \"x\"\n"
                                                 "values = { a = 1 }\n",
                                         "s.toml", diagnostics);
    EXPECT_EQ(all_text(diagnostics), "") << "the format of x is for f to say";
    EXPECT_EQ(conf.include, (std::vector<IncludeConf>{{"f", {"s.toml", 5, 12}}}));
    EXPECT_EQ(problems(kHead + "include = \"f\"\n"),
              "s.toml:5:11: error: service.include is a string, expected an array of strings\n");
    EXPECT_EQ(problems(kHead + "include = [1]\n"),
              "s.toml:5:12: error: service.include holds an integer, expected a string\n");
    EXPECT_EQ(problems(kHead + "inclide = []\n"), "s.toml:5:1: error: unknown key service.inclide\n"
                                                  "  fix: did you mean service.include?\n");
}

TEST(Instances, are_from_1_to_64_and_not_of_a_job) {
    EXPECT_EQ(problems(kHead + "instances = 0\n"),
              "s.toml:5:13: error: service.instances must be within 1 and 64\n");
    EXPECT_EQ(problems(kHead + "instances = 65\n"),
              "s.toml:5:13: error: service.instances must be within 1 and 64\n");
    EXPECT_EQ(problems(kHead + "kind = \"job\"\ninstances = 2\n"),
              "s.toml:6:13: error: a job has no instances\n  fix: it runs once\n");
    EXPECT_EQ(problems(kHead + "instances = 64\n"), "");
}

TEST(When, brings_instances_memory_variables_and_files) {
    Diagnostics diagnostics;
    ServiceConf conf = read_service_conf(kHead + R"([memory]
share = 1
min = "1GiB"
[variables]
v = 1
url = ""
[when.small.service]
instances = 1
start_timeout = "5min"
[when.small.memory]
min = "1MiB"
[when.small.variables]
v = 2
[[when.fenced.file]]
path = "x"
text = "y"
[[when.url.file]]
path = "z"
text = "@url@"
)",
                                         "s.toml", diagnostics);
    EXPECT_EQ(all_text(diagnostics), "");
    ASSERT_EQ(conf.when.size(), 3U);
    EXPECT_EQ(conf.when[0].condition, "small");
    EXPECT_EQ(conf.when[2].pos, (SourcePos{"s.toml", 21, 8}));
    EXPECT_EQ(conf.memory->min, (ByteSize{1 << 30})) << "it is laid over once it is known to hold";
}

TEST(When, reports_mistakes_where_they_stand_also_when_the_condition_does_not_hold) {
    EXPECT_EQ(problems(kHead + "[memory]\nshare = 1\nmin = \"1GiB\"\n[when.small.memory]\nmix = "
                               "\"1GiB\"\nmax = \"1MiB\"\n"),
              "s.toml:10:7: error: memory.max is less than memory.min\n"
              "s.toml:9:1: error: unknown key memory.mix\n  fix: did you mean memory.min?\n");
    EXPECT_EQ(problems(kHead + "[when.small.service]\nuser = \"x\"\n[when.small.prot]\na = 1\n"),
              "s.toml:6:1: error: unknown key when.small.service.user\n"
              "s.toml:7:13: error: unknown key when.small.prot\n");
    EXPECT_EQ(problems(kHead + "[when]\nsmall = 1\n"),
              "s.toml:6:9: error: when.small is an integer, expected a table\n");
    EXPECT_EQ(problems(kHead + "when = 1\n"), "s.toml:5:1: error: unknown key service.when\n");
}

TEST(When, a_variable_brings_files_only) {
    EXPECT_EQ(problems(kHead + "[variables]\nurl = \"\"\n[when.url.memory]\nmin = \"1GiB\"\n"),
              "s.toml:7:11: error: when.url.memory: a condition on a variable brings files only\n"
              "  fix: small, standard and fenced may bring more\n");
}

TEST(When, of_a_shared_conf_has_no_service_and_no_memory) {
    EXPECT_EQ(problems(kShared + "[when.small.memory]\nmin = \"1GiB\"\n"),
              "s.toml:3:13: error: unknown key when.small.memory\n");
}

TEST(MemoryParts, are_sizes_fractions_the_rest_and_sums) {
    Diagnostics diagnostics;
    ServiceConf conf = read_service_conf(kHead + R"([memory]
share = 1
min = "1GiB"
[memory.parts]
a = "64MiB"
b = { fraction = 0.1, min = "32MiB", max = "1GiB" }
c = "rest"
d = ["a", "c"]
)",
                                         "s.toml", diagnostics);
    EXPECT_EQ(all_text(diagnostics), "");
    using Kind = MemoryPart::Kind;
    auto at = [](int line) { return SourcePos{"s.toml", line, 1}; };
    EXPECT_EQ(
        conf.memory->parts,
        (std::vector<MemoryPart>{{Kind::fixed, "a", {64 << 20}, 0, {}, {}, {}, at(9)},
                                 {Kind::fraction, "b", {}, 0.1, {32 << 20}, {1 << 30}, {}, at(10)},
                                 {Kind::rest, "c", {}, 0, {}, {}, {}, at(11)},
                                 {Kind::sum, "d", {}, 0, {}, {}, {"a", "c"}, at(12)}}));
}

TEST(MemoryParts, are_refused_with_their_place) {
    auto parts = [](const std::string& text) {
        return problems(kHead + "[memory]\nshare = 1\nmin = \"1GiB\"\n[memory.parts]\n" + text);
    };
    EXPECT_EQ(parts("a = \"lots\"\n"),
              "s.toml:9:5: error: memory.parts.a is no part\n"
              "  fix: write \"192MiB\", { fraction = 0.1 }, \"rest\", or [\"PART\", \"PART\"]\n");
    EXPECT_EQ(parts("a = { fraction = 2, min = \"2MiB\", max = \"1MiB\", mx = 1 }\n"),
              "s.toml:9:18: error: memory.parts.a.fraction must be above 0 and at most 1\n"
              "  fix: it is a part of the service's memory\n"
              "s.toml:9:41: error: memory.parts.a.max is less than min\n"
              "s.toml:9:49: error: unknown key memory.parts.a.mx\n"
              "  fix: did you mean memory.parts.a.max?\n");
    EXPECT_EQ(parts("a = \"rest\"\nb = \"rest\"\n"),
              "s.toml:10:5: error: memory.parts has two that take the rest\n"
              "  fix: there is one rest\n");
    EXPECT_EQ(parts("direct = \"1MiB\"\nsum = [\"dirct\", 1]\nnone = []\n"),
              "s.toml:10:8: error: memory.parts.sum: there is no part \"dirct\" above it\n"
              "  fix: did you mean \"direct\"?\n"
              "s.toml:10:17: error: memory.parts.sum holds an integer, expected names of parts\n"
              "  fix: a sum is of parts that stand above it\n"
              "s.toml:11:8: error: memory.parts.none is a sum of nothing\n");
    EXPECT_EQ(parts("\"a.b\" = \"1MiB\"\n"),
              "s.toml:9:1: error: \"a.b\" is no name for a part of memory\n"
              "  fix: lower-case letters, digits and _ -\n");
}

TEST(ConfiguredBy, is_of_services_and_may_say_why_they_are_left_out) {
    EXPECT_EQ(problems(kHead + "configured_by = [\"a\"]\nnot_configured = \"say a\"\n"
                               "[variables]\na = \"\"\n"),
              "");
    EXPECT_EQ(problems(kHead + "kind = \"job\"\nconfigured_by = [\"a\"]\n"),
              "s.toml:6:17: error: a job is not left out: others need what it does\n");
    EXPECT_EQ(problems(kHead + "not_configured = \"x\"\n"),
              "s.toml:5:18: error: service.not_configured is said of a service that is always "
              "configured\n  fix: configured_by names the variables that it needs\n");
}

} // namespace
} // namespace lakebed
