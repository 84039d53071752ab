#include "sys/process.h"

#include <csignal>
#include <thread>

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "support/temp_dir.h"
#include "support/text.h"
#include "sys/unique_fd.h"

namespace lakebed {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

Result<ChildExit> shell(const std::string& script, ChildSpec spec = {}) {
    spec.argv = {"sh", "-c", script};
    return run_child(spec);
}

TEST(Process, returns_status_and_both_streams) {
    ChildExit exit = *shell("echo out; echo err >&2; exit 3");
    EXPECT_EQ(exit.status, 3);
    EXPECT_EQ(exit.output, "out\n");
    EXPECT_EQ(exit.errors, "err\n");
    EXPECT_FALSE(exit.ok());
}

TEST(Process, that_dies_by_a_signal_has_128_and_its_number) {
    EXPECT_EQ(shell("kill -KILL $$")->status, 128 + SIGKILL);
}

TEST(Process, that_does_not_exist_is_not_found) {
    EXPECT_EQ(run_child({.argv = {"lakebed-no-such-program"}}).error().code, Errc::not_found);
    EXPECT_EQ(run_child({.argv = {"/nonexistent/program"}}).error().code, Errc::not_found);
}

TEST(Process, gets_input_environment_and_directory) {
    test::TempDir dir;
    ChildExit exit =
        *shell("cat; echo $GREETING; pwd",
               {.environment = {"GREETING=hello"}, .directory = dir.path(), .input = "given\n"});
    EXPECT_EQ(exit.output, "given\nhello\n" + dir.path() + "\n");
}

TEST(Process, with_a_clear_environment_sees_nothing_of_ours) {
    ::setenv("LAKEBED_TEST_SECRET", "s3cret", 1);
    EXPECT_THAT(run_child({.argv = {"/usr/bin/env"}, .clear_environment = true})->output,
                Not(HasSubstr("s3cret")));
    EXPECT_THAT(run_child({.argv = {"/usr/bin/env"}})->output, HasSubstr("s3cret"));
    ::unsetenv("LAKEBED_TEST_SECRET");
}

TEST(Process, that_reads_no_input_does_not_kill_us) {
    ChildExit exit = *shell("exit 0", {.input = std::string(1 << 20, 'x')});
    EXPECT_TRUE(exit.ok());
}

TEST(Process, keeps_the_end_of_long_output_and_streams_all_of_it) {
    std::size_t streamed = 0;
    ChildExit exit = *shell("head -c 300000 /dev/zero | tr '\\0' x; echo END",
                            {.output_limit = 1000, .on_output = [&](std::string_view bytes) {
                                 streamed += bytes.size();
                             }});
    EXPECT_EQ(exit.output.size(), 1000U);
    EXPECT_THAT(exit.output, EndsWith("xEND\n"));
    EXPECT_EQ(streamed, 300004U);
}

TEST(Process, out_of_time_is_stopped_with_its_children) {
    test::TempDir dir;
    ChildExit exit = *shell("sleep 600 & echo $! > child; wait",
                            {.directory = dir.path(), .timeout = std::chrono::milliseconds(200)});
    EXPECT_TRUE(exit.timed_out);
    EXPECT_EQ(exit.status, 128 + SIGTERM);
    int child = std::stoi(test::file_text(dir / "child"));
    UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
    if (!pidfd.valid()) return; // gone already
    pollfd ended{pidfd.get(), POLLIN, 0};
    EXPECT_EQ(::poll(&ended, 1, 5000), 1);
}

TEST(Process, is_stopped_on_request) {
    CancelFlag cancel = true;
    ChildExit exit = *shell("sleep 600", {.cancel = &cancel});
    EXPECT_TRUE(exit.cancelled);
}

TEST(Process, does_not_inherit_our_signal_mask_or_ignored_signals) {
    sigset_t term, before;
    ::sigemptyset(&term);
    ::sigaddset(&term, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &term, &before);
    auto old = std::signal(SIGHUP, SIG_IGN);
    ChildExit exit = *run_child({.argv = {"grep", "-E", "SigBlk|SigIgn", "/proc/self/status"}});
    std::signal(SIGHUP, old);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    EXPECT_EQ(exit.output, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST(Process, with_another_user_has_no_groups_of_ours) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
    ChildExit exit = *run_child({.argv = {"/usr/bin/id"}, .user = FileOwner{65534, 65534}});
    EXPECT_THAT(exit.output, HasSubstr("uid=65534"));
    EXPECT_THAT(exit.output, Not(HasSubstr("0(root)")));
}

TEST(Process, children_of_many_threads_are_all_reaped) {
    std::vector<std::jthread> threads;
    std::atomic<int> right = 0;
    for (int i = 0; i < 8; ++i)
        threads.emplace_back([&right, i] {
            for (int n = 0; n < 5; ++n)
                if (shell("exit " + std::to_string(i))->status == i) ++right;
        });
    threads.clear();
    EXPECT_EQ(right, 40);
}

} // namespace
} // namespace lakebed
