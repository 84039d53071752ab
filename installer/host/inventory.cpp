// What is on the host: files, owners, users, store entries, mounts.
#include "host/steps.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <fmt/format.h>

#include "host/host_paths.h"
#include "host/journal.h"
#include "sys/digest.h"
#include "sys/files.h"
#include "sys/ports.h"

namespace lakebed {
namespace {

constexpr std::size_t kJournalLimit = std::size_t{256} << 20;

Result<std::optional<PathInfo>> read_path(const std::string& path) {
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0) {
        if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
        return fail_errno("cannot look at " + path, errno);
    }
    PathInfo found;
    found.mode = info.st_mode & 07777;
    found.owner = user_name(info.st_uid);
    found.group = group_name(info.st_gid);
    if (S_ISREG(info.st_mode)) {
        found.type = PathInfo::Type::file;
        found.sha256 = TRY(sha256_of_file(path));
    } else if (S_ISDIR(info.st_mode)) {
        found.type = PathInfo::Type::directory;
        found.empty = TRY(is_empty_directory(path));
        found.marker = read_marker(path).value_or("");
    } else {
        found.type = PathInfo::Type::other;
    }
    return found;
}

// Octal escapes of /proc/self/mountinfo: "\040" is a space.
std::string unescaped(const std::string& text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 3 < text.size()) {
            plain.push_back(static_cast<char>(std::stoi(text.substr(i + 1, 3), nullptr, 8)));
            i += 3;
        } else {
            plain.push_back(text[i]);
        }
    }
    return plain;
}

bool is_below(const std::string& path, const std::string& directory) {
    return directory == "/" || path == directory ||
           (path.starts_with(directory) && path[directory.size()] == '/');
}

std::vector<std::string> read_mount_points() {
    std::vector<std::string> points;
    std::istringstream lines(read_file("/proc/self/mountinfo").value_or(""));
    std::string line;
    while (std::getline(lines, line)) {
        std::istringstream fields(line);
        std::string id, parent, device, root, point;
        fields >> id >> parent >> device >> root >> point;
        points.push_back(unescaped(point));
    }
    return points;
}

Result<MountInfo> read_mount(const std::string& path, const std::vector<std::string>& points) {
    // What is to be made lies where its nearest existing parent lies.
    std::filesystem::path existing = path;
    std::error_code error;
    while (!std::filesystem::exists(existing, error) && existing.has_relative_path())
        existing = existing.parent_path();
    std::string real = std::filesystem::canonical(existing, error).string();
    if (error) return fail_errno("cannot look at " + existing.string(), error.value());
    struct stat info {};
    struct statvfs space {};
    if (::stat(real.c_str(), &info) != 0 || ::statvfs(real.c_str(), &space) != 0)
        return fail_errno("cannot look at " + real, errno);
    MountInfo mount;
    mount.mount_point = "/";
    for (const std::string& point : points)
        if (is_below(real, point) && point.size() >= mount.mount_point.size())
            mount.mount_point = point;
    mount.device = fmt::format("{}:{}", major(info.st_dev), minor(info.st_dev));
    mount.free.bytes = std::uint64_t{space.f_bavail} * space.f_frsize;
    mount.noexec = (space.f_flag & ST_NOEXEC) != 0;
    mount.read_only = (space.f_flag & ST_RDONLY) != 0;
    return mount;
}

std::uint64_t number_after(const std::string& text, std::string_view label, int base = 10) {
    const std::size_t at = text.find(label);
    if (at == std::string::npos) return 0;
    return std::strtoull(text.c_str() + at + label.size(), nullptr, base);
}

// What PID 1 can give: fs.nr_open, or its own hard limit where it may not go beyond that.
std::uint64_t read_most_open_files() {
    constexpr int kSysResource = 24; // CAP_SYS_RESOURCE
    const std::uint64_t most = number_after(read_file("/proc/sys/fs/nr_open").value_or(""), "");
    const std::uint64_t caps =
        number_after(read_file("/proc/1/status").value_or(""), "CapEff:", 16);
    if (caps == 0 || (caps >> kSysResource & 1) != 0) return most;
    std::istringstream lines(read_file("/proc/1/limits").value_or(""));
    for (std::string line; std::getline(lines, line);) {
        std::istringstream fields(line);
        std::string max, open, files, soft, hard;
        fields >> max >> open >> files >> soft >> hard;
        if (open == "open") return std::min(most, number_after(hard, ""));
    }
    return most;
}

} // namespace

Result<Inventory> read_files_inventory(const Paths& paths, const InventoryQuery& query) {
    Inventory inventory;
    struct utsname system {};
    ::uname(&system);
    inventory.architecture = system.machine;
    inventory.most_open_files = read_most_open_files();
    inventory.is_root = ::geteuid() == 0;
    std::error_code error;
    inventory.has_systemd = std::filesystem::is_directory("/run/systemd/system", error);
    // Not TRY: g++ 12 takes its temporary for freed memory here (-Wfree-nonheap-object).
    Result<Generation> current = read_current_generation(paths);
    if (!current) return tl::unexpected(current.error());
    inventory.generation = current->number;
    inventory.manifest = std::move(current->manifest);
    inventory.unfinished =
        unfinished_files(read_file(journal_path(paths), kJournalLimit).value_or(""), paths.units);
    std::vector<std::string> wanted = query.paths;
    for (const auto& [path, sha256] : inventory.manifest)
        if (path.starts_with('/')) wanted.push_back(path);
    for (const std::string& path : wanted) {
        if (inventory.paths.contains(path)) continue;
        std::optional<PathInfo> info = TRY(read_path(path));
        if (info) inventory.paths[path] = std::move(*info);
    }
    for (const std::string& path : query.brought) {
        struct stat info {};
        if (::stat(path.c_str(), &info) != 0) continue;
        inventory.brought[path] = S_ISREG(info.st_mode)   ? PathInfo::Type::file
                                  : S_ISDIR(info.st_mode) ? PathInfo::Type::directory
                                                          : PathInfo::Type::other;
    }
    for (const std::string& user : query.users)
        if (user_exists(user)) inventory.users.insert(user);
    for (const std::string& entry : query.store)
        if (std::filesystem::exists(fmt::format("{}/{}", entry, kEntryFile), error))
            inventory.store.insert(entry);
    inventory.ports = TRY(read_port_holders(query.ports));
    std::vector<std::string> points = read_mount_points();
    for (const std::string& directory : query.mounts)
        inventory.mounts[directory] = TRY(read_mount(directory, points));
    return inventory;
}

} // namespace lakebed
