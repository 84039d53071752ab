// The lakehouse with three TaskManagers as lakebedd sees it after a bad moment: the JobManager was
// killed and backs off, Flex is held because of it.
#pragma once

#include "web/stack_view.h"

namespace lakebed::test {

struct Lakehouse {
    static constexpr std::uint64_t kSecond = 1'000'000, kNow = 1'790'000'000 * kSecond;
    ServiceGraph graph;
    SupervisorInfo info;
    std::vector<ServiceStatus> services;
    std::vector<KeptIncident> incidents;
    ProbeTimes probes;

    Lakehouse() {
        using enum EdgeType;
        graph.site = info.site = "harbour";
        graph.site_id = info.site_id = "0123456789abcdef";
        graph.generation = 7;
        info.generation = 7;
        info.version = "0.1.0";
        info.target_active = true;
        job("init-postgres", "PostgreSQL cluster (init job)", {}, 0.1, 0.2, 2.9);
        service("postgres", "PostgreSQL 17", {{"init-postgres", init}}, 2.9, 3.0, 4.4, {5432});
        job("init-databases", "Roles, databases, schema and publication (init job)",
            {{"postgres", init}}, 4.4, 4.5, 5.1);
        service("minio", "MinIO object store", {}, 0.1, 0.2, 1.6, {9000, 9001}, 9001);
        job("init-buckets", "Buckets, users and policies (init job)", {{"minio", init}}, 1.6, 1.7,
            2.8);
        job("init-metastore", "Metastore schema (init job)", {{"init-databases", init}}, 5.1, 5.2,
            8.3);
        service("hive-metastore", "Hive Metastore 3.1",
                {{"postgres", session}, {"init-metastore", init}}, 8.3, 8.4, 17.6, {9083});
        service("redis", "Redis key-value store", {}, 0.1, 0.2, 0.5, {6379});
        service("zookeeper", "ZooKeeper (of Flink's high availability)", {}, 0.1, 0.3, 2.2, {2181});
        service("flink-jobmanager", "Flink JobManager",
                {{"zookeeper", reconnects}, {"minio", reconnects}, {"init-buckets", init}}, 2.8,
                2.9, 9.8, {8082, 6123, 6124}, 8082);
        for (int i = 1; i <= 3; ++i)
            service("flink-taskmanager@" + std::to_string(i), "Flink TaskManager",
                    {{"flink-jobmanager", reconnects},
                     {"zookeeper", reconnects},
                     {"minio", reconnects}},
                    9.8, 9.9, 16.2 + 0.3 * i);
        job("init-catalogs", "Flink catalogs demo_hv and demo_ib (init job)", {}, 0.1, 0.2, 0.4);
        service("flink-sql-gateway", "Flink SQL Gateway",
                {{"init-buckets", init}, {"init-catalogs", init}}, 2.8, 2.9, 8.9, {9090});
        service("spark-history", "Spark History Server",
                {{"minio", reconnects}, {"init-buckets", init}}, 2.8, 2.9, 9.3, {18080}, 18080);
        service("spark-connect", "Spark Connect server",
                {{"hive-metastore", reconnects}, {"minio", reconnects}, {"init-buckets", init}},
                17.6, 17.7, 29.3, {15002, 4040}, 4040);
        job("spark-client", "Configuration of lakebed-spark-sql and its kin (job)", {}, 0.1, 0.2,
            0.3);
        service("flex", "Factor House Flex", {{"flink-jobmanager", reconnects}}, 9.8, 9.9, 24.0,
                {3001}, 3001);

        ServiceStatus& postgres = find("postgres");
        postgres.restarts = 1;
        fail(postgres, "out_of_memory", "killed by the kernel: out of memory", 7980);
        ServiceStatus& jobmanager = find("flink-jobmanager");
        set(jobmanager, "backing_off", "activating",
            "flink-jobmanager was killed by SIGKILL (2 failures in a row); it is tried again "
            "after a pause",
            12);
        jobmanager.restarts = 2;
        jobmanager.ready_at = 0;
        jobmanager.retry_at = kNow + 9 * kSecond;
        fail(jobmanager, "crash", "killed by SIGKILL", 12);
        ServiceStatus& flex = find("flex");
        set(flex, "held", "inactive",
            "flex is held: flink-jobmanager is not ready: killed by SIGKILL", 11);
        flex.ready_at = 0;
        fail(flex, "crash", "exit status 1", 11);

        keep("flex", "crash", "exit status 1", 11, "flink-jobmanager");
        keep("flink-jobmanager", "crash", "killed by SIGKILL", 12);
        keep("flink-jobmanager", "hang", "no answer within 5s", 47);
        jobmanager.path = "flink-jobmanager";
        jobmanager.failures = 2;
        flex.path = "flex flink-jobmanager";
        for (ServiceStatus& service : services) service.budget = 5;
        jobmanager.spent = 2;
        info.spent = 3;
        info.budget = 38;
        ProbeTime& probe = probes[{jobmanager.unit, true}];
        probe.add(std::chrono::milliseconds(3), true);
        probe.add(std::chrono::milliseconds(5000), false);
        probes[{postgres.unit, false}].add(std::chrono::milliseconds(2), true);
    }

