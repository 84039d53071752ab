#include "sys/archive.h"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <set>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include "sys/decode.h"
#include "sys/files.h"
#include "sys/glob.h"

namespace lakebed {
namespace {

using Components = std::vector<std::string>;

struct FreeArchive {
    void operator()(archive* reader) const { archive_read_free(reader); }
};
using Reader = std::unique_ptr<archive, FreeArchive>;

std::string error_text(archive* reader) {
    const char* text = archive_error_string(reader);
    return text ? text : "damaged";
}

std::string join(const Components& components) {
    std::string path;
    for (const std::string& part : components) path += (path.empty() ? "" : "/") + part;
    return path;
}

// Components of a member's name; nothing absolute and no ".." passes.
Result<Components> take_apart(const std::string& name) {
    auto refused = [&](std::string_view why) {
        return fail(Errc::refused, fmt::format("member \"{}\" {}", name.substr(0, 200), why));
    };
    if (name.empty() || name.size() > 4096) return refused("has no usable name");
    if (name.front() == '/') return refused("has an absolute name");
    Components components;
    std::size_t begin = 0;
    while (begin <= name.size()) {
        std::size_t end = std::min(name.find('/', begin), name.size());
        std::string part = name.substr(begin, end - begin);
        begin = end + 1;
        if (part == "..") return refused("leads out of the archive");
        if (part.size() > 255) return refused("has a name that is too long");
        if (!part.empty() && part != ".") components.push_back(std::move(part));
    }
    return components;
}

// A link whose leading ".." stay within `depth` directories and which has no ".." behind a name
// (that name might be a link itself, and ".." of its target is anywhere) cannot lead outside.
bool stays_inside(std::string_view target, std::size_t depth) {
    if (target.empty() || target.front() == '/') return false;
    std::size_t up = 0;
    bool named = false;
    while (!target.empty()) {
        std::size_t slash = target.find('/');
        std::string_view part = target.substr(0, slash);
        target = slash == std::string_view::npos ? std::string_view{} : target.substr(slash + 1);
        if (part == "..") {
            if (named || ++up > depth) return false;
        } else if (!part.empty() && part != ".") {
            named = true;
        }
    }
    return true;
}

Result<UniqueFd> enter(int parent, const std::string& name, bool make) {
    bool made = make && ::mkdirat(parent, name.c_str(), 0700) == 0;
    if (make && !made && errno != EEXIST) return fail_errno("cannot make directory " + name, errno);
    UniqueFd fd(::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd.valid() && (errno == ENOTDIR || errno == ELOOP))
        return fail(Errc::refused, fmt::format("\"{}\" is in the way of a directory", name));
    if (!fd.valid()) return fail_errno("cannot open directory " + name, errno);
    if (made && ::fchmod(fd.get(), 0755) != 0)
        return fail_errno("cannot set the mode of " + name, errno);
    return fd;
}

Result<UniqueFd> enter_all(int root, const Components& components, bool make) {
    UniqueFd fd(::fcntl(root, F_DUPFD_CLOEXEC, 0));
    if (!fd.valid()) return fail_errno("cannot duplicate a descriptor", errno);
    for (const std::string& part : components) fd = TRY(enter(fd.get(), part, make));
    return fd;
}

// Everything that is done to one archive: select, check, write.
class Extraction {
  public:
    Extraction(int root, std::uint64_t archive_size, const ExtractOptions& options)
        : root_(root), options_(options), used_(options.include.size(), false),
          limit_(std::min(options.max_bytes,
                          (std::uint64_t{16} << 20) + archive_size * options.max_ratio)) {}

