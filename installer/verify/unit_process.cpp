#include "verify/unit_process.h"

#include <cerrno>
#include <csignal>

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fmt/format.h>

#include "sys/files.h"
#include "sys/systemd_manager.h"

namespace lakebed {
namespace {

constexpr int kGoneWithinMs = 10'000;

Result<std::uint32_t> main_pid_of(SystemdManager& systemd, const std::string& unit) {
    auto properties = TRY(systemd.unit(unit));
    if (properties.main_pid <= 1)
        return fail(fmt::format("{} has no main process: it is {} ({})", unit,
                                properties.active_state, properties.sub_state),
                    fmt::format("systemctl status {}", unit));
    return properties.main_pid;
}

} // namespace

bool is_in_unit(std::string_view cgroup, std::string_view unit) {
    // Lines "HIERARCHY:CONTROLLERS:PATH"; the unit is a component of the path.
    while (!cgroup.empty()) {
        auto end = cgroup.find('\n');
        auto line = cgroup.substr(0, end);
        cgroup.remove_prefix(end == cgroup.npos ? cgroup.size() : end + 1);
        auto path = line.substr(std::min(line.size(), line.find('/')));
        if ((std::string(path) + "/").find(fmt::format("/{}/", unit)) != std::string::npos)
            return true;
    }
    return false;
}

Result<void> kill_main_process(const std::string& unit) {
    auto systemd = TRY(SystemdManager::connect());
    auto pid = TRY(main_pid_of(systemd, unit));
    UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, static_cast<pid_t>(pid), 0)));
    if (!process.valid()) return fail_errno(fmt::format("process {} of {}", pid, unit), errno);
    auto cgroup = TRY(read_file(fmt::format("/proc/{}/cgroup", pid)));
    if (!is_in_unit(cgroup, unit))
        return fail(Errc::refused,
                    fmt::format("process {} is not in the control group of {}: it is "
                                "left alone",
                                pid, unit));
    if (TRY(main_pid_of(systemd, unit)) != pid)
        return fail(Errc::temporary, fmt::format("{} has just been restarted", unit), "try again");
    if (::syscall(SYS_pidfd_send_signal, process.get(), SIGKILL, nullptr, 0) != 0)
        return fail_errno(fmt::format("cannot kill process {} of {}", pid, unit), errno);
    pollfd gone{process.get(), POLLIN, 0};
    int ready = 0;
    do {
        ready = ::poll(&gone, 1, kGoneWithinMs);
    } while (ready < 0 && errno == EINTR);
    if (ready <= 0) return fail(fmt::format("process {} of {} does not die", pid, unit));
    return {};
}

} // namespace lakebed
