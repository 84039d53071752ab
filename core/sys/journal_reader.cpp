#include "sys/journal_reader.h"

#include <algorithm>
#include <cerrno>

#include <systemd/sd-journal.h>

namespace lakebed {
namespace {

constexpr std::size_t kMaxLine = 4096;

} // namespace

void JournalReader::Closer::operator()(sd_journal* journal) const noexcept {
    sd_journal_close(journal);
}

const std::string& JournalEntry::field(std::string_view name) const {
    static const std::string kNone;
    for (const auto& [key, value] : fields)
        if (key == name) return value;
    return kNone;
}

Result<JournalReader> JournalReader::open(const std::vector<std::string>& matches,
                                          std::vector<std::string> wanted) {
    sd_journal* raw = nullptr;
    if (int r = sd_journal_open(&raw, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM); r < 0)
        return fail_errno("cannot open the journal", -r);
    JournalReader reader(raw, std::move(wanted));
    sd_journal_set_data_threshold(raw, kMaxLine);
    for (const std::string& match : matches)
        if (int r = sd_journal_add_match(raw, match.data(), match.size()); r < 0)
            return fail_errno("cannot search the journal for " + match, -r);
    return reader;
}

Result<void> JournalReader::seek_last(std::size_t count) {
    int r = sd_journal_seek_tail(journal_.get());
    // One step back even for none: seek_tail alone leaves next() nowhere (sd_journal_seek_tail(3)).
    if (r >= 0) r = sd_journal_previous_skip(journal_.get(), std::max<std::size_t>(count, 1));
    if (r < 0) return fail_errno("cannot read the journal", -r);
    stands_on_entry_ = r > 0 && count > 0;
    return {};
}

Result<void> JournalReader::seek_time(std::uint64_t at) {
    stands_on_entry_ = false;
    if (int r = sd_journal_seek_realtime_usec(journal_.get(), at); r < 0)
        return fail_errno("cannot read the journal", -r);
    return {};
}

Result<std::optional<JournalEntry>> JournalReader::next() {
    sd_journal* journal = journal_.get();
    int r = stands_on_entry_ ? 1 : sd_journal_next(journal);
    stands_on_entry_ = false;
    if (r < 0) return fail_errno("cannot read the journal", -r);
    if (r == 0) return std::optional<JournalEntry>();
    JournalEntry entry;
    r = sd_journal_get_realtime_usec(journal, &entry.at);
    for (const std::string& name : wanted_) {
        const void* data = nullptr;
        std::size_t size = 0;
        if (sd_journal_get_data(journal, name.c_str(), &data, &size) < 0) continue;
        std::string_view text(static_cast<const char*>(data), size);
        entry.fields.emplace_back(name, text.substr(std::min(text.size(), name.size() + 1)));
    }
    if (r < 0) return fail_errno("cannot read the journal", -r);
    return std::optional(std::move(entry));
}

Result<void> JournalReader::wait(Duration timeout) {
    int r = sd_journal_wait(journal_.get(), static_cast<std::uint64_t>(timeout.count()));
    if (r < 0 && r != -EINTR) return fail_errno("cannot wait for the journal", -r);
    return {};
}

Result<std::vector<JournalEntry>>
read_last_entries(const std::string& unit, const std::string& invocation_id, std::size_t limit) {
    std::vector<std::string> matches{"_SYSTEMD_UNIT=" + unit};
    if (!invocation_id.empty()) matches.push_back("_SYSTEMD_INVOCATION_ID=" + invocation_id);
    JournalReader reader = TRY(JournalReader::open(matches, {"MESSAGE"}));
    TRY(reader.seek_last(limit));
    std::vector<JournalEntry> entries;
    while (entries.size() < limit) {
        std::optional<JournalEntry> entry = TRY(reader.next());
        if (!entry) break;
        entries.push_back(std::move(*entry));
    }
    return entries;
}

Result<std::vector<std::string>>
read_last_lines(const std::string& unit, const std::string& invocation_id, std::size_t limit) {
    std::vector<std::string> lines;
    for (JournalEntry& entry :
         TRY(read_last_entries(unit, invocation_id, limit).context("journal of " + unit)))
        if (!entry.fields.empty()) lines.push_back(std::move(entry.fields.front().second));
    return lines;
}

} // namespace lakebed
