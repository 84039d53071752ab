// Journal: structured entries of our own, and entries about other units.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lakebed {

enum class LogLevel { error = 3, warning = 4, notice = 5, info = 6, debug = 7 }; // of syslog

struct LogField {
    std::string name; // upper case; "UNIT" is written as LAKEBED_UNIT=
    std::string value;
};

// One event, one entry. Into the journal when our stderr leads there, else to stderr as one line.
// `message_id`: MESSAGE_ID=, 32 hex digits, by which programs know the kind of entry.
void log_event(LogLevel level, std::string_view message, const std::vector<LogField>& fields = {},
               std::string_view message_id = {});

// An entry that `systemctl status UNIT` and `journalctl -u UNIT` show among the unit's own (F6;
// only root's are believed).
void log_about_unit(const std::string& unit, LogLevel level, std::string_view message,
                    const std::vector<LogField>& fields = {}, std::string_view message_id = {});

} // namespace lakebed
