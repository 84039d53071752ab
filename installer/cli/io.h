// Io: where a command writes, and what may be written there (colour, redrawing, width).
#pragma once

#include <chrono>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace lakebed {

enum class Color { red, yellow, green, cyan, bold, dim };

struct Io {
    std::ostream* out = nullptr; // the result
    std::ostream* err = nullptr; // progress and diagnostics
    bool out_color = false;
    bool err_color = false;
    bool err_live = false; // a terminal: lines may be redrawn
    bool can_ask = false;  // a person sits there: stdin and stderr are terminals
    int width = 80;        // of the terminal
};

// The process's own streams. `color`: auto | always | never; NO_COLOR counts for auto.
[[nodiscard]] Io make_terminal_io(std::string_view color);

[[nodiscard]] std::string paint(std::string_view text, Color color, bool enabled);

struct TextTable {
    std::vector<std::string> header;
    std::vector<std::vector<std::string>> rows;
    std::vector<bool> right; // align right, by column; missing: left
};
// Columns two spaces apart, header first, no trailing blanks.

[[nodiscard]] std::string format_table(const TextTable& table);

// "12ms", "3.2s", "2min 5s", "4h 7min", "3d 2h": short, for people.
[[nodiscard]] std::string short_duration(std::chrono::microseconds duration);

} // namespace lakebed
