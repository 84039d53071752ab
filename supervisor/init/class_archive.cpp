// make_class_archive() and write_jvm_arguments(): one service.
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "init/class_archives.h"
#include "init/jvm_command.h"
#include "init/run_job.h"
#include "model/class_archive.h"
#include "sys/copy.h"
#include "sys/files.h"
#include "sys/process.h"

namespace lakebed {
namespace {

constexpr std::size_t kListLimit = std::size_t{16} << 20;
constexpr off_t kArchiveLimit = off_t{1} << 30;
constexpr int kFewestClasses = 100; // a JVM that says nothing has loaded 400

bool only_root_writes(const struct stat& file) {
    return S_ISREG(file.st_mode) && file.st_uid == 0 && (file.st_mode & 022) == 0;
}

Result<std::string> read_open(int fd, const std::string& what, std::size_t limit) {
    std::string content;
    char buffer[65536];
    while (true) {
        ssize_t count = ::read(fd, buffer, sizeof buffer);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return fail_errno("cannot read " + what, errno);
        if (count == 0) return content;
        content.append(buffer, static_cast<std::size_t>(count));
        if (content.size() > limit)
            return fail(Errc::refused, fmt::format("{} is larger than {} bytes", what, limit));
    }
}

Result<std::string> read_proc(int process, const char* name) {
    UniqueFd fd(::openat(process, name, O_RDONLY | O_CLOEXEC));
    if (!fd.valid()) return fail_errno(fmt::format("cannot open {} of the process", name), errno);
    return read_open(fd.get(), name, kListLimit);
}

// A file of the service's own in its runtime directory: no link, no pipe, nobody else's.
Result<std::string> read_of_service(const std::string& directory, std::string_view name, uid_t user,
                                    std::size_t limit) {
    const std::string path = fmt::format("{}/{}", directory, name);
    UniqueFd parent = TRY(open_file(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    UniqueFd fd(::openat(parent.get(), std::string(name).c_str(),
                         O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!fd.valid()) return fail_errno("cannot open " + path, errno);
    struct stat info {};
    if (::fstat(fd.get(), &info) != 0) return fail_errno("cannot look at " + path, errno);
    if (!S_ISREG(info.st_mode) || info.st_uid != user)
        return fail(Errc::refused, path + " is no regular file of the service's user");
    return read_open(fd.get(), path, limit);
}

Result<std::string> java_of(int process) {
    char target[4096];
    ssize_t length = ::readlinkat(process, "exe", target, sizeof target);
    if (length < 0) return fail_errno("cannot read which program it runs", errno);
    std::string java(target, static_cast<std::size_t>(length));
    struct stat info {};
    if (!java.ends_with("/bin/java") || ::stat(java.c_str(), &info) != 0 || !only_root_writes(info))
        return fail(Errc::refused,
                    fmt::format("\"{}\" is no java that root alone can write", java));
    return java;
}

// A directory of root's, and in it one that the service's user may fill.
class Scratch {
  public:
    static Result<Scratch> make(const std::string& parent, FileOwner user) {
        std::string path = parent + "/lakebed-class-archive-XXXXXX";
        if (::mkdtemp(path.data()) == nullptr) return fail_errno("cannot make " + path, errno);
        Scratch scratch(path);
        const std::string out = scratch / "out";
        if (::chmod(path.c_str(), 0711) != 0 || ::mkdir(out.c_str(), 0700) != 0 ||
            ::chown(out.c_str(), user.uid, user.gid) != 0)
            return fail_errno("cannot make " + out, errno);
        return scratch;
    }
    Scratch(Scratch&& other) noexcept : path_(std::exchange(other.path_, {})) {}
    Scratch& operator=(Scratch&&) = delete;
    ~Scratch() {
        std::error_code ignored; // it goes with the unit's private /var/tmp
        if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
    }
    [[nodiscard]] std::string operator/(std::string_view name) const {
        return fmt::format("{}/{}", path_, name);
    }

  private:
    explicit Scratch(std::string path) : path_(std::move(path)) {}
    std::string path_;
};

struct Dump {
    std::string java;
    JvmCommand command;
    FileOwner user;
    std::string list;    // file
    std::string archive; // file to make
    std::string directory;
    Duration timeout;
};

Result<void> run_java(const Dump& dump, const std::string& class_path,
                      std::vector<std::string> arguments, std::string_view what) {
    ChildSpec child;
    child.argv = {dump.java};
    child.argv.insert(child.argv.end(), dump.command.flags.begin(), dump.command.flags.end());
    child.argv.insert(child.argv.end(), {"-XX:SharedArchiveFile=" + dump.archive,
                                         "-XX:-UsePerfData", "-Xlog:disable", "-Xlog:all=error"});
    child.argv.insert(child.argv.end(), arguments.begin(), arguments.end());
    child.clear_environment = true;
    child.environment = {"CLASSPATH=" + class_path, "LANG=C.UTF-8", "MALLOC_ARENA_MAX=2"};
    child.directory = dump.directory;
    child.user = dump.user;
    child.timeout = std::chrono::ceil<std::chrono::milliseconds>(dump.timeout);
    ChildExit ended = TRY(run_child(child));
    if (ended.timed_out)
        return fail(fmt::format("{} did not end within {}", what, to_string(dump.timeout)));
    if (!ended.ok())
        return fail(fmt::format("{} failed with status {}: {}", what, ended.status,
                                last_lines(ended.output, ended.errors)));
    return {};
}

// Into place with a new inode: JVMs go on with the file they have mapped.
Result<std::uint64_t> publish(const std::string& made, uid_t maker, const std::string& archive) {
    UniqueFd from = TRY(open_file(made, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
    struct stat info {};
    if (::fstat(from.get(), &info) != 0) return fail_errno("cannot look at " + made, errno);
    if (!S_ISREG(info.st_mode) || info.st_uid != maker || info.st_size > kArchiveLimit)
        return fail(Errc::refused, "what java wrote is no archive of a usual size");
    const std::filesystem::path path(archive);
    const std::string part =
        fmt::format("{}/.{}.part", path.parent_path().string(), path.filename().string());
    if (::unlink(part.c_str()) != 0 && errno != ENOENT)
        return fail_errno("cannot remove " + part, errno);
    UniqueFd to = TRY(open_file(part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
    std::uint64_t bytes = TRY(copy_contents(from.get(), to.get()));
    if (::fchmod(to.get(), 0644) != 0) return fail_errno("cannot set the mode of " + part, errno);
    if (::fsync(to.get()) != 0) return fail_errno("cannot sync " + part, errno);
    if (::rename(part.c_str(), archive.c_str()) != 0)
        return fail_errno("cannot rename " + part, errno);
    TRY(fsync_directory(path.parent_path().string()));
    return bytes;
}

Result<void> check_archive_path(const RunningJvm& jvm, const std::string& directory) {
    const std::string prefix = directory + "/";
    if (jvm.archive.starts_with(prefix) &&
        is_class_archive_name(std::string_view(jvm.archive).substr(prefix.size()), jvm.service))
        return {};
    return fail(Errc::refused,
                fmt::format("its unit names \"{}\", which is not {}{}-XXXXXXXX.jsa", jvm.archive,
                            prefix, jvm.service),
                "write --class-archive @class_archive@ in the unit's template");
}

bool exists(const std::string& path) {
    struct stat info {};
    return ::lstat(path.c_str(), &info) == 0;
}

} // namespace

Result<void> write_jvm_arguments(const std::string& archive, const std::string& runtime,
                                 std::uint32_t mode) {
    // An @argfile splits at blanks and knows quotes; paths of ours have neither.
    for (const std::string& path : {archive, runtime})
        if (!path.starts_with('/') || path.find_first_of(" \t\n\"'\\#") != std::string::npos)
            return fail(Errc::usage,
                        fmt::format("\"{}\" is no absolute path without blanks and quotes", path));
    UniqueFd fd(::open(archive.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    struct stat info {};
    bool usable = fd.valid() && ::fstat(fd.get(), &info) == 0 && only_root_writes(info);
    return write_file_durably(fmt::format("{}/{}", runtime, kJvmArguments),
                              usable ? jvm_arguments_using(archive)
                                     : jvm_arguments_recording(runtime),
                              mode, {.uid = ::geteuid(), .gid = ::getegid()});
}

Result<ArchiveOutcome> make_class_archive(const RunningJvm& jvm, const ArchiveOptions& options,
                                          const std::function<void(const std::string&)>& say) {
    const auto begin = std::chrono::steady_clock::now();
    TRY(check_archive_path(jvm, options.directory));
    struct stat owner {};
    if (::fstat(jvm.process, &owner) != 0) return fail_errno("cannot look at the process", errno);
    if (owner.st_uid == 0) return fail(Errc::refused, "it runs as root");
    const FileOwner user{owner.st_uid, owner.st_gid};

    auto arguments = split_at_zeros(TRY(read_proc(jvm.process, "cmdline")));
    const std::string argfile = fmt::format("@{}/{}", jvm.runtime, kJvmArguments);
    if (std::find(arguments.begin(), arguments.end(), argfile) == arguments.end())
        return fail(fmt::format("its command line lacks {}", argfile),
                    "it has to be an argument of java in the unit's template");
    std::string given = TRY(read_of_service(jvm.runtime, kJvmArguments, user.uid, 4096));
    if (given == jvm_arguments_using(jvm.archive)) {
        bool mapped = TRY(read_proc(jvm.process, "maps")).find(jvm.archive) != std::string::npos;
        if (mapped || !exists(jvm.archive)) return ArchiveOutcome::present;
        // Worse than none: with an archive that does not fit, the JVM uses none at all.
        if (::unlink(jvm.archive.c_str()) != 0)
            return fail_errno("cannot remove " + jvm.archive, errno);
        return ArchiveOutcome::stale;
    }
    if (exists(jvm.archive)) return ArchiveOutcome::present;
    if (given != jvm_arguments_recording(jvm.runtime))
        return fail(Errc::refused, fmt::format("{}/{} is not what lakebed-init wrote", jvm.runtime,
                                               kJvmArguments));

    ClassList classes =
        filter_class_list(TRY(read_of_service(jvm.runtime, kClassList, user.uid, kListLimit)));
    if (classes.lines < kFewestClasses)
        return fail(
            fmt::format("{}/{} has {} classes only", jvm.runtime, kClassList, classes.lines));
    Scratch scratch = TRY(Scratch::make(options.scratch, user));
    auto environment = split_at_zeros(TRY(read_proc(jvm.process, "environ")));
    Dump dump{.java = TRY(java_of(jvm.process)),
              .command = TRY(read_jvm_command(arguments, environment)),
              .user = user,
              .list = scratch / kClassList,
              .archive = scratch / "out/classes.jsa",
              .directory = scratch / "out",
              .timeout = options.timeout};
    std::string class_path =
        archivable_class_path(dump.command.class_path, [](const std::string& path) {
            std::error_code none;
            return std::filesystem::is_directory(path, none);
        });
    if (class_path.empty())
        return fail("its class path has no jar before the first directory, and a JVM accepts an "
                    "archive only for what its class path begins with",
                    "put @runtime@ at the end of the class path");
    TRY(write_file_durably(dump.list, classes.text, 0644));
    TRY(run_java(dump, class_path, {"-Xshare:dump", "-XX:SharedClassListFile=" + dump.list},
                 "java -Xshare:dump"));
    // The JVM says nothing about an archive it does not take, unless it must take it.
    TRY(run_java(dump, dump.command.class_path, {"-Xshare:on", "-version"},
                 "a trial of the archive"));
    std::uint64_t bytes = TRY(publish(dump.archive, user.uid, jvm.archive));
    auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin);
    say(fmt::format("{}: made {}: {} classes, {} MiB, {:.1f} s", jvm.unit, jvm.archive,
                    classes.lines, bytes >> 20, took.count()));
    return ArchiveOutcome::made;
}

} // namespace lakebed
