#include "cli/cli_fixture.h"

#include "sys/process.h"

namespace lakebed {
namespace {

using test::CliTest;
using testing::HasSubstr;

class MadeFiles : public CliTest {};

TEST_F(MadeFiles, EachShellsCompletionKnowsEveryCommandAndOption) {
    for (const char* shell : {"bash", "zsh", "fish"}) {
        auto ran = run({"completion", shell});
        EXPECT_EQ(ran.exit, 0) << shell;
        for (const Command& command : all_commands()) {
            if (command.hidden) continue;
            EXPECT_THAT(ran.out, HasSubstr(std::string(command.name))) << shell;
            for (const OptionRow& row : command.options)
                EXPECT_THAT(ran.out, HasSubstr(std::string(row.name.substr(2)))) << shell;
        }
    }
    EXPECT_EQ(run({"completion", "tcsh"}).exit, 2);
}

TEST_F(MadeFiles, BashTakesTheCompletionAndCompletesACommand) {
    ChildSpec bash;
    bash.argv = {
        "bash", "-euc",
        run({"completion", "bash"}).out +
            "COMP_WORDS=(lakebed pl); COMP_CWORD=1; _lakebed; echo \"${COMPREPLY[@]}\"; "
            "COMP_WORDS=(lakebed secrets sh); COMP_CWORD=2; _lakebed; echo \"${COMPREPLY[@]}\""};
    auto ran = run_child(bash);
    ASSERT_TRUE(ran) << ran.error().message;
    EXPECT_EQ(ran->output, "plan\nshow\n") << ran->errors;
}

TEST_F(MadeFiles, TheManPageNamesEveryCommandOptionAndExitStatus) {
    auto page = run({"man"}).out;
    auto roff = [](std::string_view text) {
        std::string out;
        for (char c : text) out += c == '-' ? std::string("\\-") : std::string(1, c);
        return out;
    };
    for (const Command& command : all_commands()) {
        if (command.hidden) continue;
        EXPECT_THAT(page, HasSubstr(".SS \"" + std::string(command.name) + "\""));
    }
    for (const OptionRow& row : global_options()) EXPECT_THAT(page, HasSubstr(roff(row.name)));
    for (int status : {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 75})
        EXPECT_THAT(page, HasSubstr("\\fB" + std::to_string(status) + "\\fR\n"));
}

} // namespace
} // namespace lakebed
