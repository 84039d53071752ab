// Files: reading and durable, atomic writing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sys/unique_fd.h"

namespace lakebed {

[[nodiscard]] Result<UniqueFd> open_file(const std::string& path, int flags,
                                         std::uint32_t mode = 0);

// Whole content. A missing file is Errc::not_found; more than `limit` bytes is an error.
[[nodiscard]] Result<std::string> read_file(const std::string& path,
                                            std::size_t limit = std::size_t{64} << 20);

// Content of a secret file: at most 64 KiB, one trailing newline dropped, empty is an error.
[[nodiscard]] Result<std::string> read_secret_file(const std::string& path);

struct FileOwner { // 0 is root
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
};

// Temporary file beside `path`, content, mode (whatever the umask) and owner, fsync, rename, fsync
// of the directory: after a crash either the old or the new content is there, whole.
[[nodiscard]] Result<void> write_file_durably(const std::string& path, std::string_view content,
                                              std::uint32_t mode = 0644, FileOwner owner = {});

// The same for a symbolic link.
[[nodiscard]] Result<void> write_link_durably(const std::string& path, const std::string& target);

[[nodiscard]] Result<void> write_all(int fd, std::string_view bytes);
[[nodiscard]] Result<void> fsync_directory(const std::string& path);

// mkdir -p; directories that are made get `mode` whatever the umask.
[[nodiscard]] Result<void> make_directories(const std::string& path, std::uint32_t mode = 0755);

// File names in a directory, sorted; a missing directory is empty.
[[nodiscard]] Result<std::vector<std::string>> list_directory(const std::string& path);

// Files *.toml of a directory, sorted by name: (path, text).
[[nodiscard]] Result<std::vector<std::pair<std::string, std::string>>>
read_toml_directory(const std::string& path);

} // namespace lakebed
