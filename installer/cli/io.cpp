#include "cli/io.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include <fmt/format.h>

#include <sys/ioctl.h>
#include <unistd.h>

namespace lakebed {
namespace {

// Terminal columns of UTF-8 text; every code point we print is one column wide.
std::size_t columns(std::string_view text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char byte) { return (byte & 0xc0) != 0x80; }));
}

} // namespace

Io make_terminal_io(std::string_view color) {
    Io io;
    io.out = &std::cout;
    io.err = &std::cerr;
    bool out_tty = ::isatty(STDOUT_FILENO) == 1;
    bool err_tty = ::isatty(STDERR_FILENO) == 1;
    const char* no_color = std::getenv("NO_COLOR");
    const char* term = std::getenv("TERM");
    bool dumb = !term || std::string_view(term) == "dumb";
    bool wanted = color == "always" || (color == "auto" && !(no_color && *no_color) && !dumb);
    io.out_color = wanted && (out_tty || color == "always");
    io.err_color = wanted && (err_tty || color == "always");
    io.err_live = err_tty && !dumb;
    io.can_ask = err_tty && ::isatty(STDIN_FILENO) == 1;
    winsize size{};
    if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20) io.width = size.ws_col;
    return io;
}

std::string paint(std::string_view text, Color color, bool enabled) {
    static constexpr std::string_view kCodes[] = {"31", "33", "32", "36", "1", "2"};
    if (!enabled) return std::string(text);
    return fmt::format("\x1b[{}m{}\x1b[0m", kCodes[static_cast<int>(color)], text);
}

std::string format_table(const TextTable& table) {
    std::vector<std::size_t> widths;
    auto measure = [&](const std::vector<std::string>& row) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], columns(row[i]));
    };
    measure(table.header);
    for (const auto& row : table.rows) measure(row);

    std::string out;
    auto line = [&](const std::vector<std::string>& row) {
        std::string text;
        for (std::size_t i = 0; i < row.size(); ++i) {
            std::string pad(widths[i] - columns(row[i]), ' ');
            bool right = i < table.right.size() && table.right[i];
            text += right ? pad + row[i] : row[i] + pad;
            if (i + 1 < row.size()) text += "  ";
        }
        text.erase(text.find_last_not_of(' ') + 1);
        out += text + "\n";
    };
    if (!table.header.empty()) line(table.header);
    for (const auto& row : table.rows) line(row);
    return out;
}

std::string short_duration(std::chrono::microseconds duration) {
    double seconds = std::chrono::duration<double>(duration).count();
    if (seconds < 1) return fmt::format("{:.0f}ms", seconds * 1000);
    if (seconds < 10) return fmt::format("{:.1f}s", seconds);
    auto whole = static_cast<long long>(seconds);
    if (whole < 60) return fmt::format("{}s", whole);
    if (whole < 3600) return fmt::format("{}min {}s", whole / 60, whole % 60);
    if (whole < 86400) return fmt::format("{}h {}min", whole / 3600, whole % 3600 / 60);
    return fmt::format("{}d {}h", whole / 86400, whole % 86400 / 3600);
}

} // namespace lakebed
