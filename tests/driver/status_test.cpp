#include "driver/status.h"

#include <gtest/gtest.h>

namespace lakebed {
namespace {

using namespace std::chrono_literals;

SupervisorState two_services() {
    SupervisorState state;
    state.graph.site = "demo";
    state.graph.generation = 3;
    state.graph.nodes = {
        {.name = "postgres", .unit = "lakebed-postgres.service", .title = "PostgreSQL"},
        {.name = "hive",
         .unit = "lakebed-hive.service",
         .needs = {{"lakebed-postgres.service", EdgeType::session}}}};
    state.target_up = true;
    NodeState& postgres = state.nodes["lakebed-postgres.service"];
    postgres.state = State::ready;
    postgres.since = TimePoint(5s);
    NodeState& hive = state.nodes["lakebed-hive.service"];
    hive.state = State::backing_off;
    hive.reason = "hive was killed by SIGKILL";
    hive.restarts_total = 2;
    hive.attempts = 2;
    hive.restarts = {TimePoint(20s - 10min), TimePoint(6s), TimePoint(8s)};
    hive.retry_at = TimePoint(9s);
    hive.last_incident = Incident{TimePoint(8s), Cause::crash, "killed by SIGKILL"};
    hive.unit = {.active_state = "activating", .invocation_id = "ab", .n_restarts = 1};
    return state;
}

TEST(ListStatus, GivesTimesOfTheWallClockAndNamesOfNeeds) {
    std::vector<ServiceStatus> services = list_status(two_services(), TimePoint(20s), 1000s);
    ASSERT_EQ(services.size(), 2U);
    EXPECT_EQ(services[1], (ServiceStatus{.name = "hive",
                                          .unit = "lakebed-hive.service",
                                          .kind = "service",
                                          .state = "backing_off",
                                          .sentence = "hive was killed by SIGKILL",
                                          .active = "activating",
                                          .since = 1000'000'000,
                                          .cause = "crash",
                                          .cause_detail = "killed by SIGKILL",
                                          .cause_at = 1008'000'000,
                                          .invocation = "ab",
                                          .restarts = 2,
                                          .systemd_restarts = 1,
                                          .retry_at = 1009'000'000,
                                          .needs = "postgres",
                                          .path = "hive",
                                          .failures = 2,
                                          .spent = 2,
                                          .budget = 5}));
}

TEST(ListStatus, GivesThePathToTheRootOfTheTrouble) {
    SupervisorState state = two_services();
    state.nodes["lakebed-postgres.service"].state = State::backing_off;
    state.nodes["lakebed-hive.service"].state = State::waiting;
    EXPECT_EQ(list_status(state, TimePoint(20s), 1000s)[1].path, "hive postgres");
}

TEST(ListStatus, GivesTheSpansOfTheLastStart) {
    SupervisorState state = two_services();
    NodeState& postgres = state.nodes["lakebed-postgres.service"];
    postgres.queued_at = TimePoint(1s);
    postgres.started_at = TimePoint(2s);
    postgres.ready_at = TimePoint(4s);
    ServiceStatus status = list_status(state, TimePoint(20s), 1000s).front();
    EXPECT_EQ(status.queued_at, 1001'000'000U);
    EXPECT_EQ(status.started_at, 1002'000'000U);
    EXPECT_EQ(status.ready_at, 1004'000'000U);
}

TEST(ListStatus, TakesTheSpansOfWhatItAdoptedFromSystemd) {
    SupervisorState state = two_services();
    NodeState& postgres = state.nodes["lakebed-postgres.service"];
    postgres.started_at = postgres.ready_at = TimePoint(60s);
    postgres.unit.began = TimePoint(2s);
    postgres.unit.became_active = TimePoint(4s);
    ServiceStatus status = list_status(state, TimePoint(20s), 1000s).front();
    EXPECT_EQ(status.started_at, 1002'000'000U);
    EXPECT_EQ(status.ready_at, 1004'000'000U);
}

TEST(Summary, SaysHowManyAreReadyAndWhatTheFirstOtherWaitsFor) {
    SupervisorState state = two_services();
    EXPECT_EQ(summary(state), "site demo, generation 3: 1 of 2 ready; hive was killed by SIGKILL");
    EXPECT_FALSE(all_ready(state));
    state.nodes["lakebed-hive.service"].state = State::ready;
    EXPECT_EQ(summary(state), "site demo, generation 3: 2 of 2 ready");
    EXPECT_TRUE(all_ready(state));
    state.target_up = false;
    EXPECT_EQ(summary(state), "site demo, generation 3: 2 of 2 ready; lakebed.target is down");
}

TEST(Summary, CountsNoGuardAndNamesOneThatIsInTheWay) {
    SupervisorState state = two_services();
    state.graph.nodes.push_back({.name = "guard:disk",
                                 .unit = "guard:disk",
                                 .kind = NodeKind::guard,
                                 .guard = DiskCheck{"/data"}});
    NodeState& guard = state.nodes["guard:disk"];
    guard.state = State::waiting;
    guard.reason = "the disk of /data is nearly full";
    EXPECT_EQ(summary(state),
              "site demo, generation 3: 1 of 2 ready; the disk of /data is nearly full");
    state.nodes["lakebed-hive.service"].state = State::ready;
    EXPECT_TRUE(all_ready(state)); // what runs, runs
    const ServiceStatus status = list_status(state, TimePoint(), 1000s).back();
    EXPECT_EQ(status.kind, "guard");
    EXPECT_EQ(status.main_pid, 0U);
}

TEST(AllReady, IsFalseWhenNothingIsApplied) {
    EXPECT_FALSE(all_ready({}));
}

TEST(FindUnit, TakesNameOrUnitAndSuggestsForATypo) {
    SupervisorState state = two_services();
    EXPECT_EQ(*find_unit(state, "hive"), "lakebed-hive.service");
    EXPECT_EQ(*find_unit(state, "lakebed-hive.service"), "lakebed-hive.service");
    Result<std::string> unknown = find_unit(state, "hvie");
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code, Errc::not_found);
    EXPECT_EQ(unknown.error().message, "there is no service \"hvie\", did you mean \"hive\"?");
}

} // namespace
} // namespace lakebed
