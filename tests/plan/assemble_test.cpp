#include "plan/assemble.h"

#include <gtest/gtest.h>

#include "support/small_profile.h"

namespace lakebed::test {
namespace {

const std::string kShared = R"([shared]
name = "engine"
component = "store"
credentials = ["engine-key"]
[variables]
interval = "60s"
note = "every @interval@"
url = ""
jars = ["/a.jar"]
[secrets]
engine-key = { generate = 32 }
[[fatal]]
exit = 3
[[file]]
path = "engine.yaml"
format = "yaml"
settings = true
[file.values]
interval = "@interval@"
role = "none"
[[when.url.file]]
path = "engine.yaml"
[when.url.file.values]
url = "@url@"
)";

// A member of the engine with more text at its end.
std::string member(const std::string& name, const std::string& more) {
    return "[service]\nname = \"" + name + "\"\ninclude = [\"engine\"]\nuser = \"lakebed-" + name +
           "\"\nunit = \"any.service.in\"\n" + more;
}

std::string head(const SmallStack& small) {
    return all_text(small.diagnostics);
}

std::string values(const SmallStack& small, std::size_t service) {
    return write_toml(small.stack.services.at(service).files.at(0).values);
}

std::string problems(const std::string& site, const std::vector<std::string>& confs,
                     const Machine& machine = {}) {
    return all_text(small_stack(site, confs, machine).diagnostics);
}

TEST(Include, takes_everything_of_the_shared_conf_below_the_services_own) {
    SmallStack small =
        small_stack("", {kShared,
                         member("one", "[variables]\ninterval = \"5s\"\n[[file]]\npath = "
                                       "\"engine.yaml\"\nvalues = { role = \"one\" }\n"),
                         member("two", "")});
    EXPECT_EQ(head(small), "");
    ASSERT_EQ(small.stack.services.size(), 2U);
    const StackService& one = small.stack.services[0];
    EXPECT_EQ(one.components, std::vector<std::string>{"store"});
    EXPECT_EQ(one.credentials, std::vector<std::string>{"engine-key"});
    EXPECT_EQ(one.fatal.size(), 1U);
    EXPECT_EQ(one.variables.at("note"), "every 5s");
    EXPECT_EQ(values(small, 0), "interval = \"5s\"\nrole = \"one\"\n");
    EXPECT_EQ(values(small, 1), "interval = \"60s\"\nrole = \"none\"\n");
    EXPECT_EQ(small.stack.secrets.size(), 1U) << "a secret of a shared conf is there once";
}

TEST(Include, keeps_own_needs_and_takes_those_it_has_not) {
    std::string shared = kShared + "[[need]]\non = \"store\"\ntype = \"session\"\n";
    SmallStack small = small_stack(
        "", {kStoreConf, shared, member("one", "[[need]]\non = \"store\"\ntype = \"init\"\n"),
             member("two", "")});
    EXPECT_EQ(head(small), "");
    EXPECT_EQ(small.stack.services.at(1).needs,
              (std::vector<Need>{{"lakebed-store.service", EdgeType::init}}));
    EXPECT_EQ(small.stack.services.at(2).needs,
              (std::vector<Need>{{"lakebed-store.service", EdgeType::session}}));
}

TEST(Include, lets_the_site_set_the_shared_and_over_it_the_single_service) {
    SmallStack small =
        small_stack("[engine]\ninterval = \"30s\"\njars = [\"/b.jar\", \"/c.jar\"]\nlisten = "
                    "\"127.0.0.9\"\n[engine.settings]\nx = 1\ny = 1\n"
                    "[service.two]\ninterval = \"1s\"\n[service.two.settings]\ny = 2\n",
                    {kShared, member("one", ""), member("two", "")});
    EXPECT_EQ(head(small), "");
    EXPECT_EQ(values(small, 0), "interval = \"30s\"\nrole = \"none\"\nx = 1\ny = 1\n");
    EXPECT_EQ(values(small, 1), "interval = \"1s\"\nrole = \"none\"\nx = 1\ny = 2\n");
    EXPECT_EQ(small.stack.services[1].variables.at("jars"), "/b.jar:/c.jar");
    EXPECT_EQ(small.stack.services[1].variables.at("listen"), "127.0.0.9");
}

TEST(Include, reports_unknown_keys_of_the_shared_table) {
    EXPECT_EQ(problems("[engine]\nintervall = \"1s\"\nmemory = \"1GiB\"\njars = \"/x\"\n"
                       "[enginee]\n[service.engin]\n",
                       {kShared, member("one", "")}),
              "lakebed.toml:6:1: error: [service.engin]: profile \"small\" has no such service\n"
              "  fix: did you mean \"engine\"?\n"
              "lakebed.toml:3:10: error: unknown key service.engine.memory\n"
              "  fix: keys of engine: listen, settings, interval, note, url, jars\n"
              "lakebed.toml:2:1: error: unknown key service.engine.intervall\n"
              "  fix: did you mean \"interval\"?\n"
              "lakebed.toml:4:8: error: service.engine.jars is a string, expected an array\n"
              "lakebed.toml:5:1: error: [enginee]: profile \"small\" has no such service\n"
              "  fix: did you mean \"engine\"?\n");
    EXPECT_EQ(problems("[secrts]\nx = { file = \"/x\" }\n", {kStoreConf}),
              "lakebed.toml:1:1: error: [secrts]: profile \"small\" has no such service\n"
              "  fix: did you mean \"secrets\"?\n");
}

TEST(Include, wants_a_shared_conf_of_that_name) {
    EXPECT_EQ(problems("", {kShared,
                            "[service]\nname = \"a\"\nuser = \"a\"\nunit = "
                            "\"bare.service.in\"\ninclude = [\"engin\", \"web\"]\n",
                            kStoreConf, kWebConf}),
              "conf/a.toml:5:12: error: a includes \"engin\", which is no shared conf\n"
              "  fix: did you mean \"engine\"?\n"
              "conf/a.toml:5:21: error: a includes \"web\", which is a service of its own\n"
              "  fix: shared confs are the files of conf/ with [shared]\n");
}

TEST(Include, wants_a_format_for_a_file_that_nobody_else_has) {
    EXPECT_EQ(problems("", {kShared, member("one", "[[file]]\npath = \"own\"\nvalues = { a = 1 "
                                                   "}\n")}),
              "conf/one.toml:6:1: error: a file of format text has no values and settings\n"
              "  fix: put its content into text\n");
}

TEST(Include, of_a_later_conf_wins) {
    std::string more = "[shared]\nname = \"more\"\n[variables]\ninterval = \"2s\"\n";
    std::string conf = member("one", "");
    conf.replace(conf.find("[\"engine\"]"), 10, "[\"engine\", \"more\"]");
    SmallStack small = small_stack("", {kShared, more, conf});
    EXPECT_EQ(head(small), "");
    EXPECT_EQ(small.stack.services[0].variables.at("note"), "every 2s");
}

TEST(Profile, runs_no_shared_conf) {
    SmallStack small = small_stack("", {kShared, member("one", "")});
    small.data.profile.services = {"engine"};
    small.data.profile.service_pos = {{"small.toml", 2, 13}};
    Diagnostics diagnostics;
    (void)resolve(resolve_input(small.data), diagnostics);
    EXPECT_EQ(all_text(diagnostics),
              "small.toml:2:13: error: \"engine\" is a shared conf and no service\n"
              "  fix: name the services that include it\n");
}

const std::string kSized = R"([service]
name = "sized"
user = "lakebed-sized"
unit = "any.service.in"
[memory]
share = 1
min = "1GiB"
[variables]
level = "high"
extra = ""
flag = false
[[file]]
path = "x.properties"
format = "properties"
[file.values]
level = "@level@"
[when.small.service]
start_timeout = "5min"
[when.small.memory]
min = "256MiB"
max = "300MiB"
[when.small.variables]
level = "low"
[[when.standard.file]]
path = "x.properties"
values = { size = "standard" }
[[when.fenced.file]]
path = "x.properties"
values = { reporter = true }
[[when.extra.file]]
path = "extra"
text = "@extra@"
[[when.flag.file]]
path = "flag"
text = "set"
)";

