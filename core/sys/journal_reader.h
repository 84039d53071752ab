// JournalReader: entries of the system's journal that carry certain fields, in order of time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/quantity.h"
#include "base/result.h"

struct sd_journal;

namespace lakebed {

struct JournalEntry {
    std::uint64_t at = 0; // microseconds of CLOCK_REALTIME
    std::vector<std::pair<std::string, std::string>> fields;

    // Empty when the entry has none of that name.
    [[nodiscard]] const std::string& field(std::string_view name) const;
};

class JournalReader {
  public:
    // `matches` are "FIELD=value": of one field any may match, of several all must. Only the fields
    // `wanted` are read of each entry.
    [[nodiscard]] static Result<JournalReader> open(const std::vector<std::string>& matches,
                                                    std::vector<std::string> wanted);

    // Where next() goes on from: before the last `count` entries, or at a time.
    [[nodiscard]] Result<void> seek_last(std::size_t count);
    [[nodiscard]] Result<void> seek_time(std::uint64_t at);
    // Nullopt at the end, for now.
    [[nodiscard]] Result<std::optional<JournalEntry>> next();
    // Until something is written, or for `timeout`, or until a signal comes.
    [[nodiscard]] Result<void> wait(Duration timeout);

  private:
    struct Closer {
        void operator()(sd_journal* journal) const noexcept;
    };
    JournalReader(sd_journal* journal, std::vector<std::string> wanted)
        : journal_(journal), wanted_(std::move(wanted)) {}

    std::unique_ptr<sd_journal, Closer> journal_;
    std::vector<std::string> wanted_;
    bool stands_on_entry_ = false; // which next() has not given yet
};

// The last `limit` lines that the processes of one invocation of the unit wrote, oldest first.
[[nodiscard]] Result<std::vector<JournalEntry>>
read_last_entries(const std::string& unit, const std::string& invocation_id, std::size_t limit);

// The same without their times.
[[nodiscard]] Result<std::vector<std::string>>
read_last_lines(const std::string& unit, const std::string& invocation_id, std::size_t limit);

} // namespace lakebed
