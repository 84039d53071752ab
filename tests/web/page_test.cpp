#include "web/page.h"

#include <regex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lakehouse.h"
#include "support/golden.h"
#include "web/escape.h"
#include "web/page_assets.h"

namespace lakebed {
namespace {

using testing::HasSubstr;
using testing::Not;

// Style and script are the same on every page and have tests of their own kind: browsers.
std::string without_assets(std::string page) {
    for (std::string_view part : {kPageStyle, kPageScript})
        if (auto at = page.find(part); at != page.npos) page.erase(at, part.size());
    return page;
}

struct TwoServices {
    ServiceGraph graph;
    StackView view;

    TwoServices() {
        graph.site = "demo";
        graph.nodes = {{.name = "postgres",
                        .unit = "lakebed-postgres.service",
                        .title = "PostgreSQL",
                        .addresses = {"127.0.0.1:5432"}},
                       {.name = "hive",
                        .unit = "lakebed-hive.service",
                        .title = "Hive",
                        .needs = {{"lakebed-postgres.service", EdgeType::session}}}};
        graph.not_configured = {{"flex", "Flex", "set jar in [flex]"}};
        std::uint64_t second = 1'000'000, now = 1'790'000'000 * second;
        std::vector<ServiceStatus> services = {{.name = "postgres",
                                                .unit = "lakebed-postgres.service",
                                                .kind = "service",
                                                .title = "PostgreSQL",
                                                .state = "ready",
                                                .since = now - 3700 * second,
                                                .cause = "none",
                                                .queued_at = now - 3710 * second,
                                                .started_at = now - 3709 * second,
                                                .ready_at = now - 3700 * second},
                                               {.name = "hive",
                                                .unit = "lakebed-hive.service",
                                                .kind = "service",
                                                .title = "Hive",
                                                .state = "backing_off",
                                                .sentence = "hive was killed by SIGKILL",
                                                .since = now - 5 * second,
                                                .cause = "crash",
                                                .cause_detail = "killed by SIGKILL",
                                                .cause_at = now - 5 * second,
                                                .restarts = 2,
                                                .retry_at = now + 9 * second}};
        view = make_stack_view(
            graph, {.site = "demo", .generation = 3, .version = "0.1.0", .target_active = true},
            services, now);
    }
};

TEST(Page, LooksAsItDid) {
    test::expect_golden("status_page.html", without_assets(render_page(TwoServices().view)));
}

TwoServices guarded(std::string_view state) {
    TwoServices two;
    two.graph.nodes.push_back({.name = "guard:disk",
                               .unit = "guard:disk",
                               .title = "free space of /data",
                               .kind = NodeKind::guard,
                               .guard = DiskCheck{"/data"}});
    two.graph.nodes[0].needs = {{"guard:disk", EdgeType::suspends}};
    std::vector<ServiceStatus> services = two.view.services;
    services.push_back({.name = "guard:disk",
                        .unit = "guard:disk",
                        .kind = "guard",
                        .title = "free space of /data",
                        .state = std::string(state),
                        .sentence = "the disk of /data is nearly <full>",
                        .since = two.view.now - 60'000'000});
    two.view = make_stack_view(two.graph, two.view.info, services, two.view.now);
    return two;
}

TEST(Page, ShowsAGuardForWhatItIsAndDrawsItWhileItIsInTheWay) {
    const std::string page = render_page(guarded("waiting").view);
    EXPECT_THAT(page, HasSubstr("1 of 2 ready."));
    EXPECT_THAT(page, HasSubstr("<a href=\"#service-guard:disk\">guard:disk</a> is <strong "
                                "class=\"bad\">not ready</strong>"));
    EXPECT_THAT(page, HasSubstr("the disk of /data is nearly &lt;full&gt;"));
    EXPECT_THAT(page, HasSubstr("<tr id=\"service-guard:disk\">"));
    EXPECT_THAT(page, HasSubstr("<g class=\"box bad guard\">"));
    EXPECT_THAT(page, HasSubstr("class=\"need suspends missing\""));
    const std::string fine = render_page(guarded("ready").view);
    EXPECT_THAT(fine, HasSubstr("<tr id=\"service-guard:disk\">"));
    EXPECT_THAT(fine, Not(HasSubstr("class=\"need suspends")));
    EXPECT_THAT(fine, Not(HasSubstr("guard\">\n<title>")));
}

TEST(Page, SaysWhatIsHeldAndWhyAndWhenItIsTriedAgain) {
    std::string page = render_page(test::Lakehouse().view());
    EXPECT_THAT(page, HasSubstr("17 of 19 ready. In trouble: flink-jobmanager. "
                                "Held or stopped: flex."));
    EXPECT_THAT(page, HasSubstr("<strong class=\"paused\">held</strong>"));
    EXPECT_THAT(page, HasSubstr(": flink-jobmanager is not ready: killed by SIGKILL"));
    EXPECT_THAT(page, HasSubstr("data-until=\"1790000009000\">in 9 s</time>"));
    EXPECT_THAT(page, HasSubstr("<title>17/19 ready"));
}

TEST(Page, LinksThePagesOfTheServicesAndNoOtherAddress) {
    test::Lakehouse lakehouse;
    std::string page = render_page(lakehouse.view());
    EXPECT_THAT(page, HasSubstr("<li><a href=\"http://127.0.0.1:9001/\" rel=\"noreferrer\">MinIO "
                                "object store</a></li>"));
    EXPECT_THAT(page, HasSubstr("rel=\"noreferrer\"><code>127.0.0.1:8082</code></a>"));
    EXPECT_THAT(page, HasSubstr("<code>127.0.0.1:6123</code>"));
    EXPECT_THAT(page, Not(HasSubstr("http://127.0.0.1:5432")));
    lakehouse.graph.nodes.front().ui = "http://[::1]:80/\"><script>";
    page = render_page(lakehouse.view());
    EXPECT_THAT(page, HasSubstr(">its pages</a>"));
    EXPECT_THAT(page, Not(HasSubstr("\"><script>")));
}

TEST(Page, LinksTheEvidenceOfEachIncidentAndRemembersWhatWasNotKept) {
    std::string page = render_page(test::Lakehouse().view());
    EXPECT_THAT(page, HasSubstr("href=\"/incidents/20260921T141309.000Z-flex-crash\""));
    EXPECT_THAT(page, HasSubstr("exit status 1 (while flink-jobmanager was not ready)"));
    EXPECT_THAT(page, HasSubstr("20260921T141233.000Z-flink-jobmanager-hang"));
    EXPECT_THAT(page, HasSubstr("<code>lakebed logs postgres</code>"));
}

TEST(Page, MarksTheCriticalPath) {
    std::string page = render_page(test::Lakehouse().view());
    EXPECT_THAT(page, HasSubstr("critical path (28.6 s): init-postgres → postgres → "));
    EXPECT_THAT(page, HasSubstr("★ spark-connect"));
    EXPECT_THAT(page, Not(HasSubstr("★ redis")));
}

TEST(Page, EscapesWhatOthersWrote) {
    TwoServices two;
    const std::string bad = "<script>alert('1')</script>&\"\x01";
    two.graph.site = two.view.info.site = two.view.info.version = two.view.info.problem = bad;
    for (GraphNode& node : two.graph.nodes) {
        node.title = bad;
        node.addresses = {bad};
    }
    two.graph.not_configured = {{bad, bad, bad}};
    for (ServiceStatus& service : two.view.services)
        service.title = service.sentence = service.state = service.cause = service.cause_detail =
            bad;
    std::string page = without_assets(render_page(two.view));
    EXPECT_THAT(page, Not(HasSubstr("<script>alert")));
    EXPECT_THAT(page, Not(HasSubstr("alert('1')")));
    EXPECT_THAT(page, Not(HasSubstr("\x01")));
    EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&quot; "));
}

TEST(Page, NeedsNothingFromElsewhere) {
    std::string page = render_page(test::Lakehouse().view());
    static const std::regex kReference("(src|href)=\"([^\"]*)\"");
    int seen = 0;
    for (auto it = std::sregex_iterator(page.begin(), page.end(), kReference);
         it != std::sregex_iterator(); ++it, ++seen) {
        std::string target = (*it)[2];
        EXPECT_TRUE(target.starts_with("#") || target.starts_with("data:") ||
                    target.starts_with("http://127.0.0.1:") || target == "/api/status" ||
                    target.starts_with("/incidents/") || target == "/metrics")
            << target;
    }
    EXPECT_GT(seen, 20);
}

TEST(Page, CarriesNoInlineCodeThatItsPolicyForbids) {
    std::string page = without_assets(render_page(test::Lakehouse().view()));
    EXPECT_THAT(page, Not(HasSubstr(" style=")));
    EXPECT_FALSE(std::regex_search(page, std::regex(R"(\son[a-z]+=)")));
    EXPECT_THAT(page_policy(), HasSubstr("default-src 'none'"));
    EXPECT_THAT(page_policy(), Not(HasSubstr("unsafe")));
}

TEST(Page, HasOneNameForEachPlace) {
    std::string page = without_assets(render_page(test::Lakehouse().view()));
    static const std::regex kId(" id=\"([^\"]*)\"");
    std::set<std::string> seen;
    for (auto it = std::sregex_iterator(page.begin(), page.end(), kId);
         it != std::sregex_iterator(); ++it)
        EXPECT_TRUE(seen.insert((*it)[1]).second) << (*it)[1];
    EXPECT_TRUE(seen.contains("service-flink-taskmanager@2"));
}

TEST(Page, IsThereBeforeAnythingIsApplied) {
    ServiceGraph none;
    StackView view = make_stack_view(none, {.problem = "nothing applied yet"}, {}, 1'000'000);
    EXPECT_THAT(render_page(view), HasSubstr("lakebedd: nothing applied yet"));
}

TEST(Page, DoesNotDrawWhatNobodyCouldFollow) {
    ServiceGraph graph;
    std::vector<ServiceStatus> services;
    for (int i = 0; i < 500; ++i) {
        std::string name = "s" + std::to_string(i), unit = "lakebed-" + name + ".service";
        graph.nodes.push_back({.name = name, .unit = unit});
        services.push_back({.name = name, .unit = unit, .kind = "service", .state = "ready"});
    }
    std::string page = render_page(make_stack_view(graph, {}, services, 1));
    EXPECT_THAT(page, HasSubstr("Too many services to draw"));
    EXPECT_THAT(page, HasSubstr("id=\"service-s499\""));
}

TEST(Age, IsRoughWhereItIsLong) {
    EXPECT_EQ(age_words(0), "0 s");
    EXPECT_EQ(age_words(59), "59 s");
    EXPECT_EQ(age_words(3599), "59 min");
    EXPECT_EQ(age_words(3600), "1 h");
    EXPECT_EQ(age_words(7500), "2 h 5 min");
    EXPECT_EQ(age_words(4 * 86400 + 3 * 3600), "4 d 3 h");
}

TEST(Base64, PadsTheEnd) {
    EXPECT_EQ(to_base64(""), "");
    EXPECT_EQ(to_base64("a"), "YQ==");
    EXPECT_EQ(to_base64("ab"), "YWI=");
    EXPECT_EQ(to_base64("abc\xff"), "YWJj/w==");
}

} // namespace
} // namespace lakebed
