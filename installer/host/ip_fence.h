// Whether IPAddressDeny= of a unit means anything on this machine.
#pragma once

namespace lakebed {

// systemd enforces it with BPF programs attached to the unit's cgroup, and only warns where there
// is no unified hierarchy (bpf_firewall_supported() in its bpf-firewall.c) or where it may not load
// them (containers, kernels without them). Loads the smallest one there is and drops it; false on
// any error.
[[nodiscard]] bool kernel_enforces_ip_fence();

} // namespace lakebed
