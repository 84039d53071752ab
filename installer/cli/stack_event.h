// StackEvent: one thing that lakebedd saw or did, as it stands in the journal.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/quantity.h"
#include "base/value.h"
#include "sys/journal_reader.h"

namespace lakebed {

struct StackEvent {
    std::uint64_t at = 0;
    std::string kind;    // of supervisor_events.h
    std::string service; // empty: of the stack or of lakebedd
    std::string what;    // "backing off", "incident", "restart": one or two words
    std::string why;     // the rest of the sentence
    std::string message; // the sentence
    std::string state, cause, detail, run, evidence, verb, by;
    bool operator==(const StackEvent&) const = default;
};

// Fields to read of each entry.
[[nodiscard]] const std::vector<std::string>& event_fields();
// What to search the journal for: lakebedd's own entries of the known kinds, of these services
// (none: all).
[[nodiscard]] std::vector<std::string> event_matches(const std::vector<std::string>& services);

[[nodiscard]] StackEvent make_event(const JournalEntry& entry);

// "2026-11-22 21:01:48  minio             backing off  was killed by SIGKILL …"; the time is local.
[[nodiscard]] std::string event_line(const StackEvent& event, std::size_t service_width);
[[nodiscard]] Table event_row(const StackEvent& event);

// "10min" before `now`, or a local time "2026-11-22", "2026-11-22 21:00", "2026-11-22 21:00:30".
[[nodiscard]] std::optional<std::uint64_t> parse_since(std::string_view text, std::uint64_t now);

} // namespace lakebed
