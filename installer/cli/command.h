// Command: one row of the command table, and what a command gets to work with.
//
// Each command is one file cli/commands/<name>.cpp with one row. The parser, --help, the man page
// and the completions are made from the table.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/quantity.h"
#include "base/result.h"
#include "base/value.h"
#include "cli/io.h"
#include "plan/stack.h"
#include "sys/cancel.h"

namespace lakebed {

struct OptionRow {
    std::string_view name;  // "--timeout"
    std::string_view value; // "DURATION"; empty: a flag
    std::string_view help;
};

struct Globals {
    bool json = false;
    bool quiet = false;
    bool verbose = false;
    bool yes = false;
    std::string config; // empty: the default
    std::string root;
    std::string share;
    std::string depot;
    std::string profile;
    std::optional<Duration> timeout;
};

struct Context;

struct Command {
    std::string_view name;
    std::string_view summary;
    std::string_view arguments;   // "[SERVICE...]"
    std::string_view description; // for --help and the man page; sentences
    std::vector<OptionRow> options;
    std::vector<std::string_view> examples;
    std::size_t min_arguments = 0;
    std::size_t max_arguments = 0;
    Result<int> (*run)(Context&) = nullptr; // the exit status
    bool hidden = false;
};

struct Context {
    Globals globals;
    Io io;
    Paths paths;       // below --root
    std::string depot; // directory
    const Command* command = nullptr;
    std::vector<std::string> arguments;
    std::map<std::string, std::string, std::less<>> options; // flags have the value ""
    std::vector<Diagnostic> problems; // found on the way; printed and put into the document
    Table document;                   // the result, for --json
    const CancelFlag* cancel = nullptr;
    std::chrono::system_clock::time_point started; // this run

    [[nodiscard]] bool has(std::string_view option) const {
        return options.find(option) != options.end();
    }
    [[nodiscard]] std::optional<std::string> option(std::string_view name) const;
    // One line of progress or notice on stderr; nothing with --quiet.
    void say(std::string_view line) const;
    // Lines of the result on stdout; nothing with --json, which prints the document instead.
    void print(std::string_view text) const;
};

// Prints what has been collected to stderr and moves it to `problems`; Errc::usage (or `code`) when
// there is an error among it.
[[nodiscard]] Result<void> take_problems(Context& context, const Diagnostics& diagnostics,
                                         Errc code, std::string_view what);

[[nodiscard]] const std::vector<Command>& all_commands();
[[nodiscard]] const std::vector<OptionRow>& global_options();
[[nodiscard]] const Command* find_command(std::string_view name);

// The whole program but the streams: parses, runs, prints errors and the document.
struct Invocation {
    std::vector<std::string> arguments; // without the program's name
    std::optional<Io> io;               // default: the terminal's
    const CancelFlag* cancel = nullptr;
};
[[nodiscard]] int run_cli(const Invocation& invocation);

} // namespace lakebed
