#include "model/startup.h"

#include <gmock/gmock.h>

namespace lakebed {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Duration kClock = 1000h; // any clock

// "hive" needs postgres and minio, "flink" needs hive, "redis" needs nothing.
ServiceGraph lakehouse() {
    auto node = [](const std::string& name, const std::vector<std::string>& needs) {
        GraphNode result{.name = name, .unit = "lakebed-" + name + ".service"};
        for (const std::string& need : needs)
            result.needs.push_back({.unit = "lakebed-" + need + ".service"});
        return result;
    };
    ServiceGraph graph;
    graph.nodes = {node("flink", {"hive", "redis"}), node("hive", {"postgres", "minio"}),
                   node("postgres", {}), node("minio", {}), node("redis", {})};
    return graph;
}

StartSpan span(const std::string& name, Duration queued, Duration started, Duration ready) {
    return {"lakebed-" + name + ".service", kClock + queued, kClock + started, kClock + ready};
}

std::vector<StartSpan> one_start() {
    return {span("postgres", 0ms, 100ms, 2100ms), span("minio", 0ms, 200ms, 1200ms),
            span("redis", 0ms, 100ms, 400ms), span("hive", 2110ms, 2200ms, 8200ms),
            span("flink", 8210ms, 8300ms, 12'300ms)};
}

const ServiceStart& of(const StartupReport& report, const std::string& name) {
    static const ServiceStart kNone;
    for (const ServiceStart& service : report.services)
        if (service.name == name) return service;
    ADD_FAILURE() << name << " is not counted";
    return kNone;
}

TEST(StartupReport, FollowsTheNeedsThatWereReadyLastBackFromTheEnd) {
    StartupReport report = make_startup_report(lakehouse(), one_start());
    EXPECT_THAT(report.critical, ElementsAre("postgres", "hive", "flink"));
    EXPECT_EQ(report.total, 12'300ms);
    EXPECT_EQ(report.critical_path, 2s + 6s + 4s);
    EXPECT_EQ(report.ideal, 12s);
    EXPECT_EQ(of(report, "hive"), (ServiceStart{.name = "hive",
                                                .queued = 2110ms,
                                                .started = 2200ms,
                                                .ready = 8200ms,
                                                .wait = 100ms,
                                                .own = 6s,
                                                .slack = 0s,
                                                .critical = true}));
    EXPECT_THAT(report.not_counted, IsEmpty());
}

TEST(StartupReport, TotalIsTheWaitsAndOwnTimesOfTheCriticalPath) {
    StartupReport report = make_startup_report(lakehouse(), one_start());
    Duration sum{0};
    for (const ServiceStart& service : report.services)
        if (service.critical) sum += service.wait + service.own;
    EXPECT_EQ(sum, report.total);
}

TEST(StartupReport, SlackIsHowMuchLaterAServiceWouldDelayNothing) {
    StartupReport report = make_startup_report(lakehouse(), one_start());
    EXPECT_EQ(of(report, "postgres").slack, 0s);
    EXPECT_EQ(of(report, "minio").slack, 900ms); // hive waited for postgres until 2100 ms
    EXPECT_EQ(of(report, "redis").slack, 7800ms);
    EXPECT_FALSE(of(report, "redis").critical);
}

TEST(StartupReport, AnotherPathIsIdealWhenTheMeasuredOneIsMadeOfWaits) {
    auto spans = one_start();
    spans[2] = span("redis", 0ms, 9000ms, 9300ms); // held up for nine seconds
    spans[4] = span("flink", 9300ms, 9300ms, 13'300ms);
    StartupReport report = make_startup_report(lakehouse(), spans);
    EXPECT_THAT(report.critical, ElementsAre("redis", "flink"));
    EXPECT_EQ(report.critical_path, 4300ms);
    EXPECT_EQ(of(report, "redis").wait, 9s);
    EXPECT_EQ(report.ideal, 12s); // postgres, hive, flink
    EXPECT_EQ(of(report, "hive").slack, 1100ms);
}

TEST(StartupReport, ServicesAreInTheOrderOfTheirStart) {
    StartupReport report = make_startup_report(lakehouse(), one_start());
    std::vector<std::string> names;
    for (const ServiceStart& service : report.services) names.push_back(service.name);
    EXPECT_THAT(names, ElementsAre("redis", "postgres", "minio", "hive", "flink"));
}

TEST(StartupReport, LeavesOutWhatIsNotReady) {
    auto spans = one_start();
    spans[4].ready = 0s;
    spans.erase(spans.begin() + 2);
    StartupReport report = make_startup_report(lakehouse(), spans);
    EXPECT_THAT(report.critical, ElementsAre("postgres", "hive"));
    EXPECT_EQ(report.total, 8200ms);
    EXPECT_THAT(report.not_counted,
                ElementsAre(NotCounted{"flink", "not ready"}, NotCounted{"redis", "not ready"}));
}

TEST(StartupReport, LeavesOutWhatWasStartedAgainLater) {
    auto spans = one_start();
    spans[0] = span("postgres", 1h, 1h + 1s, 1h + 2s);
    StartupReport report = make_startup_report(lakehouse(), spans);
    EXPECT_THAT(report.not_counted, ElementsAre(NotCounted{"postgres", "started again later"}));
    EXPECT_EQ(report.total, 12'300ms);
    EXPECT_THAT(report.critical, ElementsAre("minio", "hive", "flink"));
    EXPECT_EQ(of(report, "hive").wait, 1s);
}

TEST(StartupReport, IsOfTheLaterStartWhenMostWereStartedAgain) {
    auto spans = one_start();
    for (StartSpan& each : spans)
        if (each.unit != "lakebed-redis.service") {
            each.queued += 1h;
            each.started += 1h;
            each.ready += 1h;
        }
    StartupReport report = make_startup_report(lakehouse(), spans);
    EXPECT_EQ(report.total, 12'300ms);
    EXPECT_THAT(report.not_counted, ElementsAre(NotCounted{"redis", "started before the others"}));
}

TEST(StartupReport, ANeedThatWasRestartedDuringTheStartDidNotDecideIt) {
    auto spans = one_start();
    spans[0] = span("postgres", 9s, 9s, 10s); // hive did not wait for this
    StartupReport report = make_startup_report(lakehouse(), spans);
    EXPECT_THAT(report.critical, ElementsAre("minio", "hive", "flink"));
    EXPECT_EQ(of(report, "postgres").slack, 2300ms);
}

TEST(StartupReport, TakesTheOneOfTheTwoTimesThatIsKnown) {
    ServiceGraph graph;
    graph.nodes = {
        {.name = "a", .unit = "a"}, {.name = "b", .unit = "b"}, {.name = "c", .unit = "c"}};
    StartupReport report = make_startup_report(graph, {{"a", 0s, kClock + 1s, kClock + 3s},
                                                       {"b", kClock, 0s, kClock + 4s},
                                                       {"c", 0s, 0s, kClock + 4s}});
    EXPECT_EQ(of(report, "a").queued, 1s);
    EXPECT_EQ(of(report, "b").own, 4s);
    EXPECT_THAT(report.not_counted, ElementsAre(NotCounted{"c", "its start was not seen"}));
}

TEST(StartupReport, IsEmptyWhenNothingWasStarted) {
    StartupReport report = make_startup_report(lakehouse(), {});
    EXPECT_THAT(report.services, IsEmpty());
    EXPECT_EQ(report.total, 0s);
    EXPECT_EQ(report.not_counted.size(), 5U);
}

} // namespace
} // namespace lakebed
