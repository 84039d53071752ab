#include "plan/unit_limits.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace lakebed {
namespace {

std::string_view next_word(std::string_view& text) {
    const std::size_t begin = std::min(text.find_first_not_of(" \t\""), text.size());
    const std::size_t end = std::min(text.find_first_of(" \t\"", begin), text.size());
    std::string_view word = text.substr(begin, end - begin);
    text.remove_prefix(end);
    return word;
}

// Java writes 512m, 2G, 1048576.
void take_size(std::string_view word, std::string_view option, ByteSize& into) {
    if (!word.starts_with(option)) return;
    std::string text(word.substr(option.size()));
    std::ranges::transform(text, text.begin(),
                           [](char c) { return c >= 'a' && c <= 'z' ? char(c - 'a' + 'A') : c; });
    if (auto size = parse_size(text)) into = *size;
}

void read_command(std::string_view line, UnitLimits& limits) {
    while (!line.empty()) {
        const std::string_view word = next_word(line);
        take_size(word, "-Xmx", limits.heap);
        take_size(word, "-XX:MaxHeapSize=", limits.heap);
        take_size(word, "-XX:MaxMetaspaceSize=", limits.metaspace);
        take_size(word, "-XX:MaxDirectMemorySize=", limits.direct);
    }
}

} // namespace

UnitLimits read_unit_limits(std::string_view unit_text) {
    UnitLimits limits;
    while (!unit_text.empty()) {
        const std::size_t end = unit_text.find('\n');
        std::string_view line = unit_text.substr(0, end);
        unit_text.remove_prefix(end == std::string_view::npos ? unit_text.size() : end + 1);
        const std::size_t equals = line.find('=');
        if (equals == std::string_view::npos) continue;
        const std::string_view key = line.substr(0, equals);
        std::string_view value = line.substr(equals + 1);
        if (key == "MemoryMax")
            limits.memory_max = parse_size(value); // "infinity" is no size, and no limit
        else if (key == "ExecStart" || key == "Environment")
            read_command(value, limits);
        else if (key == "LimitNOFILE") {
            if (const std::size_t colon = value.find(':'); colon != std::string_view::npos)
                value.remove_prefix(colon + 1); // soft:hard
            std::uint64_t files = 0;
            if (std::from_chars(value.data(), value.data() + value.size(), files).ec == std::errc())
                limits.open_files = files;
        }
    }
    return limits;
}

void check_java_memory(const DesiredUnit& unit, Diagnostics& diagnostics) {
    const UnitLimits limits = read_unit_limits(unit.content);
    if (!limits.memory_max) return;
    const ByteSize most = *limits.memory_max;
    const ByteSize all{limits.heap.bytes + limits.metaspace.bytes + limits.direct.bytes};
    const char* fix = "give it more memory, or take the option away: lakebed sets the heap itself";
    if (limits.heap > most)
        diagnostics.error(
            {},
            fmt::format("the Java heap of {} is {} (-Xmx), more than its MemoryMax of "
                        "{}: the kernel would kill it",
                        unit.name, to_string(limits.heap), to_string(most)),
            fix);
    else if (all > most)
        diagnostics.error(
            {},
            fmt::format("Java heap, metaspace and direct memory of {} are together {} MiB, "
                        "more than its MemoryMax of {} MiB: the kernel would kill it",
                        unit.name, all.mib(), most.mib()),
            fix);
}

void check_open_files(const std::vector<DesiredUnit>& units, std::uint64_t most_open_files,
                      Diagnostics& diagnostics) {
    std::uint64_t wanted = 0;
    std::vector<std::string> short_of;
    for (const DesiredUnit& unit : units) {
        const auto limit = read_unit_limits(unit.content).open_files;
        if (most_open_files == 0 || !limit || *limit <= most_open_files) continue;
        wanted = std::max(wanted, *limit);
        short_of.push_back(unit.name);
    }
    if (short_of.empty()) return;
    diagnostics.warning(
        {},
        fmt::format("this machine allows a process {} open files, but {} ask for up "
                    "to {} (LimitNOFILE=): systemd gives them no more than that",
                    most_open_files, fmt::join(short_of, ", "), wanted),
        fmt::format("raise fs.nr_open, or the hard limit of the container, to {}", wanted));
}

} // namespace lakebed