constexpr ByteSize kSmall{std::uint64_t{8} << 30};

TEST(When, small_or_standard_is_decided_by_the_memory_of_the_machine) {
    SmallStack standard = small_stack("", {kSized}), small = small_stack("", {kSized}, {kSmall});
    EXPECT_EQ(head(standard) + head(small), "");
    EXPECT_EQ(standard.stack.sizing, "standard");
    EXPECT_EQ(small.stack.sizing, "small");
    EXPECT_EQ(values(standard, 0), "level = \"high\"\nsize = \"standard\"\nreporter = true\n");
    EXPECT_EQ(values(small, 0), "level = \"low\"\nreporter = true\n");
    EXPECT_EQ(small.stack.services[0].memory, (ByteSize{300 << 20}));
    EXPECT_EQ(small.stack.services[0].start_timeout, std::chrono::minutes(5));
    EXPECT_EQ(small.stack.memory_budget.mib(), 8192U * 85 / 100);
    EXPECT_EQ(standard.stack.memory_budget.mib(), 12288U);
}

TEST(When, the_operator_has_the_last_word_on_sizing) {
    EXPECT_EQ(small_stack("sizing = \"standard\"\n", {kSized}, {kSmall}).stack.sizing, "standard");
    SmallStack small = small_stack("sizing = \"small\"\nmemory = \"1GiB\"\n", {kSized});
    EXPECT_EQ(small.stack.sizing, "small");
    EXPECT_EQ(small.stack.memory_budget.mib(), 1024U);
    EXPECT_EQ(small_stack("", {kSized}, {{(std::uint64_t{12} << 30) - 1}}).stack.sizing, "small");
    EXPECT_EQ(small_stack("", {kSized}, {{std::uint64_t{12} << 30}}).stack.sizing, "standard");
}