    [[nodiscard]] ServiceStatus& find(const std::string& name) {
        for (ServiceStatus& service : services)
            if (service.name == name) return service;
        return services.front();
    }

    [[nodiscard]] StackView view() const {
        StackView view = make_stack_view(graph, info, services, kNow);
        view.incidents = incidents;
        view.probes = &probes;
        return view;
    }

  private:
    using Needs = std::vector<std::pair<std::string, EdgeType>>;

    static std::string unit(const std::string& name) { return "lakebed-" + name + ".service"; }

    void node(GraphNode node, const Needs& needs, double queued, double started, double ready) {
        node.unit = unit(node.name);
        for (const auto& [need, type] : needs) node.needs.push_back({unit(need), type});
        auto at = [](double seconds) {
            return kNow - 86'400 * kSecond + static_cast<std::uint64_t>(seconds * 1e6);
        };
        bool is_job = node.kind == NodeKind::job;
        services.push_back(
            {.name = node.name,
             .unit = node.unit,
             .kind = is_job ? "job" : "service",
             .title = node.title,
             .state = "ready",
             .active = "active",
             .since = at(ready),
             .cause = "none",
             .queued_at = at(queued),
             .started_at = at(started),
             .ready_at = at(ready),
             .main_pid = is_job ? 0U : 400U + static_cast<unsigned>(services.size())});
        graph.nodes.push_back(std::move(node));
    }

    void job(const std::string& name, const std::string& title, const Needs& needs, double queued,
             double started, double ready) {
        node({.name = name, .title = title, .kind = NodeKind::job}, needs, queued, started, ready);
    }

    void service(const std::string& name, const std::string& title, const Needs& needs,
                 double queued, double started, double ready, const std::vector<Port>& ports = {},
                 Port ui = 0) {
        GraphNode it{.name = name, .title = title};
        for (Port port : ports) it.addresses.push_back("127.0.0.1:" + std::to_string(port));
        if (ui != 0) it.ui = "http://127.0.0.1:" + std::to_string(ui) + "/";
        node(std::move(it), needs, queued, started, ready);
    }

    static void set(ServiceStatus& service, const std::string& state, const std::string& active,
                    const std::string& sentence, std::uint64_t ago) {
        service.state = state;
        service.active = active;
        service.sentence = sentence;
        service.since = kNow - ago * kSecond;
    }

    void keep(const std::string& service, const std::string& cause, const std::string& detail,
              std::uint64_t ago, const std::string& root = {}) {
        IncidentRecord record{.at = kNow - ago * kSecond,
                              .service = service,
                              .unit = unit(service),
                              .cause = cause,
                              .detail = detail,
                              .run = {},
                              .result = {},
                              .ended_by = {},
                              .root = root.empty() ? service : root};
        incidents.push_back({incident_name(record), record});
    }

    static void fail(ServiceStatus& service, const std::string& cause, const std::string& detail,
                     std::uint64_t ago) {
        service.cause = cause;
        service.cause_detail = detail;
        service.cause_at = kNow - ago * kSecond;
    }
};

} // namespace lakebed::test
