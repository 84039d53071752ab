#include <gtest/gtest.h>

#include "plan/planning.h"

#include "support/fake_host.h"
#include "support/small_profile.h"

namespace lakebed::test {
namespace {

// What make_plan says about a host that `change` has changed.
template <class Change> std::string problems(Change change, const std::string& site = "") {
    SmallStack small = small_stack(site);
    FakeHost host(small.data.catalog.artifacts);
    change(host.now);
    Inventory inventory = *host.read_inventory(inventory_query(small.stack, small.desired));
    Diagnostics diagnostics;
    (void)make_plan(small.stack, small.desired, inventory, diagnostics);
    return all_text(diagnostics);
}

TEST(HostChecks, find_nothing_wrong_with_an_empty_machine) {
    EXPECT_EQ(problems([](Inventory&) {}), "");
}

TEST(HostChecks, report_everything_at_once) {
    EXPECT_EQ(
        problems([](Inventory& now) {
            now.is_root = false;
            now.has_systemd = false;
            now.architecture = "riscv64";
            now.depot.clear();
        }),
        "error: only root may change this machine\n  fix: run it with sudo\n"
        "error: systemd does not run here\n  fix: lakebed runs its services as systemd units\n"
        "error: this machine is riscv64, but the catalog has programs for x86_64 only\n"
        "error: 1 artifact is not in the depot: store-bin\n"
        "  fix: run `lakebed fetch` where there is a network, and give its depot with --depot "
        "DIR\n");
}

TEST(HostChecks, do_not_take_an_artifact_with_another_digest) {
    EXPECT_NE(
        problems([](Inventory& now) { now.depot.at("store-bin").sha256 = std::string(64, 'f'); }),
        "");
}

TEST(HostChecks, name_who_holds_a_port_and_the_key_to_change) {
    EXPECT_EQ(
        problems([](Inventory& now) {
            now.ports = {{7001, "0.0.0.0", 812, "other-store", "other.service"},
                         {7002, "127.0.0.1", 900, "store", "lakebed-store.service"},
                         {7003, "10.0.0.1", 901, "web", ""}};
        }),
        "error: port 7001 on 0.0.0.0 for store is taken by other-store (pid 812) of other.service\n"
        "  fix: stop that, or [service.store] port = another port\n");
    EXPECT_EQ(problems([](Inventory& now) {
                  now.ports = {{7003, "127.0.0.1", 0, "", ""}};
              }),
              "error: port 7003 on 127.0.0.1 for web is taken by a process\n"
              "  fix: stop that, or [service.web] port = another port\n");
}

TEST(HostChecks, add_up_what_one_file_system_must_hold) {
    auto mounts = [](const char* device, std::uint64_t free_mib) {
        return [=](Inventory& now) {
            now.mounts["/opt/lakebed/store"] = {"/", "8:1", {free_mib << 20}};
            now.mounts["/var/lib/lakebed/data/store"] = {"/data", device, {free_mib << 20}};
        };
    };
    EXPECT_EQ(problems(mounts("8:2", 1024)), "");
    EXPECT_EQ(problems(mounts("8:1", 1024)),
              "error: \"/\" has 1 GiB free, but 1.1 GiB are needed (100 MiB for programs, 1 GiB "
              "for data of store)\n"
              "  fix: free some space, or move data: [service.NAME] data_dir\n");
}

TEST(HostChecks, refuse_a_store_whose_programs_could_not_run) {
    EXPECT_EQ(
        problems([](Inventory& now) {
            now.mounts["/opt/lakebed/store"] = {
                "/opt", "8:3", {std::uint64_t{9} << 30}, true, false};
            now.mounts["/var/lib/lakebed"] = {"/var", "8:4", {std::uint64_t{9} << 30}, true, true};
        }),
        "error: the store of programs (\"/opt/lakebed/store\") lies on \"/opt\", which is mounted "
        "noexec: no "
        "program there can run\n"
        "  fix: mount -o remount,exec /opt\n"
        "error: the state of lakebed (\"/var/lib/lakebed\") lies on \"/var\", which is mounted "
        "read-only\n"
        "  fix: mount -o remount,rw /var\n");
}

TEST(HostChecks, want_the_files_the_operator_promised) {
    EXPECT_EQ(problems([](Inventory&) {}, "[secrets]\nstore-password = { file = \"/srv/pw\" }\n"),
              "error: file \"/srv/pw\" of secret store-password does not exist\n"
              "  fix: create it, or remove store-password from [secrets] to have it generated\n");
    EXPECT_EQ(problems(
                  [](Inventory& now) {
                      now.paths["/srv/pw"] = {PathInfo::Type::file, 0644, "root", "root", "x"};
                  },
                  "[secrets]\nstore-password = { file = \"/srv/pw\" }\n"),
              "warning: file \"/srv/pw\" of secret store-password is open to others than its owner "
              "(0644)\n"
              "  fix: chmod 0600 /srv/pw\n");
}

TEST(HostChecks, want_the_files_that_variables_name) {
    std::string conf = std::string(kWebConf) + "[variables]\njar = \"\"\n";
    SmallStack small = small_stack("[web]\njar = \"/srv/x.jar\"\n", {kStoreConf, conf});
    EXPECT_EQ(inventory_query(small.stack, small.desired).brought,
              std::vector<std::string>{"/srv/x.jar"});
    FakeHost host(small.data.catalog.artifacts);
    auto problems = [&] {
        Diagnostics diagnostics;
        check_host(small.stack, *host.read_inventory(inventory_query(small.stack, small.desired)),
                   diagnostics);
        return all_text(diagnostics);
    };
    EXPECT_EQ(problems(),
              "lakebed.toml:2:7: error: file \"/srv/x.jar\" of service.web.jar does not exist\n"
              "  fix: put it there, or correct the path\n");
    host.now.brought["/srv/x.jar"] = PathInfo::Type::directory;
    EXPECT_EQ(problems(),
              "lakebed.toml:2:7: error: \"/srv/x.jar\" of service.web.jar is no regular file\n"
              "  fix: name the file itself\n");
    host.now.brought["/srv/x.jar"] = PathInfo::Type::file;
    EXPECT_EQ(problems(), "");
}

} // namespace
} // namespace lakebed::test
