#include "cli/cli_fixture.h"

#include <unistd.h>

namespace lakebed {
namespace {

using test::CliTest;
using testing::HasSubstr;
using testing::Not;

class SecretsCommand : public CliTest {};

TEST_F(SecretsCommand, TheListNamesFilesAndNeverAValue) {
    root.write("etc/lakebed/secrets/redis-app", "hush\n");
    auto ran = run({"secrets", "--json"});
    EXPECT_EQ(ran.exit, 0);
    EXPECT_THAT(ran.out + ran.err, Not(HasSubstr("hush")));
    for (const auto& secret : document(ran)["secrets"])
        EXPECT_EQ(secret["present"], secret["name"] == "redis-app") << secret;
}

TEST_F(SecretsCommand, ThePathIsPrintedAlone) {
    EXPECT_EQ(run({"secrets", "path", "redis-app"}).out,
              root / "etc/lakebed/secrets/redis-app" + "\n");
}

TEST_F(SecretsCommand, OnlyRootIsShownTheValue) {
    root.write("etc/lakebed/secrets/redis-app", "hush\n");
    auto ran = run({"secrets", "show", "redis-app"});
    EXPECT_EQ(ran.out, ::geteuid() == 0 ? "hush\n" : "");
    EXPECT_EQ(ran.exit, ::geteuid() == 0 ? 0 : 3);
}

TEST_F(SecretsCommand, AnUnknownNameGetsASuggestion) {
    auto ran = run({"secrets", "path", "redis-ap"});
    EXPECT_EQ(ran.exit, 10);
    EXPECT_THAT(ran.err, HasSubstr("did you mean \"redis-app\"?"));
}

TEST_F(SecretsCommand, AWordThatIsNoneOfItsOwnIsAUsageError) {
    EXPECT_EQ(run({"secrets", "print", "redis-app"}).exit, 2);
    EXPECT_EQ(run({"secrets", "path"}).exit, 2);
    EXPECT_EQ(run({"secrets", "list", "redis-app"}).exit, 2);
}

} // namespace
} // namespace lakebed
