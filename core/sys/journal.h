// Journal: structured entries of our own, entries about other units, and reading a unit's last
// lines.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace lakebed {

enum class LogLevel { error = 3, warning = 4, notice = 5, info = 6, debug = 7 }; // of syslog

struct LogField {
    std::string name; // upper case; "UNIT" is written as LAKEBED_UNIT=
    std::string value;
};

// One event, one entry. Into the journal when our stderr leads there, else to stderr as one line.
void log_event(LogLevel level, std::string_view message, const std::vector<LogField>& fields = {});

// An entry that `systemctl status UNIT` and `journalctl -u UNIT` show among the unit's own (F6;
// only root's are believed).
void log_about_unit(const std::string& unit, LogLevel level, std::string_view message);

// The last `limit` lines that the processes of one invocation of the unit wrote, oldest first.
[[nodiscard]] Result<std::vector<std::string>>
read_last_lines(const std::string& unit, const std::string& invocation_id, std::size_t limit);

} // namespace lakebed
