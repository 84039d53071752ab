#include "cli/startup.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "cli/cli_fixture.h"
#include "cli/json.h"

namespace lakebed {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

StartupReport report() {
    return {.total = 10s,
            .critical_path = 9500ms,
            .ideal = 9s,
            .critical = {"postgres", "hive"},
            .services = {{.name = "postgres",
                          .started = 250ms,
                          .ready = 2s,
                          .wait = 250ms,
                          .own = 1750ms,
                          .critical = true},
                         {.name = "redis",
                          .started = 1s,
                          .ready = 1500ms,
                          .wait = 1s,
                          .own = 500ms,
                          .slack = 8500ms},
                         {.name = "hive",
                          .queued = 2s,
                          .started = 2250ms,
                          .ready = 10s,
                          .wait = 250ms,
                          .own = 7750ms,
                          .critical = true}},
            .not_counted = {{"minio", "started again later"}}};
}

TEST(StartupText, DrawsEachServiceOverTheTimeOfTheStart) {
    EXPECT_EQ(startup_text(report(), 60),
              "   service   start   took                           ready  slack\n"
              "*  postgres  0.25s  1.75s  |####                |   2.00s\n"
              "   redis     1.00s  0.50s  |..=                 |   1.50s  8.50s\n"
              "*  hive      2.25s  7.75s  |    ################|  10.00s\n"
              "\n"
              "ready after 10.00s, of which 9.50s on the critical path (*): postgres → hive\n"
              "ideal 9.00s: the longest chain of needs, with nothing lost in between; 1.00s were "
              "lost\n"
              "not counted: minio, started again later\n");
}

TEST(StartupText, DrawsAServiceThatTookNoTime) {
    StartupReport none;
    none.services = {{.name = "a"}};
    EXPECT_THAT(startup_text(none, 80), HasSubstr("|="));
}

TEST(StartupDocument, HasTheTimesInSeconds) {
    auto document = nlohmann::json::parse(to_json(startup_document(report())));
    EXPECT_EQ(document["total_s"], 10.0);
    EXPECT_EQ(document["critical_path_s"], 9.5);
    EXPECT_EQ(document["ideal_s"], 9.0);
    EXPECT_EQ(document["critical_path"], (std::vector<std::string>{"postgres", "hive"}));
    EXPECT_EQ(document["services"][1], (nlohmann::json{{"name", "redis"},
                                                       {"queued_s", 0.0},
                                                       {"started_s", 1.0},
                                                       {"ready_s", 1.5},
                                                       {"wait_s", 1.0},
                                                       {"own_s", 0.5},
                                                       {"slack_s", 8.5},
                                                       {"critical", false}}));
    EXPECT_EQ(document["not_counted"][0]["reason"], "started again later");
}

TEST(StartSpans, AreThoseOfTheServices) {
    ServiceStatus redis;
    redis.unit = "lakebed-redis.service";
    redis.queued_at = 1;
    redis.started_at = 2;
    redis.ready_at = 3;
    EXPECT_EQ(start_spans({redis}),
              (std::vector<StartSpan>{{"lakebed-redis.service", 1us, 2us, 3us}}));
}

} // namespace
} // namespace lakebed
