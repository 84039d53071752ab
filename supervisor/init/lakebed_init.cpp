// lakebed-init: runs an init job, writes a unit's config files with its secrets in them, or makes
// class archives.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "init/class_archives.h"
#include "init/run_job.h"
#include "init/secret_templates.h"
#include "sys/files.h"
#include "sys/notify.h"

namespace lakebed {
namespace {

constexpr int kRefused = 78; // sysexits.h EX_CONFIG, as in the units' RestartPreventExitStatus=

constexpr std::string_view kUsage =
    R"(usage: lakebed-init render CONFIG_DIR RUNTIME_DIR [--group] [--file NAME]...
                           [--class-archive PATH]
       lakebed-init run JOB_DIR
       lakebed-init archive

render  copies the files of CONFIG_DIR, but probe.toml and job.toml, into RUNTIME_DIR (0600) with
        @credential:NAME@ and @credential-sha256:NAME@ replaced from $CREDENTIALS_DIRECTORY;
        with --group also the unit's group may read them (0640);
        with --class-archive RUNTIME_DIR/jvm.args has java use that archive, or record what it needs
run     brings about what JOB_DIR/job.toml says: makes what is missing, deletes nothing
archive makes the class archives that units of running JVM services name and that are missing

exit status: 0 done, 78 refused or bad configuration, 75 the service is not there yet, 1 failed
)";

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

Result<void> render(const std::vector<std::string>& arguments) {
    std::vector<std::string> directories, only;
    std::uint32_t mode = 0600;
    std::string class_archive;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        if (arguments[i] == "--group") {
            mode = 0640;
            continue;
        }
        bool file = arguments[i] == "--file";
        if (!file && arguments[i] != "--class-archive") {
            directories.push_back(arguments[i]);
            continue;
        }
        if (++i == arguments.size())
            return fail(Errc::usage, file ? "--file wants a name" : "--class-archive wants a path");
        if (file)
            only.push_back(arguments[i]);
        else
            class_archive = arguments[i];
    }
    if (directories.size() != 2)
        return fail(Errc::usage, "render wants CONFIG_DIR and RUNTIME_DIR",
                    "see lakebed-init --help");
    TRY(render_secrets(directories[0], directories[1], only, environment("CREDENTIALS_DIRECTORY"),
                       mode));
    if (class_archive.empty()) return {};
    return write_jvm_arguments(class_archive, directories[1], mode);
}

Result<void> archive(const std::vector<std::string>& arguments) {
    if (!arguments.empty())
        return fail(Errc::usage, "archive takes no arguments", "see lakebed-init --help");
    return make_class_archives({}, {}, [](const std::string& line) {
        fmt::print(stderr, "{}\n", line);
        notify_systemd("STATUS=" + line);
    });
}

Result<void> run(const std::vector<std::string>& arguments) {
    if (arguments.size() != 1)
        return fail(Errc::usage, "run wants JOB_DIR", "see lakebed-init --help");
    const std::string path = arguments[0] + "/job.toml";
    Diagnostics diagnostics;
    Job job = read_job(TRY(read_file(path)), path, diagnostics);
    TRY(diagnostics.result());
    JobContext context{.directory = arguments[0],
                       .credentials = environment("CREDENTIALS_DIRECTORY"),
                       .runtime = environment("RUNTIME_DIRECTORY"),
                       .say = [](const std::string& line) { fmt::print(stderr, "{}\n", line); }};
    if (context.runtime.empty()) context.runtime = environment("TMPDIR");
    if (context.runtime.empty()) context.runtime = "/tmp";
    auto done = run_job(job, context).context(job.name);
    notify_systemd("STATUS=" + (done ? "done" : done.error().message));
    return done;
}

Result<void> command(const std::vector<std::string>& arguments) {
    const std::string verb = arguments.empty() ? "" : arguments[0];
    if (verb == "--help" || verb == "-h") {
        fmt::print("{}", kUsage);
        return {};
    }
    std::vector<std::string> rest(arguments.begin() + (arguments.empty() ? 0 : 1), arguments.end());
    if (verb == "render") return render(rest);
    if (verb == "run") return run(rest);
    if (verb == "archive") return archive(rest);
    return fail(Errc::usage, verb.empty() ? "no command given" : "unknown command \"" + verb + "\"",
                "see lakebed-init --help");
}

int exit_status(Errc code) {
    switch (code) {
    case Errc::usage:
    case Errc::not_found: // job.toml, a program it names
    case Errc::refused:
        return kRefused;
    case Errc::temporary:
    case Errc::network:
        return static_cast<int>(Errc::temporary);
    default:
        return 1;
    }
}

} // namespace
} // namespace lakebed

int main(int argc, char** argv) {
    auto result = lakebed::command({argv + 1, argv + argc});
    if (result) return 0;
    fmt::print(stderr, "lakebed-init: {}\n", result.error().message);
    if (!result.error().hint.empty()) fmt::print(stderr, "  fix: {}\n", result.error().hint);
    return lakebed::exit_status(result.error().code);
}
