#include "driver/disk_space.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>

#include <fcntl.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/files.h"

namespace lakebed {
namespace {

// What the child writes to its pipe: less than PIPE_BUF, so all of it or nothing.
struct Answer {
    int error = 0;
    Space space;
};

// Async-signal-safe: it runs between fork and _exit.
Answer ask(const char* path) {
    struct statvfs disk {};
    if (::statvfs(path, &disk) != 0) return {errno, {}};
    return {0,
            {.size = std::uint64_t{disk.f_blocks} * disk.f_frsize,
             .free = std::uint64_t{disk.f_bavail} * disk.f_frsize,
             .inodes = disk.f_files,
             .inodes_free = disk.f_favail}};
}

Result<Space> to_result(const std::string& path, const Answer& answer) {
    if (answer.error != 0)
        return fail_errno("cannot see how much space is left on " + path, answer.error);
    return answer.space;
}

// mountinfo writes blanks as \040.
std::string unescaped(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 3 < text.size()) {
            out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                                     (text[i + 3] - '0'));
            i += 3;
        } else {
            out += text[i];
        }
    }
    return out;
}

std::string_view field(std::string_view line, int index) {
    for (; index > 0; --index) {
        const std::size_t blank = line.find(' ');
        if (blank == std::string_view::npos) return {};
        line.remove_prefix(blank + 1);
    }
    return line.substr(0, line.find(' '));
}

} // namespace

Result<Space> read_space(const std::string& path) {
    return to_result(path, ask(path.c_str()));
}

std::string file_system_of(std::string_view mountinfo, std::string_view path) {
    std::string type;
    std::size_t longest = 0;
    while (!mountinfo.empty()) {
        const std::size_t end = mountinfo.find('\n');
        const std::string_view line = mountinfo.substr(0, end);
        mountinfo.remove_prefix(end == std::string_view::npos ? mountinfo.size() : end + 1);
        const std::size_t dash = line.find(" - ");
        if (dash == std::string_view::npos) continue;
        const std::string mount = unescaped(field(line, 4));
        const bool above = mount == "/" || path == mount ||
                           (path.starts_with(mount) && path.substr(mount.size()).starts_with("/"));
        if (!above || mount.size() < longest) continue; // of equals the later lies on top
        longest = mount.size();
        type = field(line.substr(dash + 3), 0);
    }
    return type;
}

bool may_hang(std::string_view file_system) {
    static constexpr std::array<std::string_view, 14> kLocal = {
        "ext2", "ext3", "ext4", "xfs",     "btrfs", "tmpfs",  "zfs",
        "f2fs", "jfs",  "vfat", "overlay", "ramfs", "rootfs", "bcachefs"};
    return std::ranges::find(kLocal, file_system) == kLocal.end();
}

std::optional<Result<Space>> SpaceReader::read(const std::string& path) {
    const std::string mounts = read_file("/proc/self/mountinfo").value_or("");
    if (may_hang(file_system_of(mounts, path))) return read_by_child(path);
    return read_space(path);
}

std::optional<Result<Space>> SpaceReader::read_by_child(const std::string& path) {
    if (auto asked = asked_.find(path); asked != asked_.end()) {
        Answer answer;
        const ssize_t size = ::read(asked->second.answer.get(), &answer, sizeof answer);
        if (size < 0 && (errno == EAGAIN || errno == EINTR)) return {};
        if (size != sizeof answer) answer.error = EIO; // it was killed
        ::waitpid(asked->second.child, nullptr, 0);    // it has nothing left to do but end
        asked_.erase(asked);
        return to_result(path, answer);
    }
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return fail_errno("cannot make a pipe", errno);
    UniqueFd reading(ends[0]), writing(ends[1]);
    const pid_t child = ::fork();
    if (child < 0) return fail_errno("cannot fork", errno);
    if (child == 0) {
        // Kept open in a hung child, a listening socket of ours would be in the way of the next
        // lakebedd.
        const unsigned keep = static_cast<unsigned>(writing.get());
        if (keep > 3) (void)::close_range(3, keep - 1, 0);
        (void)::close_range(keep + 1, ~0U, 0);
        const Answer answer = ask(path.c_str());
        (void)!::write(writing.get(), &answer, sizeof answer);
        ::_exit(0);
    }
    asked_.emplace(path, Asked{std::move(reading), child});
    return {};
}

} // namespace lakebed
