#include "host/ip_fence.h"

#include <cstdint>

#include <linux/bpf.h>
#include <linux/magic.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "sys/unique_fd.h"

namespace lakebed {

bool kernel_enforces_ip_fence() {
    struct statfs cgroups {};
    if (::statfs("/sys/fs/cgroup", &cgroups) != 0 || cgroups.f_type != CGROUP2_SUPER_MAGIC)
        return false;
    // r0 = 1 (let it pass); exit
    bpf_insn program[2] = {};
    program[0].code = BPF_ALU64 | BPF_MOV | BPF_K;
    program[0].dst_reg = BPF_REG_0;
    program[0].imm = 1;
    program[1].code = BPF_JMP | BPF_EXIT;
    static const char kLicence[] = "GPL";
    bpf_attr attributes = {};
    attributes.prog_type = BPF_PROG_TYPE_CGROUP_SKB;
    attributes.insns = reinterpret_cast<std::uintptr_t>(program);
    attributes.insn_cnt = 2;
    attributes.license = reinterpret_cast<std::uintptr_t>(kLicence);
    UniqueFd loaded(
        static_cast<int>(::syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof attributes)));
    return loaded.valid();
}

} // namespace lakebed
