#include "driver/incident_saver.h"

#include <utility>

#include "sys/journal.h"

namespace lakebed {
namespace {

// Time for journald to store what was written before a death.
constexpr Duration kLastWords = std::chrono::milliseconds(600);

// Reading costs some 10 µs a line, in which the loop does nothing else.
constexpr std::size_t kLines = 300;
constexpr std::size_t kLinesOfHang = 2500; // a thread dump has about ten for each thread

} // namespace

IncidentSaver::IncidentSaver(EventLoop& loop, std::string directory, Saved saved)
    : loop_(loop), directory_(std::move(directory)), saved_(std::move(saved)) {}

IncidentSaver::~IncidentSaver() {
    while (!pending_.empty()) save_pending(std::string(pending_.begin()->first));
}

void IncidentSaver::failed(IncidentRecord record) {
    const std::string unit = record.unit;
    if (auto hanging = hanging_.find(unit);
        hanging != hanging_.end() && hanging->second == record.run && record.cause == "hang")
        return;
    if (auto before = pending_.find(unit); before != pending_.end()) {
        if (before->second.record.run == record.run) {
            record.at = before->second.record.at;
            before->second.record = std::move(record);
            return;
        }
        save_pending(unit);
    }
    Pending& pending = pending_[unit];
    pending.record = std::move(record);
    Result<EventSource> timer =
        loop_.after(kLastWords, kLastWords / 4, [this, unit] { save_pending(std::string(unit)); });
    if (timer)
        pending.timer = std::move(*timer);
    else
        save_pending(unit);
}

void IncidentSaver::hangs(IncidentRecord record) {
    hanging_[record.unit] = record.run;
    save(record, kLinesOfHang);
}

void IncidentSaver::save_pending(const std::string& unit) {
    auto found = pending_.find(unit);
    if (found == pending_.end()) return;
    Pending pending = std::move(found->second);
    pending_.erase(found);
    save(pending.record, kLines);
}

void IncidentSaver::save(const IncidentRecord& record, std::size_t lines) {
    Result<std::vector<JournalEntry>> log = read_last_entries(record.unit, record.run, lines);
    Result<std::string> name =
        save_incident(directory_, record, log ? *log : std::vector<JournalEntry>());
    if (const Error* error = !name ? &name.error() : !log ? &log.error() : nullptr) {
        if (!std::exchange(complained_, true)) // once, not at each failure
            log_event(LogLevel::warning, "cannot keep the evidence of a failure: " + error->message,
                      {{"UNIT", record.unit}});
    } else {
        complained_ = false;
    }
    saved_(record, name ? *name : std::string());
}

} // namespace lakebed
