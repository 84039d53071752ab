#include "cli/cli_fixture.h"

namespace lakebed {
namespace {

using test::CliTest;
using testing::HasSubstr;
using testing::Not;

class ExplainCommand : public CliTest {};

TEST_F(ExplainCommand, EveryLayerThatSetTheKeyIsShownHighestFirst) {
    root.write("etc/lakebed/lakebed.toml", "[service.redis]\nport = 6380\n");
    root.write("etc/lakebed/conf.d/20-port.toml", "service.redis.port = 6390\n");
    auto layers =
        document(run({"explain", "service.redis.port", "--json"}))["keys"]["service.redis.port"];
    ASSERT_EQ(layers.size(), 3u);
    EXPECT_EQ(layers[0]["value"], "6390");
    EXPECT_THAT(layers[0]["set_by"].get<std::string>(), HasSubstr("conf.d/20-port.toml:1:22"));
    EXPECT_EQ(layers[1]["value"], "6380");
    EXPECT_THAT(layers[1]["set_by"].get<std::string>(), HasSubstr("lakebed.toml:2:8"));
    EXPECT_EQ(layers[2]["value"], "6379");
    EXPECT_THAT(layers[2]["set_by"].get<std::string>(), HasSubstr("conf/redis.toml:"));
}

TEST_F(ExplainCommand, AKeyThatNobodySetIsBuiltIn) {
    EXPECT_EQ(run({"explain", "listen"}).out, "listen = \"127.0.0.1\"\n    set by built in\n");
}

TEST_F(ExplainCommand, ATableShowsTheKeysBelowIt) {
    auto ran = run({"explain", "service.redis"});
    EXPECT_THAT(ran.out, HasSubstr("service.redis.maxmemory_policy"));
    EXPECT_THAT(ran.out, Not(HasSubstr("service.postgres")));
}

TEST_F(ExplainCommand, WithoutAKeyOnlyWhatTheSiteSets) {
    root.write("etc/lakebed/lakebed.toml", "name = \"lab\"\n");
    EXPECT_THAT(run({"explain"}).out, testing::StartsWith("name = \"lab\"\n"));
    EXPECT_THAT(run({"explain"}).out, Not(HasSubstr("service.")));
}

TEST_F(ExplainCommand, AnUnknownKeyGetsASuggestion) {
    auto ran = run({"explain", "service.redis.prot"});
    EXPECT_EQ(ran.exit, 10);
    EXPECT_THAT(ran.err, HasSubstr("did you mean \"service.redis.port\"?"));
}

} // namespace
} // namespace lakebed
