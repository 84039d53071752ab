// Space of a disk, read so that a file system that hangs never keeps the loop waiting.
//
// How it works: /proc/self/mountinfo tells what a path lies on without touching it. A local file
// system answers at once; any other is asked by a child process, whose answer is taken when it is
// there. One child a path: a hung one is left to itself until its file system comes back.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "base/result.h"
#include "engine/judge_guard.h"
#include "sys/unique_fd.h"

namespace lakebed {

[[nodiscard]] Result<Space> read_space(const std::string& path);

// What file system type `path` lies on, by the text of mountinfo; empty when that does not tell.
[[nodiscard]] std::string file_system_of(std::string_view mountinfo, std::string_view path);

// It may hang for reasons outside this machine.
[[nodiscard]] bool may_hang(std::string_view file_system);

class SpaceReader {
  public:
    SpaceReader() = default;
    SpaceReader(SpaceReader&&) = default;
    SpaceReader& operator=(SpaceReader&&) = default;

    // nullopt: asked, and no answer yet. Never blocks.
    [[nodiscard]] std::optional<Result<Space>> read(const std::string& path);

    // By a child, whatever file system it is.
    [[nodiscard]] std::optional<Result<Space>> read_by_child(const std::string& path);

  private:
    struct Asked {
        UniqueFd answer;
        pid_t child = -1;
    };
    std::map<std::string, Asked> asked_; // by path
};

} // namespace lakebed
