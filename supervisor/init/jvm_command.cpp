#include "init/jvm_command.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

namespace lakebed {
namespace {

// 32 GiB of heap need pointers that are not compressed; a smaller heap needs no more than this to
// write an archive.
constexpr std::uint64_t kLargeHeap = std::uint64_t{31} << 30;
constexpr std::string_view kHeap = "-Xmx";
constexpr std::string_view kDumpHeap = "-Xmx512m";

// The JVM reads no longer ones (4096), and ends over them.
constexpr std::size_t kLongestLine = 4000;

constexpr auto kWithValue = std::to_array<std::string_view>(
    {"--add-modules", "--add-exports", "--add-opens", "--add-reads"});
constexpr auto kWithoutArchive =
    std::to_array<std::string_view>({"-p", "--module-path", "--upgrade-module-path",
                                     "--limit-modules", "--patch-module", "-m", "--module"});
constexpr auto kClassPath = std::to_array<std::string_view>({"-cp", "-classpath", "--class-path"});

template <std::size_t N>
bool is_one_of(std::string_view word, const std::array<std::string_view, N>& words) {
    return std::ranges::find(words, word) != words.end();
}

// "-XX:+UseZGC" to "UseZGC"; empty when it is no switch.
std::string_view switch_name(std::string_view argument) {
    if (!argument.starts_with("-XX:+") && !argument.starts_with("-XX:-")) return {};
    return argument.substr(5);
}

bool matters(std::string_view argument) {
    static constexpr auto kSwitches = std::to_array<std::string_view>(
        {"UseZGC", "UseCompressedOops", "UseCompressedClassPointers", "CompactStrings"});
    return is_one_of(switch_name(argument), kSwitches) ||
           argument.starts_with("-XX:ObjectAlignmentInBytes=") ||
           argument.starts_with("-Xbootclasspath/a:") || argument.starts_with("-Xverify");
}

std::uint64_t heap_bytes(std::string_view size) {
    std::uint64_t number = 0;
    const char* end = size.data() + size.size();
    auto [at, error] = std::from_chars(size.data(), end, number);
    if (error != std::errc() || at == end) return number;
    switch (*at) {
    case 't':
    case 'T':
        return number << 40;
    case 'g':
    case 'G':
        return number << 30;
    case 'm':
    case 'M':
        return number << 20;
    default:
        return number << 10;
    }
}

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '$' || c == '/' || c == '-' || static_cast<unsigned char>(c) >= 0x80;
}

// A class, or a lambda of one: "@lambda-proxy" and "@lambda-form-invoker" with names and
// signatures. What classes of other loaders say besides (source:, super:) is not accepted: it would
// name files.
bool is_class_list_line(std::string_view line) {
    if (line.empty() || line.size() > kLongestLine) return false;
    if (!line.starts_with('@')) return std::ranges::all_of(line, is_name_character);
    if (!line.starts_with("@lambda-proxy ") && !line.starts_with("@lambda-form-invoker "))
        return false;
    return std::all_of(line.begin() + 1, line.end(), [](char c) {
        return is_name_character(c) ||
               std::string_view(" ;()[]<>.").find(c) != std::string_view::npos;
    });
}

} // namespace

std::string jvm_arguments_using(std::string_view archive) {
    return fmt::format("-XX:SharedArchiveFile={}\n", archive);
}

std::string jvm_arguments_recording(std::string_view runtime) {
    return fmt::format("-XX:DumpLoadedClassList={}/{}\n", runtime, kClassList);
}

Result<JvmCommand> read_jvm_command(const std::vector<std::string>& arguments,
                                    const std::vector<std::string>& environment) {
    JvmCommand command;
    std::string heap(kDumpHeap);
    for (const std::string& variable : environment)
        if (variable.starts_with("CLASSPATH=")) command.class_path = variable.substr(10);
    for (std::size_t i = 1; i < arguments.size(); ++i) {
        const std::string& argument = arguments[i];
        std::string_view name = std::string_view(argument).substr(0, argument.find('='));
        if (is_one_of(name, kWithoutArchive))
            return fail(Errc::refused, fmt::format("{} leaves no room for an archive", name));
        if (is_one_of(name, kClassPath) || argument == "-jar") {
            if (name != argument)
                command.class_path = argument.substr(name.size() + 1);
            else if (++i < arguments.size())
                command.class_path = arguments[i];
            if (argument == "-jar") break; // what follows is the program's
            continue;
        }
        if (is_one_of(argument, kWithValue)) {
            ++i;
            continue;
        }
        if (argument.starts_with('@')) continue;
        if (!argument.starts_with('-')) break; // the main class
        if (argument.starts_with(kHeap) &&
            heap_bytes(std::string_view(argument).substr(kHeap.size())) >= kLargeHeap)
            heap = argument;
        if (matters(argument)) command.flags.push_back(argument);
    }
    command.flags.push_back(heap);
    return command;
}

std::string archivable_class_path(std::string_view class_path,
                                  const std::function<bool(const std::string&)>& is_directory) {
    std::string out;
    while (!class_path.empty()) {
        std::size_t end = std::min(class_path.find(':'), class_path.size());
        std::string part(class_path.substr(0, end));
        class_path.remove_prefix(std::min(end + 1, class_path.size()));
        if (part.empty()) continue;
        if (!part.starts_with('/') || (!part.ends_with("/*") && is_directory(part))) break;
        out += (out.empty() ? "" : ":") + part;
    }
    return out;
}

ClassList filter_class_list(std::string_view text) {
    ClassList list;
    for (std::size_t end = 0; (end = text.find('\n')) != std::string_view::npos;
         text.remove_prefix(end + 1)) {
        std::string_view line = text.substr(0, end);
        if (!is_class_list_line(line)) continue;
        list.text += line;
        list.text += '\n';
        ++list.lines;
    }
    return list;
}

std::vector<std::string> split_at_zeros(std::string_view text) {
    std::vector<std::string> parts;
    while (!text.empty()) {
        std::size_t end = std::min(text.find('\0'), text.size());
        parts.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parts;
}

} // namespace lakebed
