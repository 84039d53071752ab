// Judgement of a guard: what was read from the machine, to ready or not and a sentence.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "model/guard.h"

namespace lakebed {

struct Space {
    std::uint64_t size = 0, free = 0;          // bytes; free to the unprivileged
    std::uint64_t inodes = 0, inodes_free = 0; // 0 inodes: the file system does not count them
    bool operator==(const Space&) const = default;
};

struct Verdict {
    bool ok = true;
    std::string detail; // why not; of one that is ok, what there is to say all the same
    bool operator==(const Verdict&) const = default;
};

// `was_ok`: between the two marks it stays as it was.
[[nodiscard]] Verdict judge_disk(const DiskCheck& check, const Space& space, bool was_ok);

// Near the mark, where it must be looked at more often.
[[nodiscard]] bool is_near(const DiskCheck& check, const Space& space);

// `made`: when the graph file was written. `synchronised` is unknown where it cannot be asked.
[[nodiscard]] Verdict judge_clock(std::chrono::sys_seconds now, std::chrono::sys_seconds made,
                                  std::optional<bool> synchronised);

} // namespace lakebed
