#include "plan/plan.h"

#include <gtest/gtest.h>

#include "planned_host.h"

namespace lakebed::test {
namespace {

std::string steps(const Plan& plan) {
    std::string text;
    for (const Step& step : plan.steps) text += to_string(step) + "\n";
    return text;
}

std::string config_path(const SmallStack& small, const std::string& service) {
    for (const DesiredFile& file : small.desired.config_files)
        if (file.path.find("/config/" + service + "-") != std::string::npos)
            return file.path.substr(0, file.path.rfind('/'));
    return {};
}

TEST(MakePlan, installs_on_an_empty_machine_in_the_order_of_activation) {
    SmallStack small = small_stack();
    FakeHost host(small.data.catalog.artifacts);
    Diagnostics diagnostics;
    Plan plan = plan_for(small, host, diagnostics);
    std::string store = config_path(small, "store"), web = config_path(small, "web");
    EXPECT_EQ(steps(plan),
              "create system user lakebed-store\n"
              "create system user lakebed-web\n"
              "create directory /etc/lakebed (root:root 0755)\n"
              "create directory /etc/lakebed/secrets (root:root 0700)\n"
              "create directory /opt/lakebed (root:root 0755)\n"
              "create directory /opt/lakebed/store (root:root 0755)\n"
              "create directory /var/lib/lakebed (root:root 0755)\n"
              "create directory /var/lib/lakebed/config (root:root 0755)\n"
              "create directory /var/lib/lakebed/generations (root:root 0755)\n"
              "create directory /var/lib/lakebed/data (root:root 0755)\n"
              "create directory /var/lib/lakebed/data/store (lakebed-store:lakebed-store 0700)\n"
              "generate secret store-password in /etc/lakebed/secrets/store-password\n"
              "unpack store 1 into " +
                  small.stack.store[0].path +
                  " (100 MiB)\n"
                  "create directory " +
                  store +
                  " (root:lakebed-store 0750)\n"
                  "create directory " +
                  web +
                  " (root:lakebed-web 0750)\n"
                  "write " +
                  store +
                  "/store.conf\n"
                  "write " +
                  web +
                  "/web.conf\n"
                  "install unit lakebed-store.service\n"
                  "install unit lakebed-web.service\n"
                  "install unit lakebed-direct.target\n"
                  "reload systemd's unit files\n"
                  "enable lakebed.target\n"
                  "switch to generation 1\n");
    EXPECT_EQ(plan.from_generation, 0);
    EXPECT_EQ(plan.to_generation, 1);
    EXPECT_EQ(plan.disk, (std::vector<DiskNeed>{{"/", {1124 << 20}, {std::uint64_t{100} << 30}}}));
}

TEST(MakePlan, has_nothing_to_do_the_second_time) {
    SmallStack small = small_stack();
    FakeHost host = host_with(small);
    Plan plan = apply_to(host, small);
    EXPECT_TRUE(is_empty(plan)) << steps(plan);
    EXPECT_EQ(plan.to_generation, 1);
    EXPECT_TRUE(plan.disk.empty());
}

TEST(MakePlan, ends_the_same_wherever_it_is_cut_short) {
    SmallStack before = small_stack();
    SmallStack after =
        small_stack("[service.store]\nlevel = \"debug\"\nport = 9001\n", {kStoreConf, kWebConf});
    FakeHost whole = host_with(before);
    Plan full = apply_to(whole, after);
    ASSERT_GT(full.steps.size(), 5U);
    for (std::size_t cut = 0; cut <= full.steps.size(); ++cut) {
        FakeHost host = host_with(before);
        host.fail_at = host.performed.size() + cut;
        apply_to(host, after);
        host.fail_at.reset();
        apply_to(host, after);
        EXPECT_EQ(host.now, whole.now) << "cut before step " << cut;
        EXPECT_TRUE(is_empty(apply_to(host, after))) << cut;
    }
}

TEST(MakePlan, replaces_what_an_unfinished_apply_of_another_configuration_left) {
    SmallStack first = small_stack("[service.store]\nlevel = \"a\"\n"),
               second = small_stack("[service.store]\nlevel = \"b\"\n");
    FakeHost host(first.data.catalog.artifacts);
    host.fail_at = 19; // units are written, the generation is not
    apply_to(host, first);
    ASSERT_EQ(kind_name(host.performed.back()), "InstallUnit");
    host.fail_at.reset();
    apply_to(host, second);
    EXPECT_TRUE(is_empty(apply_to(host, second)));
}

TEST(MakePlan, restarts_exactly_the_services_whose_unit_changed) {
    SmallStack before = small_stack(), after = small_stack("[service.store]\nlevel = \"debug\"\n");
    FakeHost host = host_with(before);
    Plan plan = apply_to(host, after);
    std::string store = config_path(after, "store");
    EXPECT_EQ(steps(plan), "create directory " + store +
                               " (root:lakebed-store 0750)\n"
                               "write " +
                               store +
                               "/store.conf\n"
                               "install unit lakebed-store.service\n"
                               "reload systemd's unit files\n"
                               "switch to generation 2\n"
                               "restart lakebed-store.service\n");
}

TEST(MakePlan, leaves_stopped_services_stopped) {
    SmallStack before = small_stack(), after = small_stack("[service.store]\nlevel = \"debug\"\n");
    FakeHost host = host_with(before);
    host.now.units["lakebed-store.service"].active = false;
    Plan plan = apply_to(host, after);
    EXPECT_EQ(kind_name(plan.steps.back()), "SwitchGeneration") << steps(plan);
}

TEST(MakePlan, stops_and_removes_what_is_no_longer_in_the_profile_but_keeps_its_data) {
    SmallStack both = small_stack(), one = small_stack("", {kStoreConf});
    FakeHost host = host_with(both);
    Plan plan = apply_to(host, one);
    EXPECT_EQ(steps(plan), "stop lakebed-web.service\n"
                           "remove /etc/systemd/system/lakebed-web.service\n"
                           "install unit lakebed-direct.target\n"
                           "reload systemd's unit files\n"
                           "switch to generation 2\n");
    EXPECT_TRUE(is_empty(apply_to(host, one)));
}

TEST(MakePlan, shows_an_edited_file_and_keeps_it) {
    SmallStack small = small_stack();
    FakeHost host = host_with(small);
    const std::string unit = "/etc/systemd/system/lakebed-web.service";
    host.now.paths[unit].sha256 = std::string(64, 'e');
    Plan plan = apply_to(host, small);
    EXPECT_EQ(steps(plan), "");
    EXPECT_EQ(plan.drift, std::vector<std::string>{unit});
    EXPECT_EQ(steps(apply_to(host, small, {true})), "install unit lakebed-web.service\n"
                                                    "reload systemd's unit files\n"
                                                    "restart lakebed-web.service\n");
    EXPECT_TRUE(apply_to(host, small).drift.empty());
}

TEST(MakePlan, refuses_to_overwrite_an_edited_file_that_has_to_change) {
    SmallStack before = small_stack(), after = small_stack("[service.store]\nlevel = \"debug\"\n");
    FakeHost host = host_with(before);
    host.now.paths["/etc/systemd/system/lakebed-store.service"].sha256 = std::string(64, 'e');
    Diagnostics diagnostics;
    (void)plan_for(after, host, diagnostics);
    EXPECT_EQ(all_text(diagnostics), "error: \"/etc/systemd/system/lakebed-store.service\" was "
                                     "edited by hand and would have to change\n"
                                     "  fix: move the edit into lakebed.toml (or `systemctl edit` "
                                     "for a unit), or give --overwrite-edited\n");
    apply_to(host, after, {true});
    EXPECT_TRUE(is_empty(apply_to(host, after)));
}

TEST(MakePlan, puts_back_what_was_deleted) {
    SmallStack small = small_stack();
    FakeHost host = host_with(small);
    host.now.paths.erase(config_path(small, "web") + "/web.conf");
    host.now.paths.erase("/etc/systemd/system/lakebed-web.service");
    host.now.store.clear();
    EXPECT_EQ(steps(apply_to(host, small)), "unpack store 1 into " + small.stack.store[0].path +
                                                " (100 MiB)\n"
                                                "write " +
                                                config_path(small, "web") +
                                                "/web.conf\n"
                                                "install unit lakebed-web.service\n"
                                                "reload systemd's unit files\n"
                                                "restart lakebed-web.service\n");
    EXPECT_TRUE(is_empty(apply_to(host, small)));
}

TEST(MakePlan, respects_a_target_that_was_disabled_later) {
    SmallStack small = small_stack();
    FakeHost host = host_with(small);
    host.now.units["lakebed.target"].enabled = false;
    EXPECT_TRUE(is_empty(apply_to(host, small)));
}

std::string data_problems(FakeHost& host, const SmallStack& small) {
    Diagnostics diagnostics;
    (void)plan_for(small, host, diagnostics);
    return all_text(diagnostics);
}

const std::string kData = "/var/lib/lakebed/data/store";

TEST(MakePlan, never_takes_over_a_directory_with_somebody_elses_files) {
    SmallStack small = small_stack();
    FakeHost host(small.data.catalog.artifacts);
    host.now.paths[kData] = {PathInfo::Type::directory, 0755, "root", "root", "", false, ""};
    EXPECT_EQ(
        data_problems(host, small),
        "error: data directory \"" + kData +
            "\" of store is not empty and has no marker of ours\n"
            "  fix: move what is in it away, or [service.store] data_dir = another directory\n");
    host.now.paths[kData].marker = "other";
    EXPECT_EQ(data_problems(host, small),
              "error: data directory \"" + kData +
                  "\" of store belongs to another site (other)\n"
                  "  fix: [service.store] data_dir = another directory\n");
    host.now.paths[kData] = {PathInfo::Type::directory, 0755, "root", "root", "", true, ""};
    EXPECT_EQ(data_problems(host, small), "");
}

TEST(MakePlan, never_puts_an_empty_directory_where_data_were) {
    SmallStack small = small_stack();
    FakeHost host = host_with(small);
    PathInfo data = host.now.paths.at(kData);
    host.now.paths[kData].marker.clear(); // the bare mount point
    host.now.paths[kData].empty = true;
    EXPECT_EQ(data_problems(host, small),
              "error: data directory \"" + kData +
                  "\" of store is without our marker, though generation 1 had its data there\n"
                  "  fix: mount its file system, or restore it, and run again\n");
    host.now.paths.erase(kData);
    EXPECT_NE(data_problems(host, small), "");
    host.now.paths[kData] = data;
    EXPECT_EQ(data_problems(host, small), "");
}

TEST(MakePlan, does_not_start_afresh_when_data_are_to_move) {
    FakeHost host = host_with(small_stack());
    SmallStack moved = small_stack("[service.store]\ndata_dir = \"/srv/store\"\n");
    EXPECT_EQ(
        data_problems(host, moved),
        "error: data of store are to move from \"" + kData +
            "\" to \"/srv/store\", where there are none\n"
            "  fix: lakebed does not move data: systemctl stop lakebed-store.service && cp -a " +
            kData + "/. /srv/store/ and run again\n");
    host.now.paths["/srv/store"] = host.now.paths.at(kData);
    apply_to(host, moved);
    EXPECT_TRUE(is_empty(apply_to(host, moved)));
}

TEST(MakePlan, orders_restarts_by_need) {
    // `web` stands first in the profile and needs `store`.
    SmallStack before = small_stack("", {kWebConf, kStoreConf});
    SmallStack after = small_stack("[service.store]\nport = 9001\n", {kWebConf, kStoreConf});
    FakeHost host = host_with(before);
    Plan plan = apply_to(host, after);
    ASSERT_GE(plan.steps.size(), 2U);
    EXPECT_EQ(to_string(plan.steps[plan.steps.size() - 2]), "restart lakebed-store.service");
    EXPECT_EQ(to_string(plan.steps.back()), "restart lakebed-web.service");
}

} // namespace
} // namespace lakebed::test