TEST(When, fenced_follows_the_kernel) {
    EXPECT_EQ(values(small_stack("", {kSized}, {kSmall, false}), 0), "level = \"low\"\n");
}

TEST(When, a_variable_holds_once_it_says_something) {
    auto files = [](const std::string& site) {
        std::string names;
        SmallStack small = small_stack(site, {kSized});
        EXPECT_EQ(head(small), "");
        for (const StackFile& file : small.stack.services[0].files) names += file.path + " ";
        return names;
    };
    EXPECT_EQ(files(""), "x.properties ");
    EXPECT_EQ(files("[sized]\nextra = \"x\"\nflag = true\n"), "x.properties extra flag ");
    // Of a shared conf: set for all, or for one service.
    std::string site = "[engine]\nurl = \"http://a\"\n[service.two]\nurl = \"\"\n";
    SmallStack small = small_stack(site, {kShared, member("one", ""), member("two", "")});
    EXPECT_EQ(head(small), "");
    EXPECT_EQ(values(small, 0), "interval = \"60s\"\nrole = \"none\"\nurl = \"http://a\"\n");
    EXPECT_EQ(values(small, 1), "interval = \"60s\"\nrole = \"none\"\n");
}

TEST(When, an_unknown_condition_or_variable_gets_a_suggestion) {
    EXPECT_EQ(problems("", {kSized + "[[when.extr.file]]\npath = \"y\"\ntext = \"\"\n"
                                     "[when.smal.variables]\n"}),
              "conf/sized.toml:39:12: error: when.smal.variables: a condition on a variable brings "
              "files only\n  fix: did you mean when.small?\n"
              "conf/sized.toml:36:8: error: unknown condition \"extr\" of sized\n"
              "  fix: did you mean \"extra\"?\n");
    EXPECT_EQ(problems("", {kSized + "[when.fenced.variables]\nlevl = \"x\"\nflag = \"x\"\n"}),
              "conf/sized.toml:37:1: error: when.fenced sets \"levl\", which is no variable of "
              "sized\n  fix: did you mean \"level\"?\n"
              "conf/sized.toml:38:8: error: when.fenced.variables.flag is a string, expected a "
              "boolean\n");
}

TEST(When, is_tried_in_confs_that_this_profile_does_not_run) {
    SmallStack small = small_stack("", {kStoreConf});
    Diagnostics diagnostics;
    small.data.confs.push_back(read_service_conf(kSized + "[[when.lvel.file]]\npath = \"a\"\n",
                                                 "conf/sized.toml", diagnostics));
    (void)resolve(resolve_input(small.data), diagnostics);
    EXPECT_EQ(all_text(diagnostics),
              "conf/sized.toml:36:8: error: unknown condition \"lvel\" of sized\n"
              "  fix: did you mean \"level\"?\n");
}

const std::string kFlex = R"([service]
name = "flex"
title = "Flex"
configured_by = ["jar", "licence_file"]
user = "lakebed-flex"
unit = "bare.service.in"
[ports]
port = 7005
[variables]
jar = ""
licence_file = ""
[secrets]
flex-key = { generate = 32 }
)";

TEST(ConfiguredBy, leaves_a_service_out_and_says_what_to_set) {
    SmallStack small = small_stack("", {kStoreConf, kFlex});
    EXPECT_EQ(head(small), "");
    ASSERT_EQ(small.stack.services.size(), 1U);
    EXPECT_EQ(small.stack.secrets.size(), 1U);
    EXPECT_EQ(small.stack.not_configured,
              (std::vector<NotConfigured>{{"flex", "Flex",
                                           "set jar and licence_file in "
                                           "[flex]"}}));
    EXPECT_EQ(
        small_stack("[flex]\njar = \"/srv/f.jar\"\n", {kFlex}).stack.not_configured.at(0).reason,
        "set licence_file in [flex]");
    SmallStack configured =
        small_stack("[flex]\njar = \"/srv/f.jar\"\nlicence_file = \"/srv/l\"\n", {kFlex});
    EXPECT_EQ(head(configured), "");
    EXPECT_TRUE(configured.stack.not_configured.empty());
    EXPECT_EQ(configured.stack.services.at(0).brought,
              (std::vector<BroughtFile>{
                  {"/srv/f.jar", "service.flex.jar", {"lakebed.toml", 2, 7}},
                  {"/srv/l", "service.flex.licence_file", {"lakebed.toml", 3, 16}}}));
}

