#include "driver/recorder.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>

#include <fmt/format.h>

#include "sys/files.h"
#include "sys/journal.h"

namespace lakebed {
namespace {

constexpr std::size_t kGather = std::size_t{256} << 10;
constexpr std::size_t kRoomForEnd = 128;

} // namespace

Result<Recorder> Recorder::open(const std::string& path, ByteSize limit) {
    Recorder recorder;
    recorder.path_ = path;
    // O_NONBLOCK: a pipe that nobody reads must not keep the loop waiting.
    recorder.fd_ =
        TRY(open_file(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK, 0600));
    struct stat found {};
    if (::fstat(recorder.fd_.get(), &found) != 0)
        return fail_errno("cannot look at \"" + path + "\"", errno);
    const auto size = static_cast<std::uint64_t>(found.st_size);
    if (size >= limit.bytes)
        return fail(fmt::format("\"{}\" has reached its limit of {}", path, to_string(limit)),
                    "move it away");
    recorder.left_ = limit.bytes - size;
    if (size > 0) recorder.lines_ = "\n"; // whoever wrote before may have been killed in a line
    return recorder;
}

void Recorder::life(const SupervisorState& state, std::string_view version) {
    if (active()) add(write_life(state, version));
}

void Recorder::turn(TimePoint at, const Event& event, const std::vector<Action>& actions) {
    if (active()) add(write_turn(at, event, actions));
}

void Recorder::add(const std::string& line) {
    if (line.size() + kRoomForEnd > left_)
        return end("the recording has reached its limit and ends here");
    left_ -= line.size() + 1;
    lines_ += line;
    lines_ += '\n';
    if (lines_.size() >= kGather) flush();
}

void Recorder::flush() {
    if (!active() || lines_.empty()) return;
    Result<void> written = write_all(fd_.get(), lines_);
    lines_.clear();
    if (written) return;
    log_event(LogLevel::error, fmt::format("cannot write the recording \"{}\", which ends here: {}",
                                           path_, written.error().message));
    fd_.reset();
}

void Recorder::end(const std::string& why) {
    const std::string line = write_record(RecordedEnd{why}) + "\n";
    if (line.size() <= left_) lines_ += line;
    flush();
    if (!active()) return;
    log_event(LogLevel::notice, fmt::format("{} (\"{}\")", why, path_));
    fd_.reset();
}

} // namespace lakebed
