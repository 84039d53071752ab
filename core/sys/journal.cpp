#define SD_JOURNAL_SUPPRESS_LOCATION
#include "sys/journal.h"

#include <cstdio>
#include <cstdlib>

#include <sys/stat.h>
#include <sys/uio.h>

#include <fmt/format.h>
#include <systemd/sd-journal.h>

namespace lakebed {
namespace {

bool stderr_is_the_journal() {
    const char* stream = std::getenv("JOURNAL_STREAM"); // "device:inode", systemd.exec(5)
    struct stat info {};
    if (stream == nullptr || ::fstat(STDERR_FILENO, &info) != 0) return false;
    return fmt::format("{}:{}", info.st_dev, info.st_ino) == stream;
}

void send(const std::vector<std::string>& assignments) {
    std::vector<iovec> parts;
    parts.reserve(assignments.size());
    for (const std::string& text : assignments)
        parts.push_back({.iov_base = const_cast<char*>(text.data()), .iov_len = text.size()});
    // A journal that cannot be reached leaves nobody to tell.
    (void)sd_journal_sendv(parts.data(), static_cast<int>(parts.size()));
}

std::vector<std::string> assignments(LogLevel level, std::string_view message,
                                     const std::vector<LogField>& fields,
                                     std::string_view message_id) {
    std::vector<std::string> all = {fmt::format("MESSAGE={}", message),
                                    fmt::format("PRIORITY={}", static_cast<int>(level))};
    if (!message_id.empty()) all.push_back(fmt::format("MESSAGE_ID={}", message_id));
    for (const LogField& field : fields)
        all.push_back(fmt::format("LAKEBED_{}={}", field.name, field.value));
    return all;
}

} // namespace

void log_event(LogLevel level, std::string_view message, const std::vector<LogField>& fields,
               std::string_view message_id) {
    static const bool to_journal = stderr_is_the_journal();
    if (to_journal) return send(assignments(level, message, fields, message_id));
    std::string line = fmt::format("{}", message);
    for (const LogField& field : fields) line += fmt::format(" {}={}", field.name, field.value);
    fmt::print(stderr, "{}\n", line);
}

void log_about_unit(const std::string& unit, LogLevel level, std::string_view message,
                    const std::vector<LogField>& fields, std::string_view message_id) {
    std::vector<std::string> all = assignments(level, message, fields, message_id);
    all.push_back("OBJECT_SYSTEMD_UNIT=" + unit);
    send(all);
}

} // namespace lakebed
