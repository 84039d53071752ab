// FileLock: an exclusive lock on a file that names its holder, let go when the owner goes.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "sys/unique_fd.h"

namespace lakebed {

class FileLock {
  public:
    // Does not wait: Errc::locked says who holds it (pid, user, verb, since when). `verb` is what
    // we are about to do: "apply". Directories on the way are made.
    [[nodiscard]] static Result<FileLock> acquire(const std::string& path, std::string_view verb);

  private:
    explicit FileLock(UniqueFd fd) : fd_(std::move(fd)) {}
    UniqueFd fd_;
};

} // namespace lakebed
