#include "engine/judge_guard.h"

#include <ctime>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace lakebed {
namespace {

// Rounded down, so that what is told is never more than there is.
std::string whole(std::uint64_t bytes) {
    return bytes >> 30 >= 10 ? fmt::format("{} GiB", bytes >> 30)
                             : fmt::format("{} MiB", bytes >> 20);
}

// The clock of the check is whole seconds at its worst (a file system's time stamps).
constexpr std::chrono::seconds kClockSlack{2};

std::string day_and_time(std::chrono::sys_seconds at) {
    return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC",
                       fmt::gmtime(static_cast<std::time_t>(at.time_since_epoch().count())));
}

} // namespace

Verdict judge_disk(const DiskCheck& check, const Space& space, bool was_ok) {
    const ByteSize needed = was_ok ? check.min_free : check.resume_free;
    if (space.free < needed.bytes)
        return {false, fmt::format("the disk of {} is nearly full: {} free, {} needed", check.path,
                                   whole(space.free), to_string(needed))};
    const std::uint64_t inodes = check.min_free_inodes + (was_ok ? 0 : check.min_free_inodes / 4);
    if (space.inodes > 0 && space.inodes_free < inodes)
        return {false, fmt::format("the disk of {} is nearly full: {} inodes free, {} needed",
                                   check.path, space.inodes_free, inodes)};
    return {};
}

bool is_near(const DiskCheck& check, const Space& space) {
    return space.free < 4 * check.min_free.bytes ||
           (space.inodes > 0 && space.inodes_free < 4 * check.min_free_inodes);
}

Verdict judge_clock(std::chrono::sys_seconds now, std::chrono::sys_seconds made,
                    std::optional<bool> synchronised) {
    if (now + kClockSlack < made)
        return {false,
                fmt::format("the clock is wrong: it says {}, but this generation was made {}",
                            day_and_time(now), day_and_time(made))};
    if (synchronised == false) return {true, "the clock is not synchronised with any other"};
    return {};
}

} // namespace lakebed
