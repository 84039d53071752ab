// lakebed-probe: waits until a service serves, as ExecStartPost=+ of its unit.
//
// `+` because on systemd 252 a unit with a private mount namespace cannot read its credentials in
// ExecStartPost: we read the password files as root and become the service's user at once.
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "probe/probe_file.h"
#include "probe/wait.h"
#include "sys/files.h"
#include "sys/notify.h"

namespace lakebed {
namespace {

constexpr int kConfigError = 78; // sysexits.h EX_CONFIG, as in the units' RestartPreventExitStatus=

constexpr std::string_view kUsage =
    R"(usage: lakebed-probe --wait SERVICE --spec FILE [--instance N]
       lakebed-probe --once --spec FILE [--instance N] [--timeout DURATION]

Asks a service in its own protocol whether it serves. --wait tries until it does, within the
start_timeout of FILE (a probe.toml); --once tries once and says what it found. --instance says
which of several instances is meant: @instance@ in FILE becomes N.
)";

struct CommandLine {
    std::string service; // of --wait
    bool once = false;
    bool help = false;
    std::string spec;
    std::optional<std::string> instance;
    std::optional<Duration> timeout;
};

Result<CommandLine> parse_command_line(const std::vector<std::string>& arguments) {
    CommandLine line;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string& option = arguments[i];
        if (option == "--once" || option == "--help" || option == "-h") {
            (option == "--once" ? line.once : line.help) = true;
            continue;
        }
        if (option != "--wait" && option != "--spec" && option != "--instance" &&
            option != "--timeout")
            return fail(Errc::usage, "unknown argument \"" + option + "\"",
                        "see lakebed-probe --help");
        if (++i == arguments.size()) return fail(Errc::usage, option + " wants a value");
        if (option == "--wait") line.service = arguments[i];
        if (option == "--spec") line.spec = arguments[i];
        if (option == "--instance") line.instance = arguments[i];
        if (option == "--timeout") {
            line.timeout = parse_duration(arguments[i]);
            if (!line.timeout)
                return fail(Errc::usage, "\"" + arguments[i] + "\" is not a duration like \"5s\"");
        }
    }
    if (!line.help && (line.spec.empty() || line.once != line.service.empty()))
        return fail(Errc::usage, "one of --wait SERVICE and --once is needed, and --spec FILE",
                    "see lakebed-probe --help");
    return line;
}

// For good: no way back to root, and none up again through a set-user-ID program.
Result<void> become_user(const std::string& name) {
    errno = 0;
    const passwd* user = ::getpwnam(name.c_str());
    if (user == nullptr)
        return fail(Errc::usage, fmt::format("there is no system user \"{}\"", name),
                    "run: lakebed apply");
    if (::geteuid() == user->pw_uid) return {};
    if (::setgroups(0, nullptr) != 0 ||
        ::setresgid(user->pw_gid, user->pw_gid, user->pw_gid) != 0 ||
        ::setresuid(user->pw_uid, user->pw_uid, user->pw_uid) != 0)
        return fail_errno(fmt::format("cannot become user \"{}\"", name), errno);
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return fail_errno("cannot give up new privileges", errno);
    return {};
}

int main_pid_of_unit() {
    const char* text = std::getenv("MAINPID");
    return text == nullptr ? 0 : std::max(std::atoi(text), 0);
}

Result<void> wait_for_service(const ProbeFile& file, const std::string& service) {
    if (file.service != service)
        return fail(Errc::usage, fmt::format("this is the probe of \"{}\", not of \"{}\"",
                                             file.service, service));
    WaitOptions options{.probe = file.probe,
                        .secrets = TRY(read_probe_secrets(file.probe)),
                        .start_timeout = file.start_timeout,
                        .main_pid = main_pid_of_unit(),
                        .notify = notify_systemd};
    if (::geteuid() == 0 && !file.user.empty()) TRY(become_user(file.user));
    TRY(wait_until_ready(options)); // stopped by an operator is no failure
    return {};
}

Result<void> probe_by_hand(const ProbeFile& file, std::optional<Duration> timeout) {
    ProbeSecrets secrets = TRY(read_probe_secrets(file.probe));
    if (::geteuid() == 0 && !file.user.empty()) TRY(become_user(file.user));
    ProbeOutcome outcome = probe_once(file.probe, timeout, secrets);
    std::string sentence = probe_target(file.probe) + ": " + outcome.detail;
    if (!outcome.ok) return fail(Errc::temporary, sentence);
    fmt::print("{}\n", sentence);
    return {};
}

Result<void> run(const std::vector<std::string>& arguments) {
    CommandLine line = TRY(parse_command_line(arguments));
    if (line.help) {
        fmt::print("{}", kUsage);
        return {};
    }
    Diagnostics diagnostics;
    std::string text = TRY(read_file(line.spec));
    text = TRY(fill_instance(text, line.spec, line.instance));
    ProbeFile file = read_probe_file(text, line.spec, diagnostics);
    TRY(diagnostics.result());
    return line.once ? probe_by_hand(file, line.timeout) : wait_for_service(file, line.service);
}

} // namespace
} // namespace lakebed

int main(int argc, char** argv) {
    // Before anything else: a stop by an operator in our first millisecond must not kill us by
    // signal.
    sigset_t terminate;
    sigemptyset(&terminate);
    sigaddset(&terminate, SIGTERM);
    bool by_hand = std::getenv("MAINPID") == nullptr;
    if (!by_hand) ::sigprocmask(SIG_BLOCK, &terminate, nullptr);

    auto result = lakebed::run({argv + 1, argv + argc});
    if (result) return 0;
    fmt::print(stderr, "lakebed-probe: {}\n", result.error().message);
    if (!result.error().hint.empty()) fmt::print(stderr, "  {}\n", result.error().hint);
    return result.error().code == lakebed::Errc::usage ? lakebed::kConfigError : 1;
}
