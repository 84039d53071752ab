// Where the host keeps its own files below Paths, and the accounts that own files.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "plan/stack.h"
#include "sys/files.h"

namespace lakebed {

inline constexpr std::string_view kMarkerFile = ".lakebed";      // in directories we own
inline constexpr std::string_view kEntryFile = ".lakebed-entry"; // in complete store entries

[[nodiscard]] std::string journal_path(const Paths& paths);
[[nodiscard]] std::string site_path(const Paths& paths); // site.toml
[[nodiscard]] std::string current_link(const Paths& paths);
[[nodiscard]] std::string generation_dir(const Paths& paths, int generation);
[[nodiscard]] std::string parent_of(const std::string& path);
[[nodiscard]] std::string name_of(const std::string& path);

// Ids of the account names; an unknown one is an error.
[[nodiscard]] Result<FileOwner> look_up_owner(const std::string& user, const std::string& group);
[[nodiscard]] bool user_exists(const std::string& name);
[[nodiscard]] std::string user_name(std::uint32_t uid); // the number when it has no name
[[nodiscard]] std::string group_name(std::uint32_t gid);

// The site's id in the marker of a directory; nullopt when it has none.
[[nodiscard]] std::optional<std::string> read_marker(const std::string& directory);

// Holds nothing, or what mkfs and our own marker put there.
[[nodiscard]] Result<bool> is_empty_directory(const std::string& directory);

// `site_id` of a small TOML file; nullopt when the file is missing or has none.
[[nodiscard]] std::optional<std::string> read_site_id(const std::string& path);
[[nodiscard]] std::string site_id_text(const std::string& site_id);

} // namespace lakebed
