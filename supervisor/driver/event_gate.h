// EventGate: puts what systemd says about jobs and units into the order and the form the engine
// needs.
//
// How it works: JobNew and JobRemoved name no type, so it is asked for when a job appears. What
// arrives while questions are open waits until those are answered: a stop of lakebed.target is then
// known before the stops of its members have ended, and nobody takes them for an operator's. The
// end of a job waits for the next that is seen of its unit.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "engine/supervisor.h"
#include "sys/systemd_unit.h"

namespace lakebed {

// A timestamp of systemd, CLOCK_MONOTONIC; 0 is never.
[[nodiscard]] std::optional<TimePoint> to_stamp(std::uint64_t monotonic);
[[nodiscard]] UnitSnapshot to_snapshot(const UnitProperties& unit, const std::string& job_type);

class EventGate {
  public:
    using Item = std::variant<UnitChanged, JobDone>;

    // A job was announced, or a snapshot names it. True: ask for its type, and answer with
    // job_type_is() (nullopt: systemd does not know it any more) or, when it turns out to be ours,
    // with job_is_ours().
    [[nodiscard]] bool job_appeared(std::uint32_t id);
    void job_type_is(std::uint32_t id, std::optional<std::string> type);

    // Of what type it is.
    [[nodiscard]] bool knows(std::uint32_t id) const { return !job(id).type.empty(); }

    void job_is_listed(std::uint32_t id, const std::string& type);
    void job_is_ours(std::uint32_t id, const std::string& type);

    // The caller has the unit read, unless it is being read.
    void job_removed(std::uint32_t id, const std::string& unit, const std::string& result);

    // What a unit is; without properties it could not be read.
    void unit_seen(const std::string& unit, const std::optional<UnitProperties>& properties);

    // What the engine may see now, in order.
    [[nodiscard]] std::vector<Item> take();

    // Higher ids belong to jobs that were queued later.
    [[nodiscard]] std::uint32_t highest_job() const { return highest_; }

    void clear(); // the connection broke

  private:
    struct Job {
        std::string type; // empty: not known (yet)
        bool ours = false;
        std::uint64_t question = 0; // its number, 0: not open
    };
    struct JobEnd {
        std::uint32_t id = 0;
        std::string unit;
        std::string result;
    };
    struct Read {
        std::string unit;
        UnitProperties properties;
    };
    struct Waiting {
        std::uint64_t asked = 0; // this question and those before must be answered first
        std::variant<JobEnd, Read> what;
    };

    [[nodiscard]] Job job(std::uint32_t id) const;
    void close_question(Job& job);

    std::map<std::uint32_t, Job> jobs_;
    std::map<std::string, std::vector<JobEnd>> ended_; // by unit
    std::deque<Waiting> waiting_;
    std::uint64_t asked_ = 0;
    std::set<std::uint64_t> open_; // questions
    std::uint32_t highest_ = 0;
};

} // namespace lakebed
