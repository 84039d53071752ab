#include "sys/files.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

namespace lakebed {
namespace {

std::string parent_of(const std::string& path) {
    std::string parent = std::filesystem::path(path).parent_path().string();
    return parent.empty() ? "." : parent;
}

std::string temporary_beside(const std::string& path) {
    return fmt::format("{}.{}.tmp", path, ::getpid());
}

Result<void> fill_and_sync(int fd, const std::string& path, std::string_view content,
                           std::uint32_t mode, FileOwner owner) {
    TRY(write_all(fd, content).context(path));
    if (::geteuid() == 0 && ::fchown(fd, owner.uid, owner.gid) != 0)
        return fail_errno("cannot set the owner of " + path, errno);
    if (::fchmod(fd, mode) != 0) return fail_errno("cannot set the mode of " + path, errno);
    if (::fsync(fd) != 0) return fail_errno("cannot sync " + path, errno);
    return {};
}

} // namespace

Result<UniqueFd> open_file(const std::string& path, int flags, std::uint32_t mode) {
    UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC, mode));
    if (fd.valid()) return fd;
    int error = errno;
    auto failure = fail_errno("cannot open " + path, error);
    if (error == ENOENT) failure.value().code = Errc::not_found;
    return failure;
}

Result<std::string> read_file(const std::string& path, std::size_t limit) {
    UniqueFd fd = TRY(open_file(path, O_RDONLY));
    std::string content;
    char buffer[65536];
    while (true) {
        ssize_t count = ::read(fd.get(), buffer, sizeof buffer);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return fail_errno("cannot read " + path, errno);
        if (count == 0) return content;
        content.append(buffer, static_cast<std::size_t>(count));
        if (content.size() > limit)
            return fail(fmt::format("{} is larger than {} bytes", path, limit));
    }
}

Result<std::string> read_secret_file(const std::string& path) {
    std::string content = TRY(read_file(path, 65536));
    if (!content.empty() && content.back() == '\n') content.pop_back();
    if (content.empty()) return fail(path + " is empty", "write the secret into it");
    return content;
}

Result<void> write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        ssize_t count = ::write(fd, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return fail_errno("cannot write", errno);
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
}

Result<void> fsync_directory(const std::string& path) {
    UniqueFd fd = TRY(open_file(path, O_RDONLY | O_DIRECTORY));
    if (::fsync(fd.get()) != 0) return fail_errno("cannot sync directory " + path, errno);
    return {};
}

Result<void> write_file_durably(const std::string& path, std::string_view content,
                                std::uint32_t mode, FileOwner owner) {
    std::string temporary = temporary_beside(path);
    ::unlink(temporary.c_str());
    Result<void> written = [&]() -> Result<void> {
        UniqueFd fd = TRY(open_file(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
        TRY(fill_and_sync(fd.get(), path, content, mode, owner));
        if (::rename(temporary.c_str(), path.c_str()) != 0)
            return fail_errno("cannot rename " + temporary + " to " + path, errno);
        return fsync_directory(parent_of(path));
    }();
    if (!written) ::unlink(temporary.c_str());
    return written;
}

Result<void> write_link_durably(const std::string& path, const std::string& target) {
    std::string temporary = temporary_beside(path);
    ::unlink(temporary.c_str());
    if (::symlink(target.c_str(), temporary.c_str()) != 0)
        return fail_errno("cannot make link " + temporary, errno);
    if (::rename(temporary.c_str(), path.c_str()) != 0) {
        int error = errno;
        ::unlink(temporary.c_str());
        return fail_errno("cannot rename " + temporary + " to " + path, error);
    }
    return fsync_directory(parent_of(path));
}

Result<void> make_directories(const std::string& path, std::uint32_t mode) {
    std::string made;
    for (const auto& part : std::filesystem::path(path)) {
        made = made.empty() ? part.string() : (std::filesystem::path(made) / part).string();
        // With its mode from the start: killed before the chmod() that an unusual umask makes
        // necessary, a directory would stay closed for good.
        if (::mkdir(made.c_str(), mode) == 0) {
            if (::chmod(made.c_str(), mode) != 0)
                return fail_errno("cannot set the mode of " + made, errno);
            TRY(fsync_directory(parent_of(made)));
        } else if (errno != EEXIST) {
            return fail_errno("cannot make directory " + made, errno);
        }
    }
    if (struct stat info{}; ::stat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode))
        return fail(path + " exists and is no directory");
    return {};
}

Result<std::vector<std::string>> list_directory(const std::string& path) {
    std::vector<std::string> names;
    std::error_code error;
    for (std::filesystem::directory_iterator it(path, error), end; !error && it != end;
         it.increment(error))
        names.push_back(it->path().filename().string());
    if (error && error != std::errc::no_such_file_or_directory)
        return fail_errno("cannot list " + path, error.value());
    std::sort(names.begin(), names.end());
    return names;
}

Result<std::vector<std::pair<std::string, std::string>>>
read_toml_directory(const std::string& path) {
    std::vector<std::pair<std::string, std::string>> files;
    for (const std::string& name : TRY(list_directory(path))) {
        if (!name.ends_with(".toml")) continue;
        std::string file = path + '/' + name;
        files.emplace_back(file, TRY(read_file(file)));
    }
    return files;
}

} // namespace lakebed
