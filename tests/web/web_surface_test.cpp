#include "web/web_surface.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "http_client.h"
#include "lakehouse.h"
#include "web/status_json.h"

namespace lakebed {
namespace {

using test::HttpClient;
using testing::HasSubstr;
using testing::Not;

const PeerUid as_root = [] { return 0U; }, as_another = [] { return 1000U; },
              as_nobody_knows_who = []() -> std::optional<std::uint32_t> { return {}; };

class WebSurfaceTest : public testing::Test {
  protected:
    EventLoop loop = EventLoop::make().value();
    test::Lakehouse lakehouse;
    std::vector<std::string> complaints;

    WebSource source() {
        return {.view = [this] { return lakehouse.view(); },
                .incident = [](const std::string& name) -> Result<std::string> {
                    if (name == "20260921T141308.000Z-redis-crash") return "its <words>\n";
                    return fail(Errc::not_found, "there is none");
                },
                .may_read = [](std::uint32_t uid) { return uid == 0; },
                .complain = [this](const std::string& why) { complaints.push_back(why); }};
    }
    HttpServerOptions options(Port port = 0) { return {.address = {"127.0.0.1", port}}; }
};

TEST_F(WebSurfaceTest, AnswersAtItsPlaces) {
    WebSurface web(loop, options(), source());
    EXPECT_EQ(web.get("/", as_root).type, "text/html; charset=utf-8");
    EXPECT_EQ(web.get("/api/status", as_root).type, "application/json");
    EXPECT_EQ(web.get("/metrics", as_root).type, "text/plain; version=0.0.4; charset=utf-8");
    EXPECT_EQ(web.get("/healthz", as_root).body, "ok\n");
    EXPECT_EQ(web.get("/etc/passwd", as_root).status, 404);
    EXPECT_THAT(web.get("/", as_root).policy, HasSubstr("script-src 'sha256-"));
}

TEST_F(WebSurfaceTest, ServesTheEvidenceOfAnIncidentAsPlainText) {
    WebSurface web(loop, options(), source());
    HttpReply reply = web.get("/incidents/20260921T141308.000Z-redis-crash", as_root);
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.type, "text/plain; charset=utf-8");
    EXPECT_EQ(reply.body, "its <words>\n");
    for (const PeerUid& peer : {as_another, as_nobody_knows_who}) {
        reply = web.get("/incidents/20260921T141308.000Z-redis-crash", peer);
        EXPECT_EQ(reply.status, 403);
        EXPECT_THAT(reply.body, Not(HasSubstr("<words>")));
    }
    for (const char* path : {"/incidents/", "/incidents", "/incidents/../state.toml"})
        EXPECT_EQ(web.get(path, as_root).status, 404) << path;
}

TEST_F(WebSurfaceTest, StreamsAChangeOfAServiceAndNothingWhenNothingChanged) {
    WebSurface web(loop, options(), source());
    HttpClient client(loop, web.port());
    client.ask("GET", "/api/events");
    ASSERT_TRUE(client.receive_until("\n\n"));
    EXPECT_THAT(client.received(), HasSubstr("\"name\":\"redis\""));
    web.changed();
    lakehouse.find("redis").state = "degraded";
    web.service_changed(lakehouse.find("redis"));
    web.changed();
    ASSERT_TRUE(client.receive_until("\"state\":\"degraded\""));
    std::string so_far = client.received();
    web.changed();
    while (sd_event_run(loop.get(), 300'000) > 0) {
    } // until it is quiet
    client.receive();
    EXPECT_EQ(client.received(), so_far);
}

TEST_F(WebSurfaceTest, SaysOnceThatItsPortIsTakenAndGoesOnTrying) {
    WebSurface first(loop, options(), source());
    WebSurface second(loop, options(first.port()), source());
    second.changed();
    EXPECT_EQ(second.port(), 0);
    ASSERT_EQ(complaints.size(), 1U);
    EXPECT_THAT(complaints[0], HasSubstr("Address already in use"));
    EXPECT_THAT(second.get("/metrics", as_root).body, HasSubstr("lakebed_event_streams 0\n"));
}

TEST_F(WebSurfaceTest, CountsRestartsByCause) {
    WebSurface web(loop, options(), source());
    ServiceStatus& jobmanager = lakehouse.find("flink-jobmanager");
    ++jobmanager.restarts;
    jobmanager.cause_at += 5;
    jobmanager.cause = "hang";
    web.service_changed(jobmanager);
    EXPECT_THAT(web.get("/metrics", as_root).body,
                HasSubstr("lakebed_service_restarts_total{service=\"flink-jobmanager\","
                          "cause=\"hang\"} 1\n"));
}

TEST_F(WebSurfaceTest, MeasuresItsOwnProcessAndLoop) {
    WebSurface web(loop, options(), source());
    (void)sd_event_run(loop.get(), 0);
    EventSource busy =
        loop.after(Duration(0), Duration(1),
                   [] {
                       auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(60);
                       while (std::chrono::steady_clock::now() < end) {
                       }
                   })
            .value();
    for (int i = 0; i < 3; ++i) (void)sd_event_run(loop.get(), 10'000);
    std::string text = web.get("/metrics", as_root).body;
    auto value = [&](const std::string& name) {
        auto at = text.find("\n" + name + " ");
        return at == text.npos ? -1.0 : std::stod(text.substr(at + name.size() + 2));
    };
    EXPECT_GT(value("process_resident_memory_bytes"), 1e6);
    EXPECT_GT(value("process_start_time_seconds"), 1e9 - 1e8);
    EXPECT_GE(value("lakebed_loop_turn_max_seconds"), 0.06);
    EXPECT_LT(value("lakebed_loop_turn_max_seconds"), 5);
}

TEST(StatusJson, SaysWhatLakebedStatusSays) {
    test::Lakehouse lakehouse;
    lakehouse.find("flex").cause_detail = "not \xff UTF-8";
    auto document = nlohmann::json::parse(status_json(lakehouse.view()));
    EXPECT_EQ(document["site"], "harbour");
    EXPECT_EQ(document["generation"], 7);
    EXPECT_EQ(document["ready"], false);
    EXPECT_EQ(document["services"].size(), 19U);
    const auto& flex = document["services"].back();
    for (const char* key : {"name", "unit", "kind", "state", "active", "since", "restarts",
                            "reason", "cause", "main_pid", "hold", "addresses"})
        EXPECT_TRUE(flex.contains(key)) << key; // those of `lakebed status --json`
    EXPECT_EQ(flex["state"], "held");
    EXPECT_EQ(flex["ui"], "http://127.0.0.1:3001/");
    EXPECT_EQ(flex["needs"][0]["name"], "flink-jobmanager");
    EXPECT_EQ(document["startup"]["critical_path"].back(), "spark-connect");
    EXPECT_THAT(status_json(lakehouse.view()), Not(HasSubstr("\n")));
}

} // namespace
} // namespace lakebed
