// Recorder: writes what the engine is told and what it answers to a file, for `lakebed_sim
// --replay`.
//
// How it works: lines are gathered and written by flush(), so that a restart does not wait for a
// disk. A file that is there already is carried on, as lakebedd may be restarted with the same
// options. At `limit` bytes, or when the file cannot be written, recording ends with one line of
// the log; supervision never does. Nothing is read for it: what it holds are states, exit codes,
// the graph (which names files of secrets, never opens them) and the sentences that go to the
// journal and to `lakebed status` anyway.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/quantity.h"
#include "engine/record.h"
#include "sys/unique_fd.h"

namespace lakebed {

class Recorder {
  public:
    static constexpr ByteSize kLimit{std::uint64_t{64} << 20};

    Recorder() = default; // records nothing

    [[nodiscard]] static Result<Recorder> open(const std::string& path, ByteSize limit);

    void life(const SupervisorState& state, std::string_view version);
    void turn(TimePoint at, const Event& event, const std::vector<Action>& actions);
    void flush();

    [[nodiscard]] bool active() const { return fd_.valid(); }

  private:
    void add(const std::string& line);
    void end(const std::string& why);

    std::string path_;
    UniqueFd fd_;
    std::uint64_t left_ = 0;
    std::string lines_;
};

} // namespace lakebed
