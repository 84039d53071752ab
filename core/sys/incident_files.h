// IncidentFiles: what is kept of each failure of a service, for people and programs that look
// later.
//
// How it works: two files side by side, NAME.toml (the record) and NAME.log (the last lines that
// the failed run wrote), where NAME is "20261122T210148.123Z-minio-crash". lakebedd writes them,
// `lakebed why` and the status page read them. They are no data: a full disk costs them, and the
// oldest make room for new ones.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sys/journal_reader.h"

namespace lakebed {

// Below the state directory of lakebedd. Its group may read what is in it (setgid, tmpfiles.d).
inline constexpr const char* kIncidentDirectory = "/var/lib/lakebed/supervisor/incidents";

struct IncidentRecord {
    std::uint64_t at = 0; // microseconds of CLOCK_REALTIME
    std::string service;  // "minio"
    std::string unit;
    std::string cause; // crash, hang, out_of_memory …
    std::string detail;
    std::string run;      // InvocationID
    std::string result;   // systemd's word: exit-code, signal, watchdog …; "" while it still runs
    std::string ended_by; // exited, killed, dumped; "" while it still runs
    int exit_status = 0;  // or signal
    std::string root;     // service at the root of the trouble; itself as a rule
    std::uint64_t lines = 0; // of the log
    bool operator==(const IncidentRecord&) const = default;
};

struct IncidentLimits {
    std::size_t of_service = 20;
    std::size_t of_all = 400;
    std::uint64_t bytes = std::uint64_t{64} << 20;
    std::size_t log_bytes = std::size_t{512} << 10; // of one log; its end is kept
};

[[nodiscard]] std::string incident_name(const IncidentRecord& record);

// What a name says; empty when it is none of ours.
struct IncidentName {
    std::uint64_t at = 0;
    std::string service, cause;
};
[[nodiscard]] IncidentName parse_incident_name(std::string_view name);

// Writes both files (0640) and drops what is over the limits. Returns the name.
[[nodiscard]] Result<std::string> save_incident(const std::string& directory, IncidentRecord record,
                                                const std::vector<JournalEntry>& log,
                                                const IncidentLimits& limits = {});

// Names, newest first; those of one service where `service` is not empty.
[[nodiscard]] Result<std::vector<std::string>> list_incidents(const std::string& directory,
                                                              std::string_view service = {});

// Errc::not_found for a name that is not there or none of ours, whatever it looks like.
[[nodiscard]] Result<IncidentRecord> read_incident_record(const std::string& directory,
                                                          const std::string& name);
[[nodiscard]] Result<std::string> read_incident_log(const std::string& directory,
                                                    const std::string& name);

} // namespace lakebed
