#include "cli/parse.h"

#include <algorithm>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/suggest.h"

namespace lakebed {
namespace {

std::vector<std::string> visible_names() {
    std::vector<std::string> names;
    for (const Command& command : all_commands())
        if (!command.hidden) names.emplace_back(command.name);
    return names;
}

std::vector<std::string> option_names(const Command* command) {
    std::vector<std::string> names;
    for (const OptionRow& row : global_options()) names.emplace_back(row.name);
    if (command)
        for (const OptionRow& row : command->options) names.emplace_back(row.name);
    return names;
}

tl::unexpected<Error> unknown_option(const std::string& word, const Command* command) {
    auto near = closest(word.substr(0, word.find('=')), option_names(command));
    return fail(Errc::usage, fmt::format("unknown option {}", word),
                near ? fmt::format("did you mean {}?", *near)
                     : fmt::format("lakebed {}--help lists the options",
                                   command ? std::string(command->name) + " " : ""));
}

tl::unexpected<Error> unknown_command(const std::string& word) {
    auto near = closest(word, visible_names());
    return fail(Errc::usage, fmt::format("unknown command \"{}\"", word),
                near ? fmt::format("did you mean \"{}\"?", *near)
                     : "lakebed --help lists the commands");
}

// "-f,--follow": CLI11 takes the short form with the long one.
std::string cli11_name(std::string_view name) {
    static constexpr std::pair<std::string_view, std::string_view> kShort[] = {
        {"--quiet", "-q"}, {"--verbose", "-v"}, {"--yes", "-y"},
        {"--help", "-h"},  {"--follow", "-f"},  {"--lines", "-n"}};
    for (auto [long_form, short_form] : kShort)
        if (long_form == name) return fmt::format("{},{}", short_form, long_form);
    return std::string(name);
}

using Options = std::map<std::string, std::string, std::less<>>;

void add_options(CLI::App& app, const std::vector<OptionRow>& rows, Options& out) {
    for (const OptionRow& row : rows) {
        std::string name(row.name);
        if (row.value.empty())
            app.add_flag_function(cli11_name(row.name), [&out, name](std::int64_t) { out[name]; });
        else
            app.add_option_function<std::string>(
                   cli11_name(row.name),
                   [&out, name](const std::string& value) { out[name] = value; })
                ->take_last();
    }
}

std::string take(Options& options, std::string_view name) {
    auto found = options.find(name);
    if (found == options.end()) return {};
    std::string value = found->second;
    options.erase(found);
    return value;
}

bool take_flag(Options& options, std::string_view name) {
    auto found = options.find(name);
    if (found == options.end()) return false;
    options.erase(found);
    return true;
}

Result<void> take_globals(ParsedLine& line) {
    Options& options = line.options;
    line.help = take_flag(options, "--help");
    line.version = take_flag(options, "--version");
    Globals& globals = line.globals;
    globals.json = take_flag(options, "--json");
    globals.quiet = take_flag(options, "--quiet");
    globals.verbose = take_flag(options, "--verbose");
    globals.yes = take_flag(options, "--yes");
    globals.config = take(options, "--config");
    globals.root = take(options, "--root");
    globals.share = take(options, "--share");
    globals.depot = take(options, "--depot");
    globals.profile = take(options, "--profile");
    if (auto color = take(options, "--color"); !color.empty()) line.color = color;
    if (line.color != "auto" && line.color != "always" && line.color != "never")
        return fail(Errc::usage, fmt::format("--color is \"{}\"", line.color),
                    "auto, always or never");
    if (auto text = take(options, "--timeout"); !text.empty()) {
        globals.timeout = parse_duration(text);
        if (!globals.timeout || globals.timeout->count() <= 0)
            return fail(Errc::usage, fmt::format("--timeout is \"{}\"", text),
                        "a duration like 90s or 10min");
    }
    return {};
}

void append_options(std::string& out, const std::vector<OptionRow>& rows) {
    for (const OptionRow& row : rows)
        out += fmt::format("  {:<24} {}\n",
                           fmt::format("{}{}{}", row.name, row.value.empty() ? "" : " ", row.value),
                           row.help);
}

} // namespace

Result<ParsedLine> parse_line(const std::vector<std::string>& arguments) {
    ParsedLine line;
    CLI::App app;
    app.set_help_flag();
    app.require_subcommand(0, 1); // a later word that is a command's name is an argument
    add_options(app, global_options(), line.options);
    for (const Command& command : all_commands()) {
        CLI::App* sub = app.add_subcommand(std::string(command.name));
        sub->set_help_flag();
        sub->fallthrough(); // global options may follow the command
        add_options(*sub, command.options, line.options);
        sub->add_option("arguments", line.arguments);
        sub->final_callback([&line, &command] { line.command = &command; });
    }
    try {
        std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
        app.parse(reversed);
    } catch (const CLI::ExtrasError&) {
        const Command* command = nullptr;
        for (const CLI::App* sub : app.get_subcommands()) command = find_command(sub->get_name());
        for (const std::string& word : app.remaining(true))
            if (word.starts_with('-')) return unknown_option(word, command);
        return unknown_command(app.remaining(true).front());
    } catch (const CLI::ParseError& error) {
        std::string message = error.what();
        if (!message.empty()) message[0] = static_cast<char>(std::tolower(message[0]));
        return fail(Errc::usage, message, "lakebed --help lists commands and options");
    }
    TRY(take_globals(line));
    if (line.help || line.version) return line;
    if (!line.command)
        return fail(Errc::usage, "no command given", "lakebed --help lists the commands");
    const Command& command = *line.command;
    if (line.arguments.size() < command.min_arguments)
        return fail(Errc::usage, fmt::format("{} wants {}", command.name, command.arguments),
                    fmt::format("lakebed {} --help", command.name));
    if (line.arguments.size() > command.max_arguments)
        return fail(Errc::usage,
                    fmt::format("{} does not take \"{}\"", command.name,
                                line.arguments[command.max_arguments]),
                    fmt::format("lakebed {} --help", command.name));
    return line;
}

std::string program_help() {
    std::string out = "lakebed puts a streaming lakehouse on this machine and keeps it running\n\n"
                      "usage: lakebed COMMAND [ARGUMENT...] [OPTION...]\n\ncommands:\n";
    for (const Command& command : all_commands())
        if (!command.hidden) out += fmt::format("  {:<12} {}\n", command.name, command.summary);
    out += "\noptions of every command:\n";
    append_options(out, global_options());
    return out + "\n`lakebed COMMAND --help` says more; so does lakebed(1)\n";
}

std::string command_help(const Command& command) {
    std::string out =
        fmt::format("lakebed {}: {}\n\nusage: lakebed {}{}{}{}\n", command.name, command.summary,
                    command.name, command.arguments.empty() ? "" : " ", command.arguments,
                    command.options.empty() ? "" : " [OPTION...]");
    if (!command.description.empty()) out += fmt::format("\n{}\n", command.description);
    if (!command.options.empty()) {
        out += "\noptions:\n";
        append_options(out, command.options);
    }
    if (!command.examples.empty()) {
        out += "\nexamples:\n";
        for (std::string_view example : command.examples) out += fmt::format("  {}\n", example);
    }
    return out + "\n`lakebed --help` lists the options of every command\n";
}

} // namespace lakebed
