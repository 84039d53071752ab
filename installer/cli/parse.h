// parse: the command line to a Context, by the command table.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"

namespace lakebed {

struct ParsedLine {
    Globals globals;
    std::string color = "auto";
    const Command* command = nullptr; // null: help or version of the program
    std::vector<std::string> arguments;
    std::map<std::string, std::string, std::less<>> options;
    bool help = false;
    bool version = false;
};

// Errc::usage with a suggestion for an unknown command or option.
[[nodiscard]] Result<ParsedLine> parse_line(const std::vector<std::string>& arguments);

[[nodiscard]] std::string program_help();
[[nodiscard]] std::string command_help(const Command& command);

} // namespace lakebed
