#include "cli/cli_fixture.h"

#include "cli/load.h"
#include "verify/verify.h"

namespace lakebed {
namespace {

using test::CliTest;
using testing::HasSubstr;
using testing::Not;

class PlanCommand : public CliTest {};

TEST_F(PlanCommand, AnEmptyDepotIsACheckThatFailedWithTheCommandThatFillsIt) {
    auto ran = run({"plan"});
    EXPECT_EQ(ran.exit, 3);
    EXPECT_THAT(ran.err, HasSubstr("minio-server"));
    EXPECT_THAT(ran.err, HasSubstr("lakebed fetch"));
}

TEST_F(PlanCommand, TheResultNamesStepsMemoryPortsAndDisk) {
    auto ran = run({"plan"});
    for (const char* part :
         {"generation 1, the first", "unpack redis", "install unit lakebed-redis.service",
          "\nmemory\n", "\nports\n", "127.0.0.1:6379", "\ndisk\n"})
        EXPECT_THAT(ran.out, HasSubstr(part));
}

TEST_F(PlanCommand, NothingIsColouredOrRedrawnWithoutATerminal) {
    auto ran = run({"plan"});
    EXPECT_THAT(ran.out + ran.err, Not(HasSubstr("\x1b")));
}

TEST_F(PlanCommand, TheDocumentHoldsEverything) {
    auto plan = document(run({"plan", "--json"}));
    EXPECT_EQ(plan["command"], "plan");
    EXPECT_EQ(plan["format"], 1);
    EXPECT_EQ(plan["changes"], true);
    EXPECT_EQ(plan["from_generation"], 0);
    EXPECT_EQ(plan["to_generation"], 1);
    EXPECT_GT(plan["memory"]["services"]["redis"], 0);
    EXPECT_LE(plan["memory"]["sum"], plan["memory"]["budget"]);
    EXPECT_EQ(plan["error"]["class"], "checks-failed");
    EXPECT_FALSE(plan["problems"].empty());
    EXPECT_FALSE(plan["disk"].empty());
    auto is_redis_unit = [](const nlohmann::json& step) {
        return step["kind"] == "InstallUnit" && step["unit"] == "lakebed-redis.service";
    };
    EXPECT_TRUE(std::any_of(plan["steps"].begin(), plan["steps"].end(), is_redis_unit));
    auto is_redis_port = [](const nlohmann::json& port) {
        return port["key"] == "service.redis.port" && port["port"] == 6379;
    };
    EXPECT_TRUE(std::any_of(plan["ports"].begin(), plan["ports"].end(), is_redis_port));
}

TEST_F(PlanCommand, AMistakeInTheConfigurationIsPointedAt) {
    root.write("etc/lakebed/lakebed.toml", "name = \"a\"\nlissten = \"127.0.0.1\"\n");
    auto ran = run({"plan", "--json"});
    EXPECT_EQ(ran.exit, 2);
    EXPECT_THAT(ran.err, HasSubstr("lakebed.toml:2:1: error: unknown key lissten"));
    auto problem = document(ran)["problems"][0];
    EXPECT_EQ(problem["line"], 2);
    EXPECT_EQ(problem["column"], 1);
    EXPECT_THAT(problem["hint"].get<std::string>(), HasSubstr("listen"));
}

TEST_F(PlanCommand, AllMistakesAreReportedTogether) {
    root.write("etc/lakebed/lakebed.toml", "lissten = 1\n");
    root.write("etc/lakebed/conf.d/10.toml", "memory = \"much\"\n");
    auto ran = run({"check"});
    EXPECT_THAT(ran.err, HasSubstr("lissten"));
    EXPECT_THAT(ran.err, HasSubstr("10.toml:1:10"));
    EXPECT_THAT(ran.err, HasSubstr("2 problems in the configuration"));
}

TEST_F(PlanCommand, AConfigFileThatIsNamedMustExist) {
    EXPECT_EQ(run({"plan", "--config", root / "absent.toml"}).exit, 2);
}

TEST_F(PlanCommand, AnUnknownProfileIsASuggestionAtItsPlace) {
    profile.clear();
    root.write("etc/lakebed/lakebed.toml", "profile = \"croe\"\n");
    auto ran = run({"plan"});
    EXPECT_EQ(ran.exit, 2);
    EXPECT_THAT(ran.err, HasSubstr("lakebed.toml:1:11: error: there is no profile \"croe\""));
    EXPECT_THAT(ran.err, HasSubstr("did you mean \"core\"?"));
    EXPECT_THAT(run({"plan", "--profile", "../core"}).err, HasSubstr("no profile \"../core\""));
}

TEST_F(PlanCommand, WithoutShippedDataItSaysWhereItLooked) {
    auto ran = run({"plan", "--share", root / "nowhere"});
    EXPECT_EQ(ran.exit, 10);
    EXPECT_THAT(ran.err, HasSubstr(root / "nowhere"));
}

TEST_F(PlanCommand, TheExampleOfThePackageIsTheShippedConfiguration) {
    auto plain = document(run({"plan", "--json"}));
    std::string example = std::string(LAKEBED_SOURCE_DIR) + "/profiles/site.example.toml";
    auto same = document(run({"plan", "--json", "--config", example}));
    EXPECT_EQ(plain["steps"].size(), same["steps"].size());
    EXPECT_EQ(plain["ports"], same["ports"]);
}

TEST_F(PlanCommand, ACheckChangesNothing) {
    (void)run({"check"});
    (void)run({"plan"});
    for (const char* path : {"etc", "var", "opt"})
        EXPECT_FALSE(std::filesystem::exists(root / path));
}

TEST_F(PlanCommand, TheShippedAcceptanceStepsAreAllUnderstood) {
    for (const char* name : {"core", "lakehouse"}) {
        Context context;
        std::ostringstream out, err;
        context.io.out = &out;
        context.io.err = &err;
        context.globals.profile = name;
        context.paths.share = root / "usr/share/lakebed";
        context.paths.etc = root / "etc/lakebed";
        auto loaded = load(context);
        ASSERT_TRUE(loaded) << name << ": " << err.str();
        Diagnostics diagnostics;
        auto steps = read_verify(loaded->desired.verify, "verify.toml", diagnostics);
        EXPECT_FALSE(diagnostics.has_errors()) << diagnostics.result().error().message;
        EXPECT_GE(steps.size(), 4u) << name;
    }
}

} // namespace
} // namespace lakebed
