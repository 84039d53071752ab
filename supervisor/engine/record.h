// Record: what the engine was told and what it answered, as lines of text from which both can be
// played again.
//
// How it works: each line is one JSON object. A life begins with what lakebedd knew,
//   {"format":1,"lakebed":"0.1.0","state":{…,"graph":"<graph.toml>","nodes":{…}}}
// then each event follows with its time (microseconds) and the actions it led to, in order,
//   {"at":12000000,"event":{"is":"job_done","unit":"lakebed-a.service",…},"actions":[{"is":"explain",…}]}
// and a recorder that reached its limit says so: {"end":"…"}. What has its default is left out.
// A recorder that was killed leaves half a line; the next life may follow it in the same file.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/diagnostics.h"
#include "engine/supervisor.h"

namespace lakebed {

struct RecordedLife {
    static constexpr int kFormat = 1; // a newer one is refused

    std::string version; // of lakebed
    SupervisorState state;
    bool operator==(const RecordedLife&) const = default;
};

struct RecordedTurn {
    TimePoint at;
    Event event;
    std::vector<Action> actions;
    bool operator==(const RecordedTurn&) const = default;
};

struct RecordedEnd {
    std::string why;
    bool operator==(const RecordedEnd&) const = default;
};

using Record = std::variant<RecordedLife, RecordedTurn, RecordedEnd>;

// One line, without its newline. write_* take apart what a recorder would otherwise have to copy.
[[nodiscard]] std::string write_record(const Record& record);
[[nodiscard]] std::string write_life(const SupervisorState& state, std::string_view version);
[[nodiscard]] std::string write_turn(TimePoint at, const Event& event,
                                     const std::vector<Action>& actions);

struct RecordLine {
    int line = 0;
    Record record;
    bool operator==(const RecordLine&) const = default;
};

// Half a line at the end of a life is left out; everything else that is wrong is an error.
[[nodiscard]] std::vector<RecordLine> read_recording(std::string_view text, std::string_view file,
                                                     Diagnostics& diagnostics);

// {"is":"start","unit":"…"}: as it stands in the line.
[[nodiscard]] std::string write_event(const Event& event);
[[nodiscard]] std::string write_action(const Action& action);

} // namespace lakebed
