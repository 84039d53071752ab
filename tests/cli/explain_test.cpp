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

// Data of its own: a shared conf, and a service whose defaults depend on the size of the machine.
class ExplainLayers : public CliTest {
  protected:
    ExplainLayers() {
        root.write("share/profiles/lakehouse.toml", "name = \"lakehouse\"\nservices = [\"tm\"]\n");
        root.write("share/catalog/none.toml", "");
        root.write("share/units/tm.service.in", "[Unit]\n");
        root.write("share/conf/engine.toml",
                   "[shared]\nname = \"engine\"\n[variables]\ninterval = \"60s\"\n");
        root.write("share/conf/tm.toml",
                   "[service]\nname = \"tm\"\ninclude = [\"engine\"]\ninstances = 3\nuser = "
                   "\"u\"\nunit = \"tm.service.in\"\n[variables]\nslots = 4\n"
                   "[when.small.service]\ninstances = 1\n[when.small.variables]\nslots = 2\n");
        profile.clear();
    }
    test::Ran explain(const std::string& key) {
        return run({"explain", key, "--share", root / "share"});
    }
};

TEST_F(ExplainLayers, AConditionThatHoldsIsALayerOverTheServicesOwnFile) {
    root.write("etc/lakebed/lakebed.toml", "sizing = \"small\"\n[tm]\nslots = 1\n");
    std::string conf = root / "share/conf/tm.toml";
    EXPECT_EQ(explain("service.tm.slots").out,
              "service.tm.slots = 1\n    set by " + (root / "etc/lakebed/lakebed.toml") +
                  ":3:9\n    over   " + conf + ":12:9: 2\n    over   " + conf + ":8:9: 4\n");
    EXPECT_THAT(explain("service.tm.instances").out,
                testing::StartsWith("service.tm.instances = 1\n"));
    root.write("etc/lakebed/lakebed.toml", "sizing = \"standard\"\n");
    EXPECT_EQ(explain("service.tm.slots").out,
              "service.tm.slots = 4\n    set by " + conf + ":8:9\n");
}

TEST_F(ExplainLayers, WhatIsSetForASharedConfIsSetForTheServicesThatIncludeIt) {
    root.write("etc/lakebed/lakebed.toml", "[engine]\ninterval = \"5s\"\n");
    std::string site = root / "etc/lakebed/lakebed.toml", conf = root / "share/conf/engine.toml";
    EXPECT_EQ(explain("service.tm.interval").out, "service.tm.interval = \"5s\"\n    set by " +
                                                      site + ":2:12\n    over   " + conf +
                                                      ":4:12: \"60s\"\n");
    EXPECT_THAT(explain("service.engine.interval").out, HasSubstr(site + ":2:12"));
    EXPECT_EQ(run({"explain", "--share", root / "share"}).out,
              "service.engine.interval = \"5s\"\n    set by " + site + ":2:12\n    over   " + conf +
                  ":4:12: \"60s\"\n");
}

} // namespace
} // namespace lakebed
