// Services whose unit is a template: from conf/ to the plan.
#include <gtest/gtest.h>

#include "planned_host.h"

namespace lakebed::test {
namespace {

std::string worker_with(const std::string& from, const std::string& to) {
    std::string text = kWorkerConf;
    std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos);
    return text.replace(at, from.size(), to);
}

SmallStack workers(int count, const std::string& conf = kWorkerConf) {
    SmallStack small =
        small_stack("[worker]\ninstances = " + std::to_string(count) + "\n", {kStoreConf, conf});
    EXPECT_EQ(all_text(small.diagnostics), "");
    return small;
}

// The steps that are about units.
std::string unit_steps(const Plan& plan) {
    std::string text;
    for (const Step& step : plan.steps)
        if (step.index() >= 5) text += to_string(step) + "\n";
    return text;
}

const DesiredUnit& worker_unit(const SmallStack& small) {
    return *std::ranges::find(small.desired.units, "lakebed-worker@.service", &DesiredUnit::name);
}

TEST(Instances, share_one_unit_file_and_one_config_directory) {
    SmallStack small = workers(2);
    EXPECT_EQ(worker_unit(small).instances,
              (std::vector<std::string>{"lakebed-worker@1.service", "lakebed-worker@2.service"}));
    std::string config;
    for (const DesiredFile& file : small.desired.config_files)
        if (file.path.ends_with("/worker.conf"))
            config = file.path.substr(0, file.path.size() - 12);
    EXPECT_EQ(worker_unit(small).content,
              "[Unit]\nX-Lakebed-Config=" + config.substr(config.rfind('/') + 1) +
                  "\nDescription=Worker %i\n[Service]\nUser=lakebed-worker\n"
                  "RuntimeDirectory=lakebed/worker@%i\nExecStart=/bin/work %i of 2 " +
                  config + " /run/lakebed/worker@%i /var/cache/lakebed/worker\n");
}

TEST(Instances, are_nodes_of_their_own_with_probes_of_their_own) {
    Diagnostics diagnostics;
    ServiceGraph graph = read_graph(workers(2).desired.graph, "graph.toml", diagnostics);
    std::erase_if(graph.nodes, is_guard);
    ASSERT_EQ(graph.nodes.size(), 3U);
    EXPECT_EQ(graph.nodes[1].name, "worker@1");
    EXPECT_EQ(graph.nodes[2].unit, "lakebed-worker@2.service");
    EXPECT_EQ(graph.nodes[2].title, "Worker 2");
    const auto& probe = std::get<HttpProbe>(graph.nodes[2].probe->how);
    EXPECT_EQ(probe.path, "/workers/worker@2");
    EXPECT_EQ(probe.contains, "2");
}

TEST(Instances, have_one_probe_file_that_leaves_open_which_one_it_is) {
    SmallStack small = workers(2);
    const DesiredFile* probe = nullptr;
    for (const DesiredFile& file : small.desired.config_files)
        if (file.path.ends_with("/probe.toml")) probe = &file;
    ASSERT_TRUE(probe);
    EXPECT_NE(probe->content.find("service = \"worker@@instance@\"\n"), std::string::npos);
    EXPECT_NE(probe->content.find("path = \"/workers/worker@@instance@\"\n"), std::string::npos);
    SmallStack more = workers(3);
    EXPECT_EQ(more.desired.config_files, small.desired.config_files);
}

TEST(Instances, may_not_differ_in_config_files_and_acceptance_steps) {
    auto problems = [](const std::string& conf) {
        return all_text(small_stack("", {conf}).diagnostics);
    };
    EXPECT_EQ(problems(worker_with("a worker", "a worker in @runtime@")),
              "conf/worker.toml:13:8: error: @runtime@ is another one in each instance of worker, "
              "and config files and acceptance steps are for all of them\n"
              "  fix: give it in the unit, as an argument or in the environment\n");
    for (const char* name : {"@name@", "@instance@", "@unit@", "@scratch@"})
        EXPECT_NE(
            problems(worker_with("a worker", name) + "[variables]\nscratch = \"@runtime@/x\"\n"),
            "")
            << name;
    EXPECT_EQ(problems(worker_with("a worker", "@instances@ @title@ @user@")), "");
    EXPECT_NE(problems(std::string(kWorkerConf) + "[[verify]]\nname = \"@name@\"\n"), "");
    EXPECT_EQ(problems(std::string(kWorkerConf) + "[[verify]]\ncount = \"@instances@\"\n"), "");
}

TEST(Instances, tell_others_how_many_there_are_and_all_of_them_are_needed) {
    std::string user = "[service]\nname = \"user\"\nuser = \"u\"\nunit = \"any.service.in\"\n"
                       "[[need]]\non = \"worker\"\n[[file]]\npath = \"x\"\n"
                       "text = \"@worker.instances@\"\n";
    SmallStack small = small_stack("", {kWorkerConf, user});
    EXPECT_EQ(all_text(small.diagnostics), "");
    EXPECT_EQ(small.stack.services[1].files.at(0).text, "3");
    EXPECT_EQ(small.stack.services[1].needs,
              (std::vector<Need>{{"lakebed-worker@1.service", EdgeType::reconnects},
                                 {"lakebed-worker@2.service", EdgeType::reconnects},
                                 {"lakebed-worker@3.service", EdgeType::reconnects}}));
    const DesiredUnit& unit = small.desired.units.at(1);
    EXPECT_NE(unit.content.find("After=lakebed-worker@1.service lakebed-worker@2.service "
                                "lakebed-worker@3.service\n"),
              std::string::npos);
    EXPECT_NE(small.desired.units.at(2).content.find("Wants=lakebed-worker@3.service\n"),
              std::string::npos);
    user.replace(user.find("instances@"), 10, "runtime@");
    EXPECT_NE(all_text(small_stack("", {kWorkerConf, user}).diagnostics), "");
}

TEST(Instances, are_set_by_the_site_where_there_are_any) {
    EXPECT_EQ(
        all_text(small_stack("[store]\ninstances = 2\n").diagnostics),
        "lakebed.toml:2:13: error: unknown key service.store.instances\n"
        "  fix: keys of store: listen, memory, data_dir, settings, port, admin_port, level\n");
}

TEST(Instances, each_claim_memory) {
    SmallStack small = small_stack("memory = \"300MiB\"\n", {kWorkerConf});
    EXPECT_EQ(small.stack.services[0].memory, (ByteSize{100 << 20}));
    EXPECT_EQ(all_text(small_stack("memory = \"100MiB\"\n", {kWorkerConf}).diagnostics),
              "lakebed.toml:1:10: error: the services need at least 192 MiB of memory together, 92 "
              "MiB more than the 100 MiB there is (worker 3 x 64 MiB)\n"
              "  fix: raise memory, take a machine with more RAM or a smaller profile\n");
}

TEST(InstancesPlan, installs_the_template_once_and_remembers_the_instances) {
    FakeHost host(workers(2).data.catalog.artifacts);
    Plan plan = apply_to(host, workers(2));
    EXPECT_EQ(unit_steps(plan), "install unit lakebed-store.service\n"
                                "install unit lakebed-worker@.service\n"
                                "install unit lakebed-direct.target\n"
                                "reload systemd's unit files\n"
                                "enable lakebed.target\n"
                                "switch to generation 1\n");
    EXPECT_EQ(host.now.manifest.at("unit:lakebed-worker@2.service"), "lakebed-worker@.service");
    host.start_everything();
    EXPECT_TRUE(is_empty(apply_to(host, workers(2))));
}

// A worker that does not know how many there are.
std::string plain_worker() {
    std::string conf = worker_with("unit = \"worker.service.in\"", "unit = \"any.service.in\"");
    return conf;
}

TEST(InstancesPlan, stops_those_that_are_gone_and_touches_nobody_else) {
    FakeHost host = host_with(workers(3, plain_worker()));
    SmallStack fewer = workers(1, plain_worker());
    EXPECT_EQ(unit_steps(apply_to(host, fewer)), "stop lakebed-worker@2.service\n"
                                                 "stop lakebed-worker@3.service\n"
                                                 "install unit lakebed-direct.target\n"
                                                 "reload systemd's unit files\n"
                                                 "switch to generation 2\n");
    EXPECT_TRUE(host.now.units.at("lakebed-worker@1.service").active);
    EXPECT_TRUE(is_empty(apply_to(host, fewer)));
}

TEST(InstancesPlan, starts_new_ones_where_the_others_run_and_touches_nobody_else) {
    FakeHost host = host_with(workers(1, plain_worker()));
    SmallStack more = workers(3, plain_worker());
    EXPECT_EQ(unit_steps(apply_to(host, more)), "install unit lakebed-direct.target\n"
                                                "reload systemd's unit files\n"
                                                "start lakebed-worker@2.service\n"
                                                "start lakebed-worker@3.service\n"
                                                "switch to generation 2\n");
    EXPECT_TRUE(is_empty(apply_to(host, more)));
    // Stopped by an operator: it stays so.
    host.now.units["lakebed-worker@2.service"].active = false;
    EXPECT_TRUE(is_empty(apply_to(host, more)));
}

TEST(InstancesPlan, starts_nothing_where_nothing_runs) {
    FakeHost host(workers(1).data.catalog.artifacts);
    apply_to(host, workers(1, plain_worker()));
    EXPECT_EQ(unit_steps(apply_to(host, workers(2, plain_worker()))),
              "install unit lakebed-direct.target\nreload systemd's unit files\n"
              "switch to generation 2\n");
}

TEST(InstancesPlan, restarts_every_instance_whose_template_changed) {
    FakeHost host = host_with(workers(2));
    SmallStack changed = workers(2, worker_with("a worker", "another"));
    host.now.units["lakebed-worker@2.service"].active = false;
    std::string text = unit_steps(apply_to(host, changed));
    EXPECT_NE(text.find("install unit lakebed-worker@.service\nreload systemd's unit files\n"
                        "switch to generation 2\nrestart lakebed-worker@1.service\n"),
              std::string::npos)
        << text;
    EXPECT_EQ(text.find("restart lakebed-worker@2"), std::string::npos);
    EXPECT_TRUE(is_empty(apply_to(host, changed)));
}

TEST(InstancesPlan, stops_all_of_them_when_the_service_leaves_the_profile_but_keeps_its_data) {
    std::string with_data = std::string(kWorkerConf) + "[data]\ndir = \"worker\"\n";
    FakeHost host = host_with(workers(2, with_data));
    SmallStack without = small_stack("", {kStoreConf});
    EXPECT_EQ(unit_steps(apply_to(host, without)),
              "stop lakebed-worker@1.service\n"
              "stop lakebed-worker@2.service\n"
              "remove /etc/systemd/system/lakebed-worker@.service\n"
              "install unit lakebed-direct.target\n"
              "reload systemd's unit files\n"
              "switch to generation 2\n");
    EXPECT_TRUE(host.now.paths.contains("/var/lib/lakebed/data/worker"));
    EXPECT_TRUE(is_empty(apply_to(host, without)));
}

TEST(InstancesPlan, keeps_the_instances_of_a_template_it_may_not_remove) {
    FakeHost host = host_with(workers(2));
    host.now.paths["/etc/systemd/system/lakebed-worker@.service"].sha256 = "edited";
    SmallStack without = small_stack("", {kStoreConf});
    Inventory inventory = *host.read_inventory(inventory_query(without.stack, without.desired));
    Diagnostics diagnostics;
    Plan plan = make_plan(without.stack, without.desired, inventory, diagnostics);
    EXPECT_EQ(all_text(diagnostics),
              "error: \"/etc/systemd/system/lakebed-worker@.service\" was edited by hand and would "
              "have to be removed\n  fix: give --overwrite-edited\n");
    EXPECT_EQ(unit_steps(plan).find("stop"), std::string::npos);
    EXPECT_NE(unit_steps(apply_to(host, without, {.overwrite_edited = true}))
                  .find("stop lakebed-worker@2.service\n"),
              std::string::npos);
}

TEST(InstancesPlan, ends_the_same_wherever_it_is_cut_short) {
    for (auto [from, to] : {std::pair{3, 1}, {1, 3}}) {
        SmallStack before = workers(from), after = workers(to);
        FakeHost whole = host_with(before);
        Plan full = apply_to(whole, after);
        for (std::size_t cut = 0; cut <= full.steps.size(); ++cut) {
            FakeHost host = host_with(before);
            host.fail_at = host.performed.size() + cut;
            apply_to(host, after);
            host.fail_at.reset();
            apply_to(host, after);
            EXPECT_EQ(host.now, whole.now) << from << " to " << to << ", cut before step " << cut;
            EXPECT_TRUE(is_empty(apply_to(host, after))) << cut;
        }
    }
}

TEST(InstancesPlan, takes_over_from_a_service_that_had_none) {
    std::string plain = worker_with("contains = \"@instance@\"\n", "");
    plain.erase(plain.find("instances = 3\n"), 14);
    plain.replace(plain.find("worker.service.in"), 17, "bare.service.in");
    SmallStack before = small_stack("", {kStoreConf, plain});
    EXPECT_EQ(all_text(before.diagnostics), "");
    FakeHost host = host_with(before);
    SmallStack after = workers(2);
    std::string text = unit_steps(apply_to(host, after));
    EXPECT_TRUE(text.starts_with("stop lakebed-worker.service\n"
                                 "remove /etc/systemd/system/lakebed-worker.service\n"))
        << text;
    EXPECT_TRUE(is_empty(apply_to(host, after)));
}

TEST(UnitNames, of_an_instance_lead_to_the_file_it_comes_from) {
    EXPECT_EQ(unit_file_of("lakebed-worker@12.service"), "lakebed-worker@.service");
    EXPECT_EQ(unit_file_of("lakebed-worker@.service"), "lakebed-worker@.service");
    EXPECT_EQ(unit_file_of("lakebed-redis.service"), "lakebed-redis.service");
    EXPECT_EQ(unit_file_of("lakebed.target"), "lakebed.target");
}

} // namespace
} // namespace lakebed::test
