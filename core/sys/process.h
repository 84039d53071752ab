// run_child: runs one short command to its end, with its output, a time limit and cancellation.
//
// How it works: fork and exec by hand, in a process group of its own, watched through a pidfd.
// Boost.Process v1 was tried on paper and left: its timed wait forks a helper and waits for
// SIGCHLD, which a program with threads (parallel fetch) cannot share, and it cannot drop
// supplementary groups.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sys/cancel.h"
#include "sys/files.h"

namespace lakebed {

struct ChildSpec {
    std::vector<std::string> argv;        // argv[0] is looked up on PATH when it has no slash
    std::vector<std::string> environment; // "NAME=value", over our own environment
    bool clear_environment = false;       // only `environment`, nothing of ours
    std::string directory;                // working directory; empty: ours
    std::string input;                    // on its standard input; then end of file
    std::optional<FileOwner> user;        // run as these ids, without supplementary groups
    std::optional<std::chrono::milliseconds> timeout;
    std::size_t output_limit = std::size_t{1}
                               << 20; // of each stream; the start and more are dropped
    std::function<void(std::string_view)> on_output; // both streams as they come, in addition
    std::function<void()> on_tick;                   // about four times a second
    const CancelFlag* cancel = nullptr;
};

struct ChildExit {
    int status = 0; // exit status, or 128 + signal
    bool timed_out = false;
    bool cancelled = false;
    std::string output; // standard output
    std::string errors; // standard error

    [[nodiscard]] bool ok() const { return status == 0 && !timed_out && !cancelled; }
};

// An Error only when the program could not be run at all (Errc::not_found: no such program). A
// child that runs out of time or is cancelled gets SIGTERM, and five seconds later SIGKILL, as a
// group.
[[nodiscard]] Result<ChildExit> run_child(const ChildSpec& spec);

// Full path of an executable file on PATH; Errc::not_found.
[[nodiscard]] Result<std::string> find_program(std::string_view name);
[[nodiscard]] std::vector<std::string>
find_programs(std::string_view name); // all of them, in order

} // namespace lakebed
