// extract_archive: members of a zip or tar archive as files below a directory, and nothing
// elsewhere.
//
// How it works: libarchive decodes (in a thread of its own, see decode.h); every name is taken
// apart and checked here, and each file is made with openat() below a directory descriptor without
// following links. Only files, directories, links that stay inside pass; modes become 0644 or 0755;
// anything else is an error, not skipped.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "sys/cancel.h"

namespace lakebed {

struct ExtractOptions {
    std::string to;    // directory below the root; "" is the root itself
    std::string inner; // glob: unpack the archive of that name inside the archive instead
    std::vector<std::string> include; // globs on the member's path, before `strip`; empty: all
    std::vector<std::string> exclude;
    int strip = 0;          // leading path components to drop
    std::string rename;     // file name of the one file that matches
    std::uint32_t mode = 0; // of all files; 0: from the archive, as 0644 or 0755
    std::uint64_t max_bytes = std::uint64_t{8} << 30; // of all files
    std::uint64_t max_entries = 200000;
    std::uint64_t max_ratio = 250; // bytes written for each byte of archive, above the first 16 MiB
    const CancelFlag* cancel = nullptr;
    std::function<void(std::uint64_t)> progress; // bytes written so far
};

struct ExtractReport {
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;
};

// Reads the archive from the start of `archive_fd`, writes below `root_fd`. On failure the files
// made so far stay: the caller works in a staging directory and drops it.
[[nodiscard]] Result<ExtractReport> extract_archive(int archive_fd, int root_fd,
                                                    const ExtractOptions& options);

// Directories of a path below `root_fd`, made 0755 when missing, no links followed; empty path:
// root.
[[nodiscard]] Result<void> make_directories_at(int root_fd, const std::string& path);

} // namespace lakebed
