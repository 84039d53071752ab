// Store entries: artifacts of the depot laid out as a component.
//
// Everything is written once, without a sync for each file, into a directory beside the entry; one
// syncfs() makes it durable before the rename that makes it visible. Plain files come from
// <store>/.blobs/<sha256>, which entries share by hard links, and which is itself another name of
// the depot's file where both are on one file system.
#include "host/steps.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "host/host_paths.h"
#include "sys/archive.h"
#include "sys/copy.h"
#include "sys/digest.h"
#include "sys/files.h"

namespace lakebed {
namespace {

struct Source {
    const Artifact* artifact = nullptr;
    std::string sha256;
    UniqueFd fd;
};

class Layout {
  public:
    Layout(const Unpack& step, KnownBlobs& blobs, const StepProgress& progress)
        : step_(step), blobs_(blobs), progress_(progress), store_(parent_of(step.entry.path)),
          staging_(fmt::format("{}/.{}.part", store_, name_of(step.entry.path))) {
        total_ = step.entry.unpacked.bytes;
        for (const DepotEntry& entry : step.from) total_ += entry.size.bytes;
    }

    Result<void> run() {
        std::error_code error;
        if (std::filesystem::exists(fmt::format("{}/{}", step_.entry.path, kEntryFile), error))
            return {};
        if (std::filesystem::exists(std::filesystem::symlink_status(step_.entry.path, error)))
            return fail(
                Errc::refused,
                fmt::format("\"{}\" is there, but is no complete store entry", step_.entry.path),
                "move it away and run again");
        TRY(make_directories(store_ + "/.blobs"));
        std::filesystem::remove_all(staging_, error); // of a killed run
        TRY(fill());
        return commit();
    }

    void remove_staging() {
        std::error_code ignored; // the next run removes it, too
        std::filesystem::remove_all(staging_, ignored);
    }

