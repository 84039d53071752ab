#include "host/steps.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "host/host_paths.h"
#include "sys/files.h"

namespace lakebed {
namespace {

Result<void> mark(const EnsureDir& step) {
    std::optional<std::string> marker = read_marker(step.path);
    if (marker == step.marker) return {};
    if (marker)
        return fail(Errc::refused,
                    fmt::format("\"{}\" belongs to another site ({})", step.path, *marker),
                    "choose another directory");
    if (!TRY(is_empty_directory(step.path)))
        return fail(Errc::refused,
                    fmt::format("\"{}\" holds files and has no marker of ours", step.path),
                    "move them away, or choose another directory");
    return write_file_durably(fmt::format("{}/{}", step.path, kMarkerFile),
                              site_id_text(step.marker));
}

} // namespace

Result<void> ensure_directory(const EnsureDir& step) {
    const std::string parent = parent_of(step.path);
    TRY(make_directories(parent));
    bool made = ::mkdir(step.path.c_str(), 0700) == 0;
    if (!made && errno != EEXIST) return fail_errno("cannot make directory " + step.path, errno);
    UniqueFd fd(::open(step.path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd.valid() && (errno == ELOOP || errno == ENOTDIR))
        return fail(Errc::refused,
                    fmt::format("\"{}\" is a link or a file, no directory", step.path),
                    "name the directory itself");
    if (!fd.valid()) return fail_errno("cannot open directory " + step.path, errno);
    // The marker first: once the directory is the service's own, what lies in it is not ours to
    // judge.
    if (!step.marker.empty()) TRY(mark(step));
    if (::geteuid() == 0) {
        FileOwner owner = TRY(look_up_owner(step.owner, step.group).context(step.path));
        if (::fchown(fd.get(), owner.uid, owner.gid) != 0)
            return fail_errno("cannot set the owner of " + step.path, errno);
    }
    if (::fchmod(fd.get(), step.mode) != 0)
        return fail_errno("cannot set the mode of " + step.path, errno);
    if (::fsync(fd.get()) != 0) return fail_errno("cannot sync directory " + step.path, errno);
    return fsync_directory(parent);
}

} // namespace lakebed
