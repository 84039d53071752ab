#include "sys/lock.h"

#include <cerrno>
#include <ctime>
#include <filesystem>

#include <fcntl.h>
#include <pwd.h>
#include <sys/file.h>
#include <unistd.h>

#include <fmt/format.h>

#include "sys/files.h"

namespace lakebed {
namespace {

std::string user_name() {
    passwd entry{};
    passwd* found = nullptr;
    char buffer[4096];
    if (::getpwuid_r(::geteuid(), &entry, buffer, sizeof buffer, &found) == 0 && found)
        return found->pw_name;
    return fmt::format("uid {}", ::geteuid());
}

std::string now_text() {
    std::time_t now = std::time(nullptr);
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text;
}

} // namespace

Result<FileLock> FileLock::acquire(const std::string& path, std::string_view verb) {
    TRY(make_directories(std::filesystem::path(path).parent_path().string()));
    UniqueFd fd = TRY(open_file(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0644));
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return fail_errno("cannot lock " + path, errno);
        std::string holder = read_file(path, 4096).value_or("");
        if (!holder.empty() && holder.back() == '\n') holder.pop_back();
        if (holder.empty()) holder = "somebody who has not said who";
        return fail(Errc::locked, fmt::format("{} is locked by {}", path, holder),
                    "wait until that run has ended, then try again");
    }
    // Holder first, then the old rest is cut off: a reader never finds the file empty.
    std::string holder =
        fmt::format("pid {} ({}), {}, since {}\n", ::getpid(), user_name(), verb, now_text());
    TRY(write_all(fd.get(), holder).context(path));
    if (::ftruncate(fd.get(), static_cast<off_t>(holder.size())) != 0)
        return fail_errno("cannot write " + path, errno);
    return FileLock(std::move(fd));
}

} // namespace lakebed
