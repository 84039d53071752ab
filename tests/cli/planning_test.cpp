#include "cli/planning.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/json.h"

namespace lakebed {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(DescribePlan, AnEmptyPlanSaysThatNothingIsToDo) {
    Plan plan;
    plan.from_generation = plan.to_generation = 3;
    EXPECT_EQ(describe_plan({}, plan), "nothing to do: generation 3 is current\n");
}

TEST(DescribePlan, FilesEditedByHandAreNamed) {
    Plan plan;
    plan.drift = {"/etc/systemd/system/lakebed-redis.service"};
    EXPECT_THAT(describe_plan({}, plan), HasSubstr("lakebed-redis.service"));
}

TEST(DescribePlan, StepsStandUnderTheirHeadingsInTheirOrder) {
    Plan plan;
    plan.from_generation = 1;
    plan.to_generation = 2;
    plan.steps = {InstallUnit{{"lakebed-redis.service", ""}}, ReloadUnits{},
                  RestartUnit{"lakebed-redis.service"}};
    EXPECT_EQ(describe_plan({}, plan), "generation 2 after 1\n\nunits\n"
                                       "  install unit lakebed-redis.service\n"
                                       "  reload systemd's unit files\n\nservices\n"
                                       "  restart lakebed-redis.service\n");
}

TEST(DescribePlan, ServicesThatAreLeftOutAreNamedWithWhatToSet) {
    Stack stack;
    stack.not_configured = {{"flex", "Flex", "set jar in [flex]"}};
    EXPECT_THAT(describe_plan(stack, {}),
                HasSubstr("\nnot configured\nflex     set jar in [flex]\n"));
    auto row = plan_document(stack, {});
    EXPECT_EQ(write_toml(row).find("[[not_configured]]\nname = \"flex\"\ntitle = \"Flex\"\n"
                                   "reason = \"set jar in [flex]\"\n") == std::string::npos,
              false);
}

TEST(PlanDocument, CountsTheMemoryOfEachInstance) {
    Stack stack;
    stack.sizing = "small";
    stack.services.resize(1);
    stack.services[0].name = "tm";
    stack.services[0].instances = 2;
    stack.services[0].memory = {1000};
    auto document = plan_document(stack, {});
    EXPECT_EQ(*find(document, "sizing"), Value("small"));
    const Table& memory = *find(document, "memory")->table();
    EXPECT_EQ(*find(memory, "sum"), Value(std::int64_t{2000}));
    EXPECT_EQ(write_toml(*find(memory, "services")->table()), "\"tm@1\" = 1000\n\"tm@2\" = 1000\n");
}

TEST(PlanDocument, EachStepNamesWhatItWorksOn) {
    Plan plan;
    plan.to_generation = 1;
    plan.steps = {WriteFile{{"/a/b", "text"}}, StopUnit{"x.service"}, RestartUnit{"y.service"}};
    auto document = plan_document({}, plan);
    std::string json = to_json(document);
    EXPECT_THAT(json, HasSubstr("\"path\": \"/a/b\""));
    EXPECT_THAT(json, HasSubstr("\"kind\": \"StopUnit\""));
    EXPECT_THAT(disturbed_units(plan), ElementsAre("x.service", "y.service"));
}

TEST(MissingArtifacts, WhatIsUnpackedAlreadyNeedsNoArtifact) {
    Artifact artifact;
    artifact.name = "jar";
    Stack stack;
    stack.store = {{"a", "1", "/store/a", {}, {}, {artifact}}};
    Inventory inventory;
    EXPECT_THAT(missing_artifacts(stack, inventory), ElementsAre("jar"));
    inventory.store = {"/store/a"};
    EXPECT_THAT(missing_artifacts(stack, inventory), ElementsAre());
}

} // namespace
} // namespace lakebed
