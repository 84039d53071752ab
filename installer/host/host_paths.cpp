#include "host/host_paths.h"

#include <algorithm>
#include <filesystem>

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/value.h"

namespace lakebed {

std::string journal_path(const Paths& paths) {
    return paths.state + "/journal";
}
std::string site_path(const Paths& paths) {
    return paths.state + "/site.toml";
}
std::string current_link(const Paths& paths) {
    return paths.state + "/current";
}
std::string generation_dir(const Paths& paths, int generation) {
    return fmt::format("{}/generations/{}", paths.state, generation);
}
std::string parent_of(const std::string& path) {
    return std::filesystem::path(path).parent_path().string();
}
std::string name_of(const std::string& path) {
    return std::filesystem::path(path).filename().string();
}

bool user_exists(const std::string& name) {
    passwd entry{};
    passwd* found = nullptr;
    char buffer[4096];
    return ::getpwnam_r(name.c_str(), &entry, buffer, sizeof buffer, &found) == 0 && found;
}

Result<FileOwner> look_up_owner(const std::string& user, const std::string& group) {
    FileOwner owner;
    char buffer[4096];
    passwd user_entry{};
    passwd* user_found = nullptr;
    if (::getpwnam_r(user.c_str(), &user_entry, buffer, sizeof buffer, &user_found) != 0 ||
        !user_found)
        return fail(fmt::format("there is no user \"{}\"", user));
    owner.uid = user_found->pw_uid;
    struct group group_entry {};
    struct group* group_found = nullptr;
    if (::getgrnam_r(group.c_str(), &group_entry, buffer, sizeof buffer, &group_found) != 0 ||
        !group_found)
        return fail(fmt::format("there is no group \"{}\"", group));
    owner.gid = group_found->gr_gid;
    return owner;
}

std::string user_name(std::uint32_t uid) {
    passwd entry{};
    passwd* found = nullptr;
    char buffer[4096];
    if (::getpwuid_r(uid, &entry, buffer, sizeof buffer, &found) == 0 && found)
        return found->pw_name;
    return std::to_string(uid);
}

std::string group_name(std::uint32_t gid) {
    struct group entry {};
    struct group* found = nullptr;
    char buffer[4096];
    if (::getgrgid_r(gid, &entry, buffer, sizeof buffer, &found) == 0 && found)
        return found->gr_name;
    return std::to_string(gid);
}

std::optional<std::string> read_site_id(const std::string& path) {
    // A service may write into its data directory: what it puts there in our marker's place is not
    // followed, and only a little of it is read.
    Result<UniqueFd> fd = open_file(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (!fd) return std::nullopt;
    char buffer[4096];
    ssize_t count = ::read(fd->get(), buffer, sizeof buffer);
    if (count <= 0) return std::nullopt;
    Diagnostics diagnostics;
    Value value = parse_toml({buffer, static_cast<std::size_t>(count)}, path, diagnostics);
    TableReader reader(value, "", diagnostics);
    return reader.string("site_id");
}

std::string site_id_text(const std::string& site_id) {
    Table table;
    set(table, "site_id", site_id);
    return "# Written by lakebed: this belongs to the site of that id.\n" + write_toml(table);
}

std::optional<std::string> read_marker(const std::string& directory) {
    return read_site_id(fmt::format("{}/{}", directory, kMarkerFile));
}

Result<bool> is_empty_directory(const std::string& directory) {
    std::vector<std::string> names = TRY(list_directory(directory));
    return std::all_of(names.begin(), names.end(), [](const std::string& name) {
        return name == "lost+found" || name.starts_with(kMarkerFile);
    });
}

} // namespace lakebed
