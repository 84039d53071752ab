#include "web/restart_counts.h"

#include <gtest/gtest.h>

namespace lakebed {
namespace {

using ByCause = std::map<std::string, std::uint64_t>;

ServiceStatus seen(std::uint64_t restarts, const std::string& cause, std::uint64_t cause_at) {
    return {.name = "hive", .cause = cause, .cause_at = cause_at, .restarts = restarts};
}

ByCause counted(const std::vector<ServiceStatus>& history) {
    RestartCounts counts;
    for (const ServiceStatus& service : history) count_restarts(counts, service);
    return counts["hive"].by_cause;
}

TEST(RestartCounts, BeginAtZeroWithWhatWasBefore) {
    EXPECT_EQ(counted({seen(7, "crash", 50)}), ByCause{});
}

TEST(RestartCounts, GiveEachRestartTheCauseOfItsIncident) {
    EXPECT_EQ(counted({seen(7, "crash", 50), seen(8, "crash", 60), seen(9, "hang", 70)}),
              (ByCause{{"crash", 1}, {"hang", 1}}));
}

TEST(RestartCounts, WaitForTheRestartOfAnIncidentSeenEarlier) {
    EXPECT_EQ(counted({seen(0, "none", 0), seen(0, "crash", 60), seen(1, "crash", 60)}),
              (ByCause{{"crash", 1}}));
}

TEST(RestartCounts, TellARestartOfARunningServiceFromAFailure) {
    EXPECT_EQ(counted({seen(1, "crash", 50), seen(2, "crash", 50)}), (ByCause{{"none", 1}}));
}

} // namespace
} // namespace lakebed
