#include "cli/signals.h"

#include <csignal>

#include <unistd.h>

namespace lakebed {
namespace {

CancelFlag cancelled_by_signal{false};

void on_signal(int signal) {
    if (cancelled_by_signal.exchange(true)) ::_exit(128 + signal);
    constexpr char kText[] = "\nlakebed: stopping at the next safe point; again: now\n";
    // When the terminal is gone (SIGHUP) nobody is there to read it.
    [[maybe_unused]] auto ignored = ::write(STDERR_FILENO, kText, sizeof kText - 1);
}

} // namespace

const CancelFlag& install_signal_handlers() {
    struct sigaction action {};
    action.sa_handler = on_signal;
    sigemptyset(&action.sa_mask);
    for (int signal : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal, &action, nullptr);
    std::signal(SIGPIPE, SIG_IGN); // a closed reader is an error of the write, not our end
    return cancelled_by_signal;
}

} // namespace lakebed