    Result<ExtractReport> run(archive* reader) {
        TRY(make_directories_at(root_, options_.to));
        to_ = options_.to.empty() ? Components{} : TRY(take_apart(options_.to));
        std::uint64_t entries = 0;
        while (true) {
            archive_entry* entry = nullptr;
            int status = archive_read_next_header(reader, &entry);
            if (status == ARCHIVE_EOF) break;
            // A warning is about the name's encoding; an unusable name is refused below.
            if (status != ARCHIVE_OK && status != ARCHIVE_WARN) return fail(error_text(reader));
            if (++entries > options_.max_entries)
                return fail(Errc::refused,
                            fmt::format("more than {} members", options_.max_entries));
            if (cancelled(options_.cancel)) return fail("stopped on request");
            TRY(take(reader, entry));
        }
        for (std::size_t i = 0; i < used_.size(); ++i)
            if (!used_[i])
                return fail(fmt::format("nothing in it matches \"{}\"", options_.include[i]));
        if (report_.files == 0) return fail("nothing to unpack in it");
        return report_;
    }

  private:
    static std::string text(const char* utf8, const char* raw) {
        return utf8 ? utf8 : raw ? raw : "";
    }

    bool selected(const std::string& path, bool directory) {
        // "a/**" also selects the directory a itself.
        const std::string name = directory ? path + '/' : path;
        auto matches = [&](const std::string& glob) { return glob_matches(glob, name); };
        bool included = options_.include.empty();
        for (std::size_t i = 0; i < used_.size(); ++i)
            if (matches(options_.include[i])) included = used_[i] = true;
        return included && std::none_of(options_.exclude.begin(), options_.exclude.end(), matches);
    }

    // Where a member goes, below the root; nullopt when `strip` leaves nothing of it.
    std::optional<Components> place(const Components& name) const {
        auto strip = static_cast<std::size_t>(options_.strip);
        if (name.size() <= strip) return std::nullopt;
        Components placed = to_;
        placed.insert(placed.end(), name.begin() + options_.strip, name.end());
        return placed;
    }

    Result<void> take(archive* reader, archive_entry* entry) {
        const std::string name =
            text(archive_entry_pathname_utf8(entry), archive_entry_pathname(entry));
        Components parts = TRY(take_apart(name));
        const bool directory = archive_entry_filetype(entry) == AE_IFDIR;
        if (parts.empty() || !selected(join(parts), directory)) return {};
        std::optional<Components> placed = place(parts);
        if (!placed) return {};
        if (directory) {
            TRY(enter_all(root_, *placed, true).context(name));
            parent_.reset();
            return {};
        }
        if (!options_.rename.empty()) {
            if (report_.files > 0)
                return fail(fmt::format("\"{}\" is the second member to be named \"{}\"", name,
                                        options_.rename));
            placed->back() = options_.rename;
        }
        if (!made_.insert(join(*placed)).second)
            return fail(Errc::refused, fmt::format("member \"{}\" comes twice", name));
        TRY(write(reader, entry, *placed).context(fmt::format("member \"{}\"", name)));
        ++report_.files;
        return {};
    }

    Result<void> write(archive* reader, archive_entry* entry, const Components& placed) {
        TRY(enter_parent(placed));
        if (archive_entry_hardlink(entry) || archive_entry_hardlink_utf8(entry))
            return write_hard_link(
                text(archive_entry_hardlink_utf8(entry), archive_entry_hardlink(entry)),
                placed.back());
        switch (archive_entry_filetype(entry)) {
        case AE_IFREG:
            return write_file(reader, entry, placed.back());
        case AE_IFLNK:
            return write_link(text(archive_entry_symlink_utf8(entry), archive_entry_symlink(entry)),
                              placed);
        default:
            return fail(Errc::refused, "is neither file nor directory nor link");
        }
    }

    // Members come directory by directory: the last one's descriptor is worth keeping.
    Result<void> enter_parent(const Components& placed) {
        Components parent(placed.begin(), placed.end() - 1);
        if (parent_.valid() && parent == parent_name_) return {};
        parent_ = TRY(enter_all(root_, parent, true));
        parent_name_ = std::move(parent);
        return {};
    }