TEST(ConfiguredBy, may_be_met_by_a_condition_and_may_say_its_own_reason) {
    std::string conf = std::string(kWebConf) + "[variables]\nfence = \"\"\n"
                                               "[when.fenced.variables]\nfence = \"kernel\"\n";
    conf.insert(conf.find("[[need]]"),
                "configured_by = [\"fence\"]\nnot_configured = \"no fence here\"\n");
    EXPECT_TRUE(small_stack("", {kStoreConf, conf}).stack.not_configured.empty());
    EXPECT_EQ(small_stack("", {kStoreConf, conf}, {kSmall, false}).stack.not_configured,
              (std::vector<NotConfigured>{{"web", "web", "no fence here"}}));
}

TEST(ConfiguredBy, still_has_its_keys_checked_and_nobody_may_need_it) {
    EXPECT_EQ(problems("[secrets]\nflex-key = { file = \"/srv/key\" }\n", {kFlex}), "");
    EXPECT_EQ(problems("[flex]\njarr = \"/x\"\nlicence_file = \"licence\"\n", {kFlex}),
              "lakebed.toml:2:1: error: unknown key service.flex.jarr\n  fix: did you mean "
              "\"jar\"?\n"
              "lakebed.toml:3:16: error: service.flex.licence_file is \"licence\", expected an "
              "absolute path\n"
              "  fix: letters, digits and / . _ + - only, without .. in it\n");
    std::string needs = "[service]\nname = \"a\"\nuser = \"a\"\nunit = \"bare.service.in\"\n"
                        "[[need]]\non = \"flex\"\n";
    EXPECT_EQ(problems("[flex]\njar = \"/x\"\nlicence_file = \"/y\"\n", {kFlex, needs}),
              "conf/a.toml:5:1: error: a needs \"flex\", which is left out where it is not "
              "configured\n  fix: nothing may need a service that has configured_by\n");
    std::string wrong = kFlex;
    wrong.replace(wrong.find("[\"jar\""), 6, "[\"jra\"");
    EXPECT_EQ(
        problems("", {wrong}),
        "conf/flex.toml:1:1: error: service.configured_by names \"jra\", which is no variable "
        "of flex\n  fix: did you mean \"jar\"?\n");
}

TEST(Variables, that_are_lists_are_joined_as_class_paths_and_stand_for_their_items_in_a_list) {
    std::string conf = std::string(kWebConf) +
                       "[variables]\njars = [\"/a\", \"/b\"]\nmore = []\n"
                       "path = [\"@jars@\", \"/x/@name@\", \"@more@\"]\n"
                       "[[file]]\npath = \"y\"\nformat = \"yaml\"\nvalues = { list = \"@path@\", "
                       "text = \"cp=@path@\" }\n";
    SmallStack small = small_stack("[web]\nmore = [\"/m%i\"]\n", {kStoreConf, conf});
    EXPECT_EQ(head(small), "");
    EXPECT_EQ(small.stack.services[1].variables.at("more"), "/m%%i");
    EXPECT_EQ(write_toml(small.stack.services[1].files.at(1).values),
              "list = [\"/a\", \"/b\", \"/x/web\", \"/m%i\"]\ntext = \"cp=/a:/b:/x/web:/m%i\"\n");
    EXPECT_EQ(problems("[web]\nmore = [1, \"a\\nb\"]\n", {kStoreConf, conf}),
              "lakebed.toml:2:9: error: service.web.more holds an integer, expected strings\n"
              "lakebed.toml:2:12: error: service.web.more has a line break or control character\n");
}

TEST(ProfileVerify, names_what_services_make_public_and_stands_in_the_profiles_name) {
    std::string step = "[[verify]]\nkind = \"sql\"\nport = \"@store.port@\"\n"
                       "password_file = \"@secret:store-password@\"\nprogram = \"@libexec@/x\"\n"
                       "deep = true\n";
    SmallStack small = small_stack("", {kStoreConf}, {kSmall, true, step});
    EXPECT_EQ(head(small), "");
    EXPECT_EQ(small.desired.verify, "[[step]]\nservice = \"small\"\nkind = \"sql\"\nport = 7001\n"
                                    "password_file = \"/etc/lakebed/secrets/store-password\"\n"
                                    "program = \"/usr/libexec/lakebed/x\"\ndeep = true\n");
    EXPECT_EQ(problems("", {kStoreConf}, {kSmall, true, "[[verify]]\nport = \"@stor.port@\"\n"}),
              "small.toml:4:8: error: unknown variable @stor.port@ of profile small\n"
              "  fix: did you mean \"store.port\"?\n");
}

} // namespace
} // namespace lakebed::test
