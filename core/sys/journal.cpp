#define SD_JOURNAL_SUPPRESS_LOCATION
#include "sys/journal.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include <sys/stat.h>
#include <sys/uio.h>

#include <fmt/format.h>
#include <systemd/sd-journal.h>

namespace lakebed {
namespace {

constexpr std::size_t kMaxLine = 4096;

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

struct JournalDeleter {
    void operator()(sd_journal* journal) const noexcept { sd_journal_close(journal); }
};

} // namespace

void log_event(LogLevel level, std::string_view message, const std::vector<LogField>& fields) {
    static const bool to_journal = stderr_is_the_journal();
    if (!to_journal) {
        std::string line = fmt::format("{}", message);
        for (const LogField& field : fields) line += fmt::format(" {}={}", field.name, field.value);
        fmt::print(stderr, "{}\n", line);
        return;
    }
    std::vector<std::string> assignments = {fmt::format("MESSAGE={}", message),
                                            fmt::format("PRIORITY={}", static_cast<int>(level))};
    for (const LogField& field : fields)
        assignments.push_back(fmt::format("LAKEBED_{}={}", field.name, field.value));
    send(assignments);
}

void log_about_unit(const std::string& unit, LogLevel level, std::string_view message) {
    send({fmt::format("MESSAGE={}", message), fmt::format("PRIORITY={}", static_cast<int>(level)),
          "OBJECT_SYSTEMD_UNIT=" + unit, "LAKEBED_UNIT=" + unit});
}

Result<std::vector<std::string>>
read_last_lines(const std::string& unit, const std::string& invocation_id, std::size_t limit) {
    std::vector<std::string> lines;
    sd_journal* raw = nullptr;
    if (int r = sd_journal_open(&raw, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM); r < 0)
        return fail_errno("cannot open the journal", -r);
    std::unique_ptr<sd_journal, JournalDeleter> journal(raw);
    sd_journal_set_data_threshold(raw, kMaxLine);
    std::string by_unit = "_SYSTEMD_UNIT=" + unit;
    std::string by_run = "_SYSTEMD_INVOCATION_ID=" + invocation_id;
    int r = sd_journal_add_match(raw, by_unit.data(), by_unit.size());
    if (r >= 0 && !invocation_id.empty())
        r = sd_journal_add_match(raw, by_run.data(), by_run.size());
    if (r >= 0) r = sd_journal_seek_tail(raw);
    while (r >= 0 && lines.size() < limit && (r = sd_journal_previous(raw)) > 0) {
        const void* data = nullptr;
        std::size_t size = 0;
        if (sd_journal_get_data(raw, "MESSAGE", &data, &size) < 0) continue;
        std::string_view text(static_cast<const char*>(data), size);
        lines.emplace_back(text.substr(std::min(text.size(), std::string_view("MESSAGE=").size())));
    }
    if (r < 0) return fail_errno("cannot read the journal of " + unit, -r);
    std::reverse(lines.begin(), lines.end());
    return lines;
}

} // namespace lakebed
