#include "sys/incident_files.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <ctime>
#include <map>
#include <optional>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/value.h"
#include "sys/files.h"

namespace lakebed {
namespace {

constexpr int kFormat = 1;
constexpr std::string_view kRecord = ".toml", kLog = ".log";
constexpr std::size_t kTimeLength = std::string_view("20261122T210148.123Z").size();
constexpr std::size_t kLongestName = 160;

bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '@' || c == '.';
}

std::string plain(std::string_view text) {
    std::string out(text.substr(0, 100));
    std::ranges::replace_if(
        out, [](char c) { return !is_plain(c); }, '_');
    return out;
}

std::string time_text(std::uint64_t at, bool compact) {
    auto seconds = static_cast<std::time_t>(at / 1'000'000);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    char text[32];
    std::size_t size =
        std::strftime(text, sizeof text, compact ? "%Y%m%dT%H%M%S" : "%Y-%m-%dT%H:%M:%S", &parts);
    return fmt::format("{}.{:03}Z", std::string_view(text, size), at / 1000 % 1000);
}

std::optional<int> digits(std::string_view text) {
    int value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return {};
    return value;
}

std::uint64_t parse_time(std::string_view text) {
    if (text.size() != kTimeLength || text[8] != 'T' || text[15] != '.' || text.back() != 'Z')
        return 0;
    std::tm parts{};
    auto year = digits(text.substr(0, 4)), month = digits(text.substr(4, 2)),
         day = digits(text.substr(6, 2)), hour = digits(text.substr(9, 2)),
         minute = digits(text.substr(11, 2)), second = digits(text.substr(13, 2)),
         milli = digits(text.substr(16, 3));
    if (!year || !month || !day || !hour || !minute || !second || !milli) return 0;
    parts.tm_year = *year - 1900;
    parts.tm_mon = *month - 1;
    parts.tm_mday = *day;
    parts.tm_hour = *hour;
    parts.tm_min = *minute;
    parts.tm_sec = *second;
    std::time_t seconds = ::timegm(&parts);
    if (seconds <= 0 || *milli < 0) return 0;
    return (static_cast<std::uint64_t>(seconds) * 1000 + static_cast<std::uint64_t>(*milli)) * 1000;
}

// Whole or not at all, but not fsynced: evidence is not worth a stall of the loop.
Result<void> write_file(const std::string& path, std::string_view text) {
    std::string temporary = path + ".tmp";
    Result<void> written = [&]() -> Result<void> {
        UniqueFd fd = TRY(open_file(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600));
        TRY(write_all(fd.get(), text).context(temporary));
        if (::fchmod(fd.get(), 0640) != 0) return fail_errno("cannot open up " + temporary, errno);
        if (std::rename(temporary.c_str(), path.c_str()) != 0)
            return fail_errno("cannot rename " + temporary, errno);
        return {};
    }();
    if (!written) ::unlink(temporary.c_str());
    return written;
}

void remove_incident(const std::string& directory, const std::string& name) {
    // The record goes last: as long as it is there the rest is found.
    for (std::string_view end : {kLog, kRecord})
        ::unlink(fmt::format("{}/{}{}", directory, name, end).c_str());
}

std::uint64_t size_of(const std::string& directory, const std::string& name) {
    std::uint64_t bytes = 0;
    for (std::string_view end : {kLog, kRecord}) {
        struct stat info {};
        if (::stat(fmt::format("{}/{}{}", directory, name, end).c_str(), &info) == 0)
            bytes += static_cast<std::uint64_t>(info.st_size);
    }
    return bytes;
}

Result<void> prune(const std::string& directory, const IncidentLimits& limits) {
    std::map<std::string, std::size_t> of_service;
    std::size_t all = 0;
    std::uint64_t bytes = 0;
    for (const std::string& name : TRY(list_incidents(directory))) {
        bytes += size_of(directory, name);
        if (++of_service[parse_incident_name(name).service] > limits.of_service ||
            ++all > limits.of_all || bytes > limits.bytes)
            remove_incident(directory, name);
    }
    return {};
}

std::string log_text(const std::vector<JournalEntry>& log, std::size_t limit) {
    std::string text;
    for (const JournalEntry& entry : log)
        text += fmt::format("{} {}\n", time_text(entry.at, false), entry.field("MESSAGE"));
    if (text.size() <= limit) return text;
    std::size_t cut = text.find('\n', text.size() - limit);
    return cut == std::string::npos ? std::string() : text.substr(cut + 1);
}

Error no_such(const std::string& name) {
    return {Errc::not_found, fmt::format("there is no incident \"{}\"", name), {}};
}

} // namespace

