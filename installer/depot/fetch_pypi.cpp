#include "depot/clients.h"

#include <cstdlib>
#include <filesystem>

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "sys/copy.h"
#include "sys/files.h"
#include "sys/process.h"

namespace lakebed {
namespace {

using Command = std::vector<std::string>;

// Who runs pip, and where: the depot's owner in the depot, or nobody in a directory of nobody's.
struct Place {
    std::string directory;
    std::optional<FileOwner> user;
};

std::vector<Command> candidates() {
    std::vector<Command> commands;
    for (const char* name : {"pip", "pip3"})
        for (const std::string& program : find_programs(name)) commands.push_back({program});
    for (const std::string& program : find_programs("python3"))
        commands.push_back({program, "-m", "pip"});
    return commands;
}

// The first pip that runs at all as that user: one below /root is of no use to nobody.
Result<Command> find_pip(const Place& place) {
    for (const Command& command : candidates()) {
        ChildSpec child;
        child.argv = command;
        child.argv.emplace_back("--version");
        child.environment = {"HOME=" + place.directory};
        child.directory = place.directory;
        child.user = place.user;
        child.timeout = std::chrono::seconds(60);
        Result<ChildExit> exit = run_child(child);
        if (exit && exit->ok()) return command;
    }
    return fail(Errc::network, "pip not found", "install pip (apt install python3-pip)");
}

Result<FileOwner> nobody() {
    passwd entry{};
    passwd* found = nullptr;
    char buffer[4096];
    if (::getpwnam_r("nobody", &entry, buffer, sizeof buffer, &found) != 0 || !found)
        return fail("there is no user nobody to build the source package as");
    return FileOwner{entry.pw_uid, entry.pw_gid};
}

// To look at an sdist pip runs code out of it. Even with a pinned digest that is not root's
// business. The place is not in the depot, since nobody may not be able to enter the directories
// above it.
Result<Place> unprivileged_place() {
    FileOwner user = TRY(nobody());
    std::string name = "/var/tmp/lakebed-pip-XXXXXX";
    if (!::mkdtemp(name.data())) return fail_errno("cannot make a directory in /var/tmp", errno);
    if (::chown(name.c_str(), user.uid, user.gid) != 0)
        return fail_errno("cannot give away " + name, errno);
    return Place{name, user};
}

class RemovedAtEnd {
  public:
    explicit RemovedAtEnd(std::string path) : path_(std::move(path)) {}
    ~RemovedAtEnd() {
        std::error_code ignored; // below /var/tmp, where old files are cleaned up by the system
        if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
    }
    RemovedAtEnd(const RemovedAtEnd&) = delete;
    RemovedAtEnd& operator=(const RemovedAtEnd&) = delete;

  private:
    std::string path_;
};

ChildSpec download_command(const Command& pip, const PypiSource& source, const Place& place,
                           const ClientContext& context) {
    ChildSpec child;
    child.argv = pip;
    for (const char* argument :
         {"download", "--no-deps", "--no-input", "--progress-bar", "off",
          "--disable-pip-version-check", "--retries", "3", "--require-hashes"})
        child.argv.emplace_back(argument);
    auto add = [&](const char* option, const std::string& value) {
        child.argv.insert(child.argv.end(), {option, value});
    };
    if (source.platform.empty()) {
        add("--no-binary", ":all:");
        add("--cache-dir", place.directory + "/cache");
    } else {
        child.argv.emplace_back("--only-binary=:all:");
        add("--python-version", source.python);
        add("--implementation", source.implementation);
        add("--abi", source.abi);
        add("--platform", source.platform);
    }
    if (context.options.offline) child.argv.emplace_back("--no-index");
    add("--dest", place.directory + "/out");
    add("--requirement", place.directory + "/requirements.txt");
    child.directory = place.directory;
    // pip unpacks where TMPDIR says; /tmp may be small.
    child.environment = {"TMPDIR=" + place.directory, "PYTHONDONTWRITEBYTECODE=1"};
    if (place.user) child.environment.push_back("HOME=" + place.directory);
    child.user = place.user;
    child.timeout = std::chrono::hours(1);
    child.cancel = context.options.cancel;
    return child;
}

std::uint64_t bytes_below(const std::string& directory) {
    std::uint64_t bytes = 0;
    std::error_code error;
    for (std::filesystem::recursive_directory_iterator it(directory, error), end;
         !error && it != end; it.increment(error)) {
        std::error_code gone;
        if (it->is_regular_file(gone) && !it->is_symlink(gone)) bytes += it->file_size(gone);
    }
    return bytes;
}

Result<std::string> only_file_in(const std::string& directory) {
    std::vector<std::string> names = TRY(list_directory(directory));
    if (names.size() == 1) return directory + '/' + names.front();
    return fail(Errc::network, fmt::format("pip left {} files, not one", names.size()));
}

Error explain(const ChildExit& exit) {
    if (exit.timed_out) return {Errc::network, "pip: no end after an hour", ""};
    std::string said = last_words(exit.errors.empty() ? exit.output : exit.errors);
    bool mismatch = exit.errors.find("DO NOT MATCH THE HASHES") != std::string::npos;
    return {mismatch ? Errc::verification : Errc::network, "pip: " + said, ""};
}

} // namespace

Result<std::string> fetch_pypi(const Job& job, const ClientContext& context) {
    const auto& source = std::get<PypiSource>(*job.source);
    const bool sdist = source.platform.empty();
    const bool drop = sdist && ::geteuid() == 0;
    Place place = drop ? TRY(unprivileged_place()) : Place{job.directory, std::nullopt};
    RemovedAtEnd cleanup(drop ? place.directory : "");
    Command pip = TRY(find_pip(place));
    TRY(write_file_durably(place.directory + "/requirements.txt",
                           fmt::format("{}=={} --hash=sha256:{}\n", source.name, source.version,
                                       job.artifact->sha256)));
    ChildSpec child = download_command(pip, source, place, context);
    child.on_tick = [&] {
        context.report(*job.artifact, FetchPhase::fetching, bytes_below(place.directory));
    };
    ChildExit exit = TRY(run_child(child));
    if (!exit.ok()) return tl::unexpected(explain(exit));
    std::string file = TRY(only_file_in(place.directory + "/out"));
    if (!drop) return file;
    // Out of nobody's reach; adopt() checks what it is.
    std::string own = job.directory + "/artifact";
    UniqueFd from = TRY(open_file(file, O_RDONLY | O_NOFOLLOW));
    UniqueFd to = TRY(open_file(own, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
    TRY(copy_contents(from.get(), to.get()).context(own));
    return own;
}

} // namespace lakebed
