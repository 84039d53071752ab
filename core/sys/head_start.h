// HeadStart: begins early what every start of a unit waits for.
//
// PID 1 moves each new process into its control group, and the kernel lets a process in only after
// an RCU grace period or two, 4 to 20 ms (the percpu semaphore of cgroup.procs; cgroup-v2.rst,
// mount option favordynmods). Who moves itself to the group where it is waits in the same way, and
// changes nothing. So lakebedd does that when a unit has failed or come up, while it still decides
// what follows: the wait of PID 1 then ends with ours. Measured in docs/benchmarks.md.
#pragma once

#include <semaphore>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "sys/unique_fd.h"

namespace lakebed {

// Where the cgroup.procs of our own group in the unified hierarchy may be, by the text of
// /proc/self/cgroup (cgroups(7)); empty where there is none.
[[nodiscard]] std::vector<std::string> own_cgroup_procs(std::string_view proc_self_cgroup);

class HeadStart {
  public:
    HeadStart(); // of our own group; where that cannot be written, give() does nothing
    explicit HeadStart(const std::vector<std::string>& candidates);
    HeadStart(const HeadStart&) = delete;
    HeadStart& operator=(const HeadStart&) = delete;
    ~HeadStart(); // waits for the kernel, some 20 ms

    // Does not wait. One while another is under way is the same one.
    void give();

  private:
    UniqueFd procs_;
    std::binary_semaphore wanted_{0};
    std::jthread waits_; // last: it uses the others
};

} // namespace lakebed