std::string incident_name(const IncidentRecord& record) {
    return fmt::format("{}-{}-{}", time_text(record.at, true), plain(record.service),
                       plain(record.cause));
}

IncidentName parse_incident_name(std::string_view name) {
    if (name.size() > kLongestName || !std::ranges::all_of(name, is_plain)) return {};
    std::size_t last = name.rfind('-');
    if (name.size() < kTimeLength + 2 || name[kTimeLength] != '-' || last <= kTimeLength) return {};
    std::uint64_t at = parse_time(name.substr(0, kTimeLength));
    IncidentName parts{at, std::string(name.substr(kTimeLength + 1, last - kTimeLength - 1)),
                       std::string(name.substr(last + 1))};
    // Only what we could have written: one name for one incident.
    IncidentRecord record{.at = at, .service = parts.service, .cause = parts.cause};
    return at != 0 && incident_name(record) == name ? parts : IncidentName();
}

Result<std::string> save_incident(const std::string& directory, IncidentRecord record,
                                  const std::vector<JournalEntry>& log,
                                  const IncidentLimits& limits) {
    TRY(make_directories(directory, 0750));
    std::string name = incident_name(record), path = directory + "/" + name;
    std::string text = log_text(log, limits.log_bytes);
    record.lines = static_cast<std::uint64_t>(std::ranges::count(text, '\n'));
    Table table;
    set(table, "format", std::int64_t{kFormat});
    set(table, "time", time_text(record.at, false));
    set(table, "at", static_cast<std::int64_t>(record.at));
    for (auto [key, value] : {std::pair("service", &record.service),
                              {"unit", &record.unit},
                              {"cause", &record.cause},
                              {"detail", &record.detail},
                              {"run", &record.run},
                              {"result", &record.result},
                              {"ended_by", &record.ended_by},
                              {"root", &record.root}})
        set(table, key, *value);
    set(table, "exit_status", std::int64_t{record.exit_status});
    set(table, "lines", static_cast<std::int64_t>(record.lines));
    TRY(write_file(path + std::string(kLog), text));
    Result<void> written = write_file(path + std::string(kRecord), write_toml(table));
    if (!written) {
        remove_incident(directory, name);
        return tl::unexpected<Error>(written.error());
    }
    TRY(prune(directory, limits));
    return name;
}

Result<std::vector<std::string>> list_incidents(const std::string& directory,
                                                std::string_view service) {
    std::vector<std::string> names;
    for (std::string& file : TRY(list_directory(directory))) {
        if (!file.ends_with(kRecord)) continue;
        file.resize(file.size() - kRecord.size());
        IncidentName parts = parse_incident_name(file);
        if (parts.at != 0 && (service.empty() || parts.service == plain(service)))
            names.push_back(std::move(file));
    }
    std::ranges::reverse(names);
    return names;
}

Result<IncidentRecord> read_incident_record(const std::string& directory, const std::string& name) {
    if (parse_incident_name(name).at == 0) return tl::unexpected<Error>(no_such(name));
    std::string path = fmt::format("{}/{}{}", directory, name, kRecord);
    std::string text = TRY(read_file(path, std::size_t{1} << 20));
    Diagnostics diagnostics;
    Value root = parse_toml(text, path, diagnostics);
    TableReader reader(root, "", diagnostics);
    IncidentRecord record;
    record.at = static_cast<std::uint64_t>(reader.integer("at").value_or(0));
    for (auto [key, value] : {std::pair("service", &record.service),
                              {"unit", &record.unit},
                              {"cause", &record.cause},
                              {"detail", &record.detail},
                              {"run", &record.run},
                              {"result", &record.result},
                              {"ended_by", &record.ended_by},
                              {"root", &record.root}})
        *value = reader.string(key).value_or("");
    record.exit_status = static_cast<int>(reader.integer("exit_status").value_or(0));
    record.lines = static_cast<std::uint64_t>(reader.integer("lines").value_or(0));
    TRY(diagnostics.result());
    return record;
}

Result<std::string> read_incident_log(const std::string& directory, const std::string& name) {
    if (parse_incident_name(name).at == 0) return tl::unexpected<Error>(no_such(name));
    return read_file(fmt::format("{}/{}{}", directory, name, kLog), std::size_t{4} << 20);
}

} // namespace lakebed
