#include "depot/adopt.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "depot/sniff.h"
#include "sys/copy.h"
#include "sys/digest.h"
#include "sys/files.h"

namespace lakebed {
namespace {

constexpr std::size_t kSniffed = 4096;

Result<std::string> first_bytes(int fd) {
    std::string bytes(kSniffed, '\0');
    ssize_t count = ::pread(fd, bytes.data(), bytes.size(), 0);
    if (count < 0) return fail_errno("cannot read it", errno);
    bytes.resize(static_cast<std::size_t>(count));
    return bytes;
}

// A regular file of one name only: what a client left for us, not what it points at.
Result<UniqueFd> open_plain(const std::string& path, struct stat& info) {
    UniqueFd fd = TRY(open_file(path, O_RDONLY | O_NOFOLLOW));
    if (::fstat(fd.get(), &info) != 0) return fail_errno("cannot look at " + path, errno);
    if (!S_ISREG(info.st_mode)) return fail(path + " is no regular file");
    return fd;
}

Result<std::string> checked_digest(int fd, std::uint64_t size, const Artifact& artifact,
                                   const std::function<void(std::uint64_t)>& progress) {
    std::string head = TRY(first_bytes(fd));
    TRY(check_content(head, artifact.type));
    if (artifact.size.bytes > 0 && size != artifact.size.bytes)
        return fail(Errc::verification, fmt::format("{} bytes came ({}), the catalog says {}", size,
                                                    describe_content(head), artifact.size.bytes));
    std::string sha256 = TRY(sha256_of_fd(fd, progress));
    if (!artifact.sha256.empty() && sha256 != artifact.sha256)
        return fail(
            Errc::verification,
            fmt::format("sha256 is {}, the catalog says {}", sha256, artifact.sha256),
            "the source has another file than the one that was tested; nothing was installed");
    return sha256;
}

IndexEntry entry_of(const Artifact& artifact, const std::string& sha256, const std::string& source,
                    const struct stat& info) {
    IndexEntry entry;
    entry.artifact = artifact.name;
    entry.version = artifact.version;
    entry.file = artifact.file;
    entry.sha256 = sha256;
    entry.size.bytes = static_cast<std::uint64_t>(info.st_size);
    entry.mtime_ns = std::int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec;
    entry.source = source;
    return entry;
}

// Readable for all: the depot may be served. Programs stay executable, so that the store can link
// them instead of copying.
Result<void> settle(int fd, const Artifact& artifact) {
    if (::fchmod(fd, artifact.type == ContentType::elf ? 0755 : 0644) != 0)
        return fail_errno("cannot set its mode", errno);
    if (::fsync(fd) != 0) return fail_errno("cannot sync it", errno);
    return {};
}

Result<IndexEntry> adopt_own(const std::string& depot, const Artifact& artifact,
                             const std::string& path, const std::string& source,
                             const std::function<void(std::uint64_t)>& progress) {
    struct stat info {};
    UniqueFd fd = TRY(open_plain(path, info));
    std::string sha256 =
        TRY(checked_digest(fd.get(), static_cast<std::uint64_t>(info.st_size), artifact, progress));
    TRY(settle(fd.get(), artifact));
    const std::string stored = stored_path(depot, sha256);
    if (::rename(path.c_str(), stored.c_str()) != 0)
        return fail_errno("cannot move it to " + stored, errno);
    TRY(fsync_directory(depot + "/sha256"));
    return entry_of(artifact, sha256, source, info);
}

} // namespace

Result<IndexEntry> adopt(const std::string& depot, const Artifact& artifact,
                         const std::string& path, const std::string& source,
                         const std::function<void(std::uint64_t)>& progress) {
    struct stat info {};
    UniqueFd fd = TRY(open_plain(path, info));
    std::string own = path;
    // What the operator brought stays where it is. A file of somebody else's, or with a second
    // name, could go on being written to.
    bool ours =
        path.starts_with(depot + "/tmp/") && info.st_uid == ::geteuid() && info.st_nlink == 1;
    if (!ours) {
        own = depot + "/tmp/" + artifact.name + ".copy";
        UniqueFd copy = TRY(open_file(own, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600));
        TRY(copy_contents(fd.get(), copy.get()).context(own));
    }
    Result<IndexEntry> entry = adopt_own(depot, artifact, own, source, progress);
    if (!entry) ::unlink(own.c_str());
    return entry;
}

Result<IndexEntry> verify_stored(const std::string& depot, const Artifact& artifact,
                                 const std::string& sha256, const std::string& source,
                                 const std::function<void(std::uint64_t)>& progress) {
    struct stat info {};
    UniqueFd fd = TRY(open_plain(stored_path(depot, sha256), info));
    Artifact pinned = artifact;
    pinned.sha256 = sha256;
    TRY(checked_digest(fd.get(), static_cast<std::uint64_t>(info.st_size), pinned, progress));
    return entry_of(artifact, sha256, source, info);
}

} // namespace lakebed