  private:
    Result<void> fill() {
        TRY(make_directories(staging_));
        root_ = TRY(open_file(staging_, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
        // A set-group-id store would hand its group down to every file.
        if (::geteuid() == 0 && ::fchown(root_.get(), 0, 0) != 0)
            return fail_errno("cannot set the owner of " + staging_, errno);
        for (const DepotEntry& entry : step_.from) sources_.push_back(TRY(open_verified(entry)));
        for (const LayoutStep& layout : step_.entry.layout) {
            auto source =
                std::find_if(sources_.begin(), sources_.end(), [&](const Source& candidate) {
                    return candidate.artifact->name == layout.artifact;
                });
            if (source == sources_.end())
                return fail(
                    fmt::format("artifact {} is not among those of the step", layout.artifact));
            Result<void> laid = layout.unpack ? extract(*source, layout) : place(*source, layout);
            TRY(std::move(laid).context(source->artifact->file));
        }
        return {};
    }

    // Nothing is unpacked before all of it has been read and found to be what the catalog pins. The
    // descriptor stays: what was verified is what is unpacked.
    Result<Source> open_verified(const DepotEntry& entry) {
        Source source;
        for (const Artifact& artifact : step_.entry.artifacts)
            if (artifact.name == entry.artifact) source.artifact = &artifact;
        if (!source.artifact)
            return fail(fmt::format("artifact {} is not of this component", entry.artifact));
        source.sha256 = source.artifact->sha256.empty() ? entry.sha256 : source.artifact->sha256;
        source.fd = TRY(open_file(entry.path, O_RDONLY | O_NOFOLLOW));
        std::uint64_t before = done_;
        std::string found = TRY(sha256_of_fd(source.fd.get(), [&](std::uint64_t bytes) {
                                    report(before + bytes);
                                }).context(entry.path));
        if (found != source.sha256)
            return fail(
                Errc::verification,
                fmt::format("{} has the sha256 {}, expected {}", entry.path, found, source.sha256),
                "run lakebed fetch --verify");
        return source;
    }

    Result<void> extract(const Source& source, const LayoutStep& layout) {
        ExtractOptions options;
        options.to = layout.to;
        options.inner = layout.inner;
        options.include = layout.include;
        options.exclude = layout.exclude;
        options.strip = layout.strip;
        options.rename = layout.rename;
        options.mode = layout.mode;
        // The catalog says what the component needs; a tenth more than that is a catalog to
        // correct.
        options.max_bytes = step_.entry.unpacked.bytes * 2 + (std::uint64_t{64} << 20);
        std::uint64_t before = done_;
        options.progress = [&](std::uint64_t bytes) { report(before + bytes); };
        TRY(extract_archive(source.fd.get(), root_.get(), options));
        return {};
    }

    Result<void> place(const Source& source, const LayoutStep& layout) {
        const std::uint32_t mode = layout.mode == 0 ? 0644 : layout.mode & 0755;
        const std::string name = layout.rename.empty() ? source.artifact->file : layout.rename;
        if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos)
            return fail(Errc::refused, fmt::format("\"{}\" is no file name", name));
        const std::string blob = TRY(ensure_blob(source, mode));
        TRY(make_directories_at(root_.get(), layout.to));
        std::string target = (layout.to.empty() ? "" : layout.to + '/') + name;
        if (::linkat(AT_FDCWD, blob.c_str(), root_.get(), target.c_str(), 0) != 0)
            return fail_errno(fmt::format("cannot link {} as {}", blob, target), errno);
        report(done_ + source.artifact->size.bytes);
        return {};
    }

    // Path of the blob, whole and right. Hard links share their mode, so it is part of the name.
    Result<std::string> ensure_blob(const Source& source, std::uint32_t mode) {
        const std::string name = source.sha256 + (mode == 0644 ? "" : fmt::format("-{:03o}", mode));
        const std::string path = store_ + "/.blobs/" + name;
        if (is_known(name) || is_good(path, source.sha256, mode)) {
            remember(name);
            return path;
        }
        ::unlink(path.c_str()); // damaged, by a power cut before it was synced
        if (!link_depot_file(source, mode, path)) TRY(copy_depot_file(source, mode, path));
        remember(name);
        return path;
    }

    bool is_known(const std::string& name) {
        std::lock_guard hold(blobs_.mutex);
        return blobs_.names.contains(name);
    }
    void remember(const std::string& name) {
        std::lock_guard hold(blobs_.mutex);
        blobs_.names.insert(name);
    }

    static bool is_ours(const struct stat& info, std::uint32_t mode) {
        return S_ISREG(info.st_mode) && info.st_uid == ::geteuid() &&
               (info.st_mode & 07777) == mode;
    }

    static bool is_good(const std::string& path, const std::string& sha256, std::uint32_t mode) {
        Result<UniqueFd> fd = open_file(path, O_RDONLY | O_NOFOLLOW);
        struct stat info {};
        if (!fd || ::fstat(fd->get(), &info) != 0 || !is_ours(info, mode)) return false;
        Result<std::string> found = sha256_of_fd(fd->get());
        return found && *found == sha256;
    }

    // Only a file that nobody but us can write; then another name costs nothing.
    static bool link_depot_file(const Source& source, std::uint32_t mode, const std::string& path) {
        struct stat info {};
        if (::fstat(source.fd.get(), &info) != 0 || !is_ours(info, mode)) return false;
        std::string opened = fmt::format("/proc/self/fd/{}", source.fd.get());
        return ::linkat(AT_FDCWD, opened.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0 ||
               errno == EEXIST;
    }

    Result<void> copy_depot_file(const Source& source, std::uint32_t mode,
                                 const std::string& path) {
        // By component: another one may be copying the same file at this moment.
        const std::string temporary = fmt::format("{}.{}.part", path, step_.entry.component);
        ::unlink(temporary.c_str());
        UniqueFd to = TRY(open_file(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
        std::uint64_t before = done_;
        TRY(copy_contents(source.fd.get(), to.get(), [&](std::uint64_t bytes) {
                report(before + bytes);
            }).context(temporary));
        if (::fchmod(to.get(), mode) != 0)
            return fail_errno("cannot set the mode of " + temporary, errno);
        if (::rename(temporary.c_str(), path.c_str()) != 0)
            return fail_errno("cannot rename " + temporary, errno);
        return {};
    }

    Result<void> commit() {
        std::string marker = fmt::format("# Written by lakebed when the entry was complete.\n"
                                         "component = \"{}\"\nversion = \"{}\"\n",
                                         step_.entry.component, step_.entry.version);
        std::string path = fmt::format("{}/{}", staging_, kEntryFile);
        UniqueFd fd = TRY(open_file(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0644));
        TRY(write_all(fd.get(), marker).context(path));
        if (::fchmod(fd.get(), 0644) != 0)
            return fail_errno("cannot set the mode of " + path, errno);
        if (::syncfs(root_.get()) != 0) return fail_errno("cannot sync " + store_, errno);
        if (::rename(staging_.c_str(), step_.entry.path.c_str()) != 0)
            return fail_errno("cannot rename " + staging_, errno);
        return fsync_directory(store_);
    }

    void report(std::uint64_t done) {
        done_ = std::max(done_, done);
        if (progress_) progress_(std::min(done_, total_), total_);
    }

    const Unpack& step_;
    KnownBlobs& blobs_;
    const StepProgress& progress_;
    std::string store_;
    std::string staging_;
    UniqueFd root_;
    std::vector<Source> sources_;
    std::uint64_t done_ = 0;
    std::uint64_t total_ = 0;
};

} // namespace

Result<void> unpack(const Unpack& step, KnownBlobs& blobs, const StepProgress& progress) {
    Layout layout(step, blobs, progress);
    Result<void> done = layout.run();
    if (!done) layout.remove_staging();
    return done;
}

} // namespace lakebed