    Result<void> write_file(archive* reader, archive_entry* entry, const std::string& name) {
        UniqueFd fd(::openat(parent_.get(), name.c_str(),
                             O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
        if (!fd.valid() && errno == EEXIST) return fail(Errc::refused, "exists already");
        if (!fd.valid()) return fail_errno("cannot make it", errno);
        const std::uint64_t before = report_.bytes;
        while (true) {
            const void* data = nullptr;
            std::size_t size = 0;
            std::int64_t offset = 0;
            int status = archive_read_data_block(reader, &data, &size, &offset);
            if (status == ARCHIVE_EOF) break;
            if (status != ARCHIVE_OK) return fail(error_text(reader));
            std::uint64_t end = static_cast<std::uint64_t>(offset) + size;
            if (offset < 0 || end > limit_ - before)
                return fail(Errc::refused,
                            fmt::format("would make more than {} bytes of this archive", limit_));
            TRY(write_at(fd.get(), static_cast<const char*>(data), size, offset));
            report_.bytes = std::max(report_.bytes, before + end);
            if (options_.progress) options_.progress(report_.bytes);
            if (cancelled(options_.cancel)) return fail("stopped on request");
        }
        // A sparse file may end in a hole.
        if (archive_entry_size_is_set(entry)) {
            std::int64_t size = archive_entry_size(entry);
            std::uint64_t written = report_.bytes - before;
            if (size < 0 || static_cast<std::uint64_t>(size) > limit_ - before)
                return fail(Errc::refused, "says it is larger than allowed");
            if (static_cast<std::uint64_t>(size) > written) {
                if (::ftruncate(fd.get(), size) != 0) return fail_errno("cannot size it", errno);
                report_.bytes = before + static_cast<std::uint64_t>(size);
            }
        }
        std::uint32_t mode = options_.mode;
        if (mode == 0) mode = archive_entry_perm(entry) & 0111 ? 0755 : 0644;
        if (::fchmod(fd.get(), mode & 0755) != 0) return fail_errno("cannot set its mode", errno);
        return {};
    }

    static Result<void> write_at(int fd, const char* data, std::size_t size, std::int64_t offset) {
        while (size > 0) {
            ssize_t count = ::pwrite(fd, data, size, offset);
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) return fail_errno("cannot write it", errno);
            data += count;
            size -= static_cast<std::size_t>(count);
            offset += count;
        }
        return {};
    }

    Result<void> write_link(const std::string& target, const Components& placed) {
        if (!stays_inside(target, placed.size() - 1 - to_.size()))
            return fail(Errc::refused,
                        fmt::format("is a link that leads out of the archive: \"{}\"", target));
        if (::symlinkat(target.c_str(), parent_.get(), placed.back().c_str()) == 0) return {};
        return fail_errno("cannot make the link", errno);
    }

    // Only to a regular file that came out of this archive: another name of a symbolic link, at
    // another depth, would lead elsewhere.
    Result<void> write_hard_link(const std::string& target, const std::string& name) {
        std::optional<Components> placed = place(TRY(take_apart(target)));
        if (!placed || made_.count(join(*placed)) == 0)
            return fail(Errc::refused,
                        fmt::format("is a hard link to \"{}\", which was not unpacked", target));
        UniqueFd directory =
            TRY(enter_all(root_, Components(placed->begin(), placed->end() - 1), false));
        struct stat info {};
        if (::fstatat(directory.get(), placed->back().c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0)
            return fail_errno(fmt::format("cannot look at \"{}\"", target), errno);
        if (!S_ISREG(info.st_mode))
            return fail(Errc::refused, fmt::format("is a hard link to \"{}\", no file", target));
        if (::linkat(directory.get(), placed->back().c_str(), parent_.get(), name.c_str(), 0) != 0)
            return fail_errno("cannot make the hard link", errno);
        return {};
    }

    int root_;
    const ExtractOptions& options_;
    std::vector<bool> used_; // which include globs have matched
    std::uint64_t limit_;
    Components to_;
    std::set<std::string> made_;
    UniqueFd parent_;
    Components parent_name_;
    ExtractReport report_;
};

// Zip only with its directory at the end: read as a stream, a truncated one would look like a
// shorter one, and modes and links would be lost.
Reader make_reader() {
    Reader reader(archive_read_new());
    archive_read_support_format_tar(reader.get());
    archive_read_support_format_zip_seekable(reader.get());
    return reader;
}

constexpr std::size_t kBlock = std::size_t{256} << 10;

Result<ExtractReport> extract_plain(int fd, Extraction& extraction) {
    Reader reader = make_reader();
    if (archive_read_open_fd(reader.get(), fd, kBlock) != ARCHIVE_OK)
        return fail(error_text(reader.get()));
    return extraction.run(reader.get());
}

Result<ExtractReport> extract_decoded(Decoder::NextBlock next, Extraction& extraction) {
    std::unique_ptr<Decoder> decoder = TRY(Decoder::start(std::move(next)));
    Result<ExtractReport> report = extract_plain(decoder->fd(), extraction);
    Result<void> decoded = decoder->finish();
    // Whatever made us stop, data that cannot be decoded is the better reason; a refusal stays one.
    bool refused = !report && report.error().code == Errc::refused;
    if (!decoded && !refused) return tl::unexpected(decoded.error());
    return report;
}

// Blocks of a file, from its start.
Decoder::NextBlock blocks_of(int fd) {
    return [fd, offset = off_t{0},
            buffer = std::vector<char>(kBlock)]() mutable -> Result<std::string_view> {
        while (true) {
            ssize_t count = ::pread(fd, buffer.data(), buffer.size(), offset);
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) return fail_errno("cannot read the archive", errno);
            offset += count;
            return std::string_view(buffer.data(), static_cast<std::size_t>(count));
        }
    };
}

// Blocks of the member at which `outer` stands.
Decoder::NextBlock blocks_of(archive* outer) {
    return [outer, expected = std::int64_t{0}]() mutable -> Result<std::string_view> {
        const void* data = nullptr;
        std::size_t size = 0;
        std::int64_t offset = 0;
        int status = archive_read_data_block(outer, &data, &size, &offset);
        if (status == ARCHIVE_EOF) return std::string_view{};
        if (status != ARCHIVE_OK || offset != expected) return fail(error_text(outer));
        expected += static_cast<std::int64_t>(size);
        return std::string_view(static_cast<const char*>(data), size);
    };
}

Result<ExtractReport> extract_inner(int fd, Extraction& extraction, const std::string& glob) {
    Reader outer = make_reader();
    if (archive_read_open_fd(outer.get(), fd, kBlock) != ARCHIVE_OK)
        return fail(error_text(outer.get()));
    while (true) {
        archive_entry* entry = nullptr;
        int status = archive_read_next_header(outer.get(), &entry);
        if (status == ARCHIVE_EOF) return fail(fmt::format("nothing in it matches \"{}\"", glob));
        if (status != ARCHIVE_OK && status != ARCHIVE_WARN) return fail(error_text(outer.get()));
        const char* name = archive_entry_pathname(entry);
        if (!name || archive_entry_filetype(entry) != AE_IFREG || !glob_matches(glob, name))
            continue;
        const std::string inner_name = name;
        return extract_decoded(blocks_of(outer.get()), extraction).context(inner_name);
    }
}

} // namespace

Result<ExtractReport> extract_archive(int archive_fd, int root_fd, const ExtractOptions& options) {
    struct stat info {};
    if (::fstat(archive_fd, &info) != 0 || ::lseek(archive_fd, 0, SEEK_SET) != 0)
        return fail_errno("cannot read the archive", errno);
    char head[8] = {};
    ssize_t count = ::pread(archive_fd, head, sizeof head, 0);
    if (count < 0) return fail_errno("cannot read the archive", errno);
    Extraction extraction(root_fd, static_cast<std::uint64_t>(info.st_size), options);
    if (!options.inner.empty()) return extract_inner(archive_fd, extraction, options.inner);
    if (is_compressed({head, static_cast<std::size_t>(count)}))
        return extract_decoded(blocks_of(archive_fd), extraction);
    return extract_plain(archive_fd, extraction);
}

Result<void> make_directories_at(int root_fd, const std::string& path) {
    if (path.empty()) return {};
    Components parts = TRY(take_apart(path));
    TRY(enter_all(root_fd, parts, true));
    return {};
}

} // namespace lakebed
