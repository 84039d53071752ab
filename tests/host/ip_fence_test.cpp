#include "host/ip_fence.h"

#include <cerrno>
#include <cstddef>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace lakebed {
namespace {

// From here on bpf(2) fails for this process, as it does in a container that may not use it.
bool refuse_bpf() {
    sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bpf, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    sock_fprog program{static_cast<unsigned short>(std::size(filter)), filter};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

TEST(IpFence, is_not_there_where_the_kernel_refuses_its_program) {
    pid_t pid = ::fork();
    ASSERT_GE(pid, 0);
    if (pid == 0) ::_exit(!refuse_bpf() ? 2 : kernel_enforces_ip_fence() ? 1 : 0);
    int status = 0;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(IpFence, is_asked_for_without_leaving_a_descriptor_open) {
    int before = ::dup(0);
    ASSERT_GE(before, 0);
    ::close(before);
    bool first = kernel_enforces_ip_fence();
    int after = ::dup(0);
    ::close(after);
    EXPECT_EQ(after, before);
    EXPECT_EQ(kernel_enforces_ip_fence(), first);
}

} // namespace
} // namespace lakebed
