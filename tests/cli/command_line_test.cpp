#include "cli/cli_fixture.h"

#include "cli/parse.h"

namespace lakebed {
namespace {

using test::CliTest;
using testing::HasSubstr;
using Words = std::vector<std::string>;

class CommandLine : public CliTest {};

TEST_F(CommandLine, AMistypedCommandGetsASuggestion) {
    auto ran = run({"stauts"});
    EXPECT_EQ(ran.exit, 2);
    EXPECT_EQ(ran.out, "");
    EXPECT_EQ(ran.err,
              "lakebed: error: unknown command \"stauts\"\n  fix: did you mean \"status\"?\n");
}

TEST_F(CommandLine, AMistypedOptionGetsASuggestion) {
    EXPECT_THAT(run({"plan", "--detailed-exit-code"}).err,
                HasSubstr("did you mean --detailed-exitcode?"));
    EXPECT_THAT(run({"plan", "--jsn"}).err, HasSubstr("did you mean --json?"));
}

TEST_F(CommandLine, AnOptionOfAnotherCommandIsUnknown) {
    EXPECT_EQ(run({"apply", "--follow"}).exit, 2);
}

TEST_F(CommandLine, NoCommandIsAnErrorThatSaysWhereHelpIs) {
    auto ran = run({});
    EXPECT_EQ(ran.exit, 2);
    EXPECT_THAT(ran.err, HasSubstr("lakebed --help"));
}

TEST_F(CommandLine, MissingAndExtraArgumentsAreErrors) {
    EXPECT_THAT(run({"start"}).err, HasSubstr("start wants SERVICE..."));
    EXPECT_THAT(run({"apply", "redis"}).err, HasSubstr("apply does not take \"redis\""));
}

TEST_F(CommandLine, AUsageErrorIsADocumentTooWhenJsonIsAskedFor) {
    auto ran = run({"stauts", "--json"});
    EXPECT_EQ(document(ran)["error"]["class"], "usage");
    EXPECT_EQ(document(ran)["error"]["exit"], 2);
}

TEST(ParseLine, GlobalOptionsStandBeforeOrAfterTheCommand) {
    auto before = parse_line({"--json", "--timeout", "90s", "wait", "redis"});
    auto after = parse_line({"wait", "redis", "--timeout=90s", "--json"});
    for (const auto& line : {before, after}) {
        ASSERT_TRUE(line) << line.error().message;
        EXPECT_TRUE(line->globals.json);
        EXPECT_EQ(line->globals.timeout, std::chrono::seconds(90));
        EXPECT_EQ(line->arguments, Words{"redis"});
    }
}

TEST(ParseLine, ATimeoutWithoutUnitIsSeconds) {
    EXPECT_EQ(parse_line({"wait", "--timeout", "600"})->globals.timeout, std::chrono::seconds(600));
    EXPECT_FALSE(parse_line({"wait", "--timeout", "soon"}));
}

TEST(ParseLine, AServiceMayBeNamedLikeACommand) {
    auto line = parse_line({"start", "plan", "init"});
    ASSERT_TRUE(line) << line.error().message;
    EXPECT_EQ(line->command->name, "start");
    EXPECT_EQ(line->arguments, (Words{"plan", "init"}));
}

TEST(ParseLine, OptionsOfACommandComeWithTheirValues) {
    auto line = parse_line({"logs", "-f", "-n", "20", "redis"});
    ASSERT_TRUE(line) << line.error().message;
    EXPECT_EQ(line->options.count("--follow"), 1u);
    EXPECT_EQ(line->options.at("--lines"), "20");
}

TEST_F(CommandLine, HelpIsAResultAndNamesEveryCommand) {
    auto ran = run({"--help"});
    EXPECT_EQ(ran.exit, 0);
    EXPECT_EQ(ran.err, "");
    for (const Command& command : all_commands()) {
        if (command.hidden) continue;
        EXPECT_THAT(ran.out, HasSubstr(std::string(command.summary)));
    }
}

TEST_F(CommandLine, HelpOfACommandNamesItsOptionsAndExamples) {
    for (const Command& command : all_commands()) {
        auto ran = run({std::string(command.name), "--help"});
        EXPECT_EQ(ran.exit, 0) << command.name;
        for (const OptionRow& row : command.options)
            EXPECT_THAT(ran.out, HasSubstr(std::string(row.name)));
        for (std::string_view example : command.examples)
            EXPECT_THAT(ran.out, HasSubstr(std::string(example)));
    }
}

TEST_F(CommandLine, TheVersionIsPrintedByCommandAndByOption) {
    EXPECT_EQ(run({"version"}).out, run({"--version"}).out);
    EXPECT_THAT(document(run({"version", "--json"}))["version"].get<std::string>(),
                testing::MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+.*"));
}

TEST(CommandTable, EveryCommandHasASummaryAndAFunctionAndAnExampleToType) {
    for (const Command& command : all_commands()) {
        EXPECT_TRUE(command.run) << command.name;
        EXPECT_FALSE(command.summary.empty()) << command.name;
        EXPECT_TRUE(command.hidden || !command.examples.empty()) << command.name;
        EXPECT_FALSE(command.summary.ends_with('.')) << command.name;
    }
}

TEST(CommandTable, EveryExampleIsALineThatTheParserTakes) {
    for (const Command& command : all_commands())
        for (std::string_view example : command.examples) {
            Words words;
            std::istringstream text{std::string(example)};
            for (std::string word; text >> word;) words.push_back(word);
            if (words.front() != "lakebed") continue; // source <(…)
            words.erase(words.begin());
            auto line = parse_line(words);
            ASSERT_TRUE(line) << example << ": " << line.error().message;
            EXPECT_EQ(line->command->name, command.name) << example;
        }
}

} // namespace
} // namespace lakebed
