#include "sys/head_start.h"

#include <algorithm>
#include <csignal>
#include <fcntl.h>
#include <unistd.h>

#include "sys/files.h"

namespace lakebed {

std::vector<std::string> own_cgroup_procs(std::string_view proc_self_cgroup) {
    constexpr std::string_view kUnified = "0::";
    while (!proc_self_cgroup.empty()) {
        const std::string_view line = proc_self_cgroup.substr(0, proc_self_cgroup.find('\n'));
        if (line.starts_with(kUnified)) {
            const std::string file = std::string(line.substr(kUnified.size())) + "/cgroup.procs";
            return {"/sys/fs/cgroup" + file, "/sys/fs/cgroup/unified" + file};
        }
        proc_self_cgroup.remove_prefix(std::min(line.size() + 1, proc_self_cgroup.size()));
    }
    return {};
}

HeadStart::HeadStart() : HeadStart(own_cgroup_procs(read_file("/proc/self/cgroup").value_or(""))) {}

HeadStart::HeadStart(const std::vector<std::string>& candidates) {
    for (const std::string& file : candidates) {
        Result<UniqueFd> opened = open_file(file, O_WRONLY);
        if (!opened) continue;
        procs_ = std::move(*opened);
        break;
    }
    if (!procs_.valid()) return;
    // Signals are for the loop.
    sigset_t all, before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    waits_ = std::jthread([this](const std::stop_token& stop) {
        for (wanted_.acquire(); !stop.stop_requested(); wanted_.acquire())
            (void)::pwrite(procs_.get(), "0", 1, 0); // "0": ourselves. Refused, it only costs time
    });
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

HeadStart::~HeadStart() {
    waits_.request_stop();
    give();
}

void HeadStart::give() {
    // A semaphore that is up stays so; between the two calls only the thread can change it, down.
    (void)wanted_.try_acquire();
    wanted_.release();
}

} // namespace lakebed
