#include "host/journal.h"

#include <algorithm>

#include <fmt/format.h>

#include "sys/digest.h"

namespace lakebed {
namespace {

constexpr std::string_view kDigest = " sha256:";

// Path and digest of the file a step writes; empty for other steps.
std::string file_part(const Step& step) {
    if (const auto* write = std::get_if<WriteFile>(&step))
        return fmt::format("sha256:{} {}", sha256_hex(write->file.content), write->file.path);
    if (const auto* install = std::get_if<InstallUnit>(&step))
        return fmt::format("sha256:{} {}", sha256_hex(install->unit.content), install->unit.name);
    return {};
}

std::string one_line(std::string text) {
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text;
}

} // namespace

std::string begin_record(const Plan& plan) {
    return fmt::format("begin {} {} {}", plan.from_generation, plan.to_generation,
                       plan.steps.size());
}

std::string intent_record(std::size_t number, const Step& step) {
    std::string file = file_part(step);
    return fmt::format("intent {} {} {}", number, kind_name(step),
                       file.empty() ? one_line(to_string(step)) : file);
}

std::string done_record(std::size_t number) {
    return fmt::format("done {}", number);
}

std::string failed_record(std::size_t number, const Error& error) {
    return fmt::format("failed {} {}", number, one_line(error.message));
}

std::string end_record(const Plan& plan) {
    return fmt::format("end {}", plan.to_generation);
}

std::map<std::string, std::string> unfinished_files(std::string_view journal,
                                                    const std::string& units) {
    std::map<std::string, std::string> files;
    while (!journal.empty()) {
        std::size_t end = journal.find('\n');
        std::string_view line = journal.substr(0, end);
        journal = end == std::string_view::npos ? std::string_view{} : journal.substr(end + 1);
        std::size_t time = line.find(' ');
        if (time == std::string_view::npos) continue;
        std::string_view record = line.substr(time + 1);
        if (record.starts_with("end ")) files.clear();
        std::size_t digest = record.find(kDigest);
        if (!record.starts_with("intent ") || digest == std::string_view::npos) continue;
        std::string_view rest = record.substr(digest + kDigest.size());
        if (rest.size() < 66 || rest[64] != ' ') continue; // torn by a power cut
        std::string path(rest.substr(65));
        if (!path.starts_with('/')) path = units + '/' + path;
        files[path] = rest.substr(0, 64);
    }
    return files;
}

} // namespace lakebed
