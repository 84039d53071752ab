#include <gtest/gtest.h>

#include "support/small_profile.h"

namespace lakebed::test {
namespace {

std::string problems(const std::string& site,
                     const std::vector<std::string>& confs = {kStoreConf, kWebConf}) {
    return all_text(small_stack(site, confs).diagnostics);
}

// kStoreConf with one text put for another.
std::string store_with(const std::string& from, const std::string& to) {
    std::string text = kStoreConf;
    std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos);
    return text.replace(at, from.size(), to);
}

TEST(Resolve, gives_each_service_its_ports_memory_data_and_files) {
    SmallStack small =
        small_stack("memory = \"512MiB\"\n[service.store]\nport = 8001\nlevel = \"debug\"\n");
    EXPECT_EQ(all_text(small.diagnostics), "");
    const StackService& store = small.stack.services.at(0);
    EXPECT_EQ(store.unit, "lakebed-store.service");
    EXPECT_EQ(store.ports, (std::vector<StackPort>{
                               {"port", 8001, "127.0.0.1", {"lakebed.toml", 3, 8}},
                               {"admin_port", 7002, "127.0.0.1", {"conf/store.toml", 9, 14}}}));
    EXPECT_EQ(store.memory, (ByteSize{512 << 20}));
    EXPECT_EQ(store.data_dir, "/var/lib/lakebed/data/store");
    EXPECT_EQ(write_toml(store.files.at(0).values),
              "port = 8001\nlevel = \"debug\"\npassword = \"@credential:store-password@\"\n");
    EXPECT_EQ(small.stack.services.at(1).files.at(0).text, "store is at 127.0.0.1:8001");
    EXPECT_EQ(small.stack.services.at(1).needs,
              (std::vector<Need>{{"lakebed-store.service", EdgeType::reconnects}}));
}

TEST(Resolve, takes_three_quarters_of_the_memory_when_the_site_says_nothing) {
    EXPECT_EQ(small_stack().stack.memory_budget, (ByteSize{std::uint64_t{12} << 30}));
}

TEST(Resolve, says_what_is_missing_when_memory_does_not_fit) {
    EXPECT_EQ(problems("memory = \"100MiB\"\n"),
              "lakebed.toml:1:10: error: the services need at least 128 MiB of memory together, 28 "
              "MiB more than the "
              "100 MiB there is (store 128 MiB)\n"
              "  fix: raise memory, take a machine with more RAM or a smaller profile\n");
    EXPECT_EQ(problems("[service.store]\nmemory = \"1MiB\"\n"),
              "lakebed.toml:2:10: error: service.store.memory is 1 MiB, but store does not run "
              "with less than 128 MiB\n");
}

TEST(Resolve, suggests_services_and_keys_for_mistyped_ones) {
    EXPECT_EQ(
        problems("[service.stroe]\nport = 1\n[service.store]\nlevle = \"x\"\nweb_port = "
                 "5\n[service.web]\nmemory = "
                 "\"1GiB\"\nsettings = { a = 1 }\n[secrets]\nstore-pasword = { file = \"/x\" }\n"),
        "lakebed.toml:5:12: error: unknown key service.store.web_port\n"
        "  fix: keys of store: listen, memory, data_dir, settings, port, admin_port, level\n"
        "lakebed.toml:4:1: error: unknown key service.store.levle\n  fix: did you mean \"level\"?\n"
        "lakebed.toml:1:1: error: [service.stroe]: profile \"small\" has no such service\n"
        "  fix: did you mean \"store\"?\n"
        "lakebed.toml:7:10: error: unknown key service.web.memory\n  fix: keys of web: listen, "
        "port\n"
        "lakebed.toml:8:14: error: unknown key service.web.settings\n  fix: keys of web: listen, "
        "port\n"
        "lakebed.toml:10:1: error: unknown secret \"store-pasword\"\n  fix: did you mean "
        "\"store-password\"?\n");
}

TEST(Resolve, names_both_places_and_keys_of_a_port_clash) {
    EXPECT_EQ(problems("[service.web]\nport = 7002\n"),
              "lakebed.toml:2:8: error: port 7002 is used twice: by service.store.admin_port "
              "(conf/store.toml:9) and "
              "service.web.port (lakebed.toml:2)\n"
              "  fix: [service.web] port = another port, or [service.store] admin_port\n");
    EXPECT_EQ(problems("[service.web]\nport = 7002\nlisten = \"127.0.0.2\"\n"), "");
    EXPECT_NE(
        problems(
            "allow_from = [\"10.0.0.0/8\"]\n[service.web]\nport = 7002\nlisten = \"0.0.0.0\"\n"),
        "");
}

TEST(Resolve, refuses_a_port_below_1024) {
    EXPECT_EQ(problems("[service.web]\nport = 80\n"),
              "lakebed.toml:2:8: error: service.web.port is 80, a port only root may bind\n"
              "  fix: take one from 1024 on: the services run without privileges\n");
}

TEST(Resolve, wants_needs_within_the_profile) {
    EXPECT_EQ(problems("", {kWebConf}),
              "conf/web.toml:5:1: error: web needs \"store\", which is not in profile \"small\"\n"
              "  fix: add \"store\" to the profile's services\n"
              "conf/web.toml:12:8: error: unknown variable @store.connect@ of web\n"
              "conf/web.toml:12:8: error: unknown variable @store.port@ of web\n");
}

TEST(Resolve, reports_unknown_variables_where_they_stand) {
    EXPECT_EQ(problems("", {store_with("level = \"@level@\"", "level = \"@lvel@\"")}),
              "conf/store.toml:27:9: error: unknown variable @lvel@ of store\n  fix: did you mean "
              "\"level\"?\n");
    EXPECT_EQ(
        problems("",
                 {store_with(
                     "[[file]]",
                     "[[file]]\npath = \"t\"\ntext = \"\"\"\none\n two @prot@\n\"\"\"\n[[file]]")}),
        "conf/store.toml:25:6: error: unknown variable @prot@ of store\n  fix: did you mean "
        "\"port\"?\n");
}

TEST(Resolve, lets_a_file_name_only_credentials_its_unit_loads) {
    EXPECT_EQ(problems("", {store_with("credentials = [\"store-password\"]\n", "")}),
              "conf/store.toml:27:12: error: @credential:store-password@: the unit of store does "
              "not load this credential\n"
              "  fix: add \"store-password\" to service.credentials\n");
    EXPECT_EQ(problems("[service.store.settings]\nx = \"@credential:other@\"\n"),
              "lakebed.toml:2:5: error: @credential:other@: the unit of store does not load this "
              "credential\n"
              "  fix: add \"other\" to service.credentials\n");
}

TEST(Resolve, takes_settings_literally_but_not_over_what_it_wires_itself) {
    SmallStack small =
        small_stack("[service.store.settings]\nnote = \"@port@ 100%\"\nlevel = \"x\"\n");
    EXPECT_EQ(all_text(small.diagnostics), "");
    EXPECT_EQ(*find(small.stack.services[0].files[0].values, "note"), Value("@port@ 100%"));
    EXPECT_EQ(*find(small.stack.services[0].files[0].values, "level"), Value("x"));
    EXPECT_EQ(problems("[service.store.settings]\nport = 1\n"),
              "lakebed.toml:2:1: error: service.store.settings.port is set by lakebed itself\n"
              "  fix: ports, listen and data_dir stand in [service.store]\n");
}

TEST(Resolve, refuses_a_site_variable_of_another_type_or_with_a_line_break) {
    EXPECT_EQ(problems("[service.store]\nlevel = 3\n"),
              "lakebed.toml:2:9: error: service.store.level is an integer, expected a string\n");
    EXPECT_EQ(
        problems("[service.store]\nlevel = \"a\\nExecStartPre=/bin/sh\"\n"),
        "lakebed.toml:2:9: error: service.store.level has a line break or control character\n");
}

TEST(Resolve, prefers_the_operators_own_file_for_a_secret) {
    EXPECT_EQ(
        small_stack("[secrets]\nstore-password = { file = \"/run/vault/pw\" }\n").stack.secrets,
        (std::vector<StackSecret>{{"store-password", "/run/vault/pw", 0, ""}}));
    EXPECT_EQ(small_stack().stack.secrets,
              (std::vector<StackSecret>{
                  {"store-password", "/etc/lakebed/secrets/store-password", 32, ""}}));
}

TEST(Resolve, keeps_data_directories_apart) {
    std::string other = store_with("name = \"store\"", "name = \"copy\"");
    other.replace(other.find("[ports]"), other.find("[memory]") - other.find("[ports]"), "");
    other.replace(other.find("[secrets]"), other.find("[variables]") - other.find("[secrets]"), "");
    other.replace(other.find("port = \"@port@\"\n"), 16, "");
    EXPECT_EQ(problems("[service.copy]\ndata_dir = \"/var/lib/lakebed/data/store/inner\"\n",
                       {kStoreConf, other}),
              "lakebed.toml:1:1: error: data of store (/var/lib/lakebed/data/store) and of copy "
              "(/var/lib/lakebed/data/store/inner) would lie in one another\n"
              "  fix: [service.copy] data_dir = a directory of its own\n");
}

TEST(Resolve, opens_the_fence_only_to_those_allowed) {
    auto allow = [](const std::string& site) {
        return small_stack(site).stack.services.at(0).variables.at("ip_allow");
    };
    EXPECT_EQ(allow(""), "localhost");
    EXPECT_EQ(allow("allow_from = [\"10.0.0.0/8\"]\n"), "localhost 10.0.0.0/8");
    EXPECT_EQ(allow("listen = \"10.1.1.1\"\nallow_from = [\"10.0.0.0/8\"]\n"),
              "localhost 10.1.1.1 10.0.0.0/8");
    EXPECT_EQ(problems("listen = \"0.0.0.0\"\n"),
              "lakebed.toml:1:10: warning: services that cannot bind to one address stay closed to "
              "other machines\n"
              "  fix: name those that may reach them: allow_from = [\"10.0.0.0/8\"]\n");
}

TEST(Resolve, knows_no_other_architecture) {
    SmallStack small = small_stack();
    ResolveInput input = resolve_input(small.data);
    input.facts.architecture = "aarch64";
    Diagnostics diagnostics;
    (void)resolve(input, diagnostics);
    EXPECT_EQ(all_text(diagnostics),
              "error: this machine is aarch64, but the catalog has programs for x86_64 only\n");
}

TEST(Resolve, names_a_store_entry_after_everything_that_is_in_it) {
    SmallStack small = small_stack();
    std::string path = small.stack.store.at(0).path;
    EXPECT_EQ(path.substr(0, path.size() - 8), "/opt/lakebed/store/store-1-");
    ResolveInput input = resolve_input(small.data);
    Diagnostics diagnostics;
    EXPECT_EQ(resolve(input, diagnostics).store[0].path, path);
    input.catalog.artifacts[0].sources.clear(); // where it comes from is not what is in it
    EXPECT_EQ(resolve(input, diagnostics).store[0].path, path);
    input.catalog.artifacts[0].sha256 = std::string(64, '3');
    EXPECT_NE(resolve(input, diagnostics).store[0].path, path);
    input.catalog = small.data.catalog;
    input.catalog.components[0].layout[0].mode = 0700;
    EXPECT_NE(resolve(input, diagnostics).store[0].path, path);
}

TEST(Resolve, refuses_a_fatal_rule_that_is_no_regular_expression) {
    std::string text = problems("", {store_with("[[file]]", "[[fatal]]\nlog = \"(\"\n[[file]]")});
    EXPECT_TRUE(
        text.starts_with("conf/store.toml:21:1: error: fatal.log \"(\" is no regular expression"))
        << text;
}

TEST(Resolve, makes_the_parts_of_memory_variables_of_the_service_alone) {
    std::string parts =
        store_with("max = \"1GiB\"\n", "max = \"1GiB\"\n[memory.parts]\nspace = \"28MiB\"\nheap = "
                                       "\"rest\"\n");
    std::string uses = parts;
    uses.replace(uses.find("level = \"@level@\""), 17, "level = \"@memory.heap.mib@m\"");
    SmallStack small = small_stack("memory = \"128MiB\"\n", {uses});
    EXPECT_EQ(all_text(small.diagnostics), "");
    EXPECT_EQ(*find(small.stack.services[0].files[0].values, "level"), Value("100m"));
    std::string web = kWebConf;
    web.replace(web.find("@store.port@"), 12, "@store.memory.heap.mib@");
    EXPECT_EQ(problems("", {parts, web}),
              "conf/web.toml:12:8: error: unknown variable @store.memory.heap.mib@ of web\n");
}

TEST(Resolve, wants_the_parts_of_memory_to_fit_into_the_least_there_may_be) {
    std::string conf =
        store_with("max = \"1GiB\"\n", "[memory.parts]\na = \"100MiB\"\nb = \"100MiB\"\n");
    EXPECT_EQ(
        problems("", {conf}),
        "conf/store.toml:12:7: error: store: the parts of its memory need 200 MiB, but it has "
        "128 MiB\n"
        "  fix: raise memory.min, or lower the parts\n");
}

// kStoreConf as a JVM service with these variables.
std::string class_archive_of(const std::string& variables, const std::string& site = "") {
    std::string conf = store_with("unit = \"any", "jvm = true\nunit = \"any");
    std::size_t at = conf.find("[variables]\n") + 12;
    SmallStack small = small_stack(site, {conf.insert(at, variables)});
    EXPECT_EQ(all_text(small.diagnostics), "");
    return small.stack.services.at(0).variables["class_archive"];
}

TEST(Resolve, names_a_class_archive_after_what_it_must_agree_with) {
    const std::string variables =
        "gc = \"-XX:+UseG1GC\"\nextra_jars = []\nclass_path = [\"@home@/a.jar\"]\n";
    const std::string plain = class_archive_of(variables);
    EXPECT_TRUE(plain.starts_with("/var/cache/lakebed/cds/store-")) << plain;
    EXPECT_TRUE(plain.ends_with(".jsa")) << plain;
    EXPECT_EQ(class_archive_of(variables, "memory = \"512MiB\"\n[service.store]\nport = 8001\n"
                                          "level = \"debug\"\n"),
              plain);
    for (const char* change : {"gc = \"-XX:+UseZGC\"", "extra_jars = [\"/srv/my.jar\"]",
                               "class_path = [\"@home@/b.jar\"]"})
        EXPECT_NE(class_archive_of(variables, std::string("[service.store]\n") + change + "\n"),
                  plain)
            << change;
    EXPECT_FALSE(small_stack().stack.services.at(0).variables.contains("class_archive"));
}

} // namespace
} // namespace lakebed::test
