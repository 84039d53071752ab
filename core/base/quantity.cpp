#include "base/quantity.h"

#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

namespace lakebed {
namespace {

struct Term {
    double number;
    std::string_view unit;
};

// Cuts "NUMBER UNIT" off the front of `text`.
std::optional<Term> take_term(std::string_view& text) {
    auto skip_spaces = [&] {
        while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    };
    skip_spaces();
    Term term{};
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), term.number,
                                        std::chars_format::fixed);
    if (error != std::errc() || term.number < 0 || !std::isfinite(term.number)) return {};
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    skip_spaces();
    std::size_t length = 0;
    while (length < text.size() && text[length] != ' ' &&
           !(text[length] >= '0' && text[length] <= '9'))
        ++length;
    term.unit = text.substr(0, length);
    text.remove_prefix(length);
    skip_spaces();
    return term;
}

} // namespace

std::optional<ByteSize> parse_size(std::string_view text) {
    auto term = take_term(text);
    if (!term || !text.empty()) return {};
    double factor = 0;
    if (term->unit.empty() || term->unit == "B") factor = 1;
    if (term->unit == "K" || term->unit == "KiB") factor = 1024.0;
    if (term->unit == "M" || term->unit == "MiB") factor = 1024.0 * 1024;
    if (term->unit == "G" || term->unit == "GiB") factor = 1024.0 * 1024 * 1024;
    if (term->unit == "T" || term->unit == "TiB") factor = 1024.0 * 1024 * 1024 * 1024;
    double bytes = term->number * factor;
    if (factor == 0 || bytes >= 9e18) return {};
    return ByteSize{static_cast<std::uint64_t>(std::llround(bytes))};
}

std::string to_string(ByteSize size) {
    static constexpr std::array<const char*, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
    std::size_t unit = 0;
    auto number = static_cast<double>(size.bytes);
    while (number >= 1024 && unit + 1 < kUnits.size()) {
        number /= 1024;
        ++unit;
    }
    if (number == std::floor(number)) return fmt::format("{:.0f} {}", number, kUnits[unit]);
    return fmt::format("{:.1f} {}", number, kUnits[unit]);
}

std::optional<Duration> parse_duration(std::string_view text) {
    double total = 0;
    if (text.empty()) return {};
    while (!text.empty()) {
        auto term = take_term(text);
        if (!term) return {};
        double factor = 0;
        if (term->unit == "us") factor = 1;
        if (term->unit == "ms") factor = 1e3;
        if (term->unit.empty() || term->unit == "s") factor = 1e6;
        if (term->unit == "min") factor = 60e6;
        if (term->unit == "h") factor = 3600e6;
        if (term->unit == "d") factor = 86400e6;
        total += term->number * factor;
        if (factor == 0 || total >= 9e15) return {};
    }
    return Duration{std::llround(total)};
}

std::string to_string(Duration duration) {
    struct Unit {
        std::int64_t length;
        const char* name;
    };
    static constexpr std::array<Unit, 6> kUnits{{{86400000000, "d"},
                                                 {3600000000, "h"},
                                                 {60000000, "min"},
                                                 {1000000, "s"},
                                                 {1000, "ms"},
                                                 {1, "us"}}};
    std::int64_t rest = duration.count();
    std::string text;
    for (const Unit& unit : kUnits) {
        if (rest < unit.length) continue;
        if (!text.empty()) text += ' ';
        text += fmt::format("{}{}", rest / unit.length, unit.name);
        rest %= unit.length;
    }
    return text.empty() ? "0s" : text;
}

} // namespace lakebed
