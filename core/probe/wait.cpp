#include "probe/wait.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <optional>

#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fmt/format.h>

#include "probe/loop_source.h"
#include "sys/event_loop.h"
#include "sys/unique_fd.h"

namespace lakebed {
namespace {

// Reason first, then systemd's axe: we end this much before the unit's own limit.
Duration margin(Duration start_timeout) {
    return std::min<Duration>(start_timeout / 10, std::chrono::seconds(1));
}

class Waiter {
  public:
    Waiter(const WaitOptions& options, EventLoop& loop)
        : options_(options), loop_(loop), prober_(loop.get(), options.probe, options.secrets) {}

    Result<void> begin() {
        terminate_ = TRY(loop_.on_signal(SIGTERM, [this] { end(WaitEnd::stopped); }));
        if (options_.main_pid > 0) TRY(watch_main_process());
        TRY(set_deadline());
        tell_status("");
        probe();
        return {};
    }

    Result<WaitEnd> take_end() && { return std::move(*end_); }

  private:
    Result<void> watch_main_process() {
        int fd = static_cast<int>(::syscall(SYS_pidfd_open, options_.main_pid, 0));
        if (fd < 0 && errno == ESRCH) {
            main_process_ended();
            return {};
        }
        if (fd < 0) return fail_errno("cannot watch the main process", errno);
        main_process_ = UniqueFd(fd);
        death_ = TRY(
            watch_fd(loop_.get(), fd, EPOLLIN, [this](std::uint32_t) { main_process_ended(); }));
        return {};
    }

    void main_process_ended() {
        end(fail(with_last_reason(
            fmt::format("main process {} ended before it was ready", options_.main_pid))));
    }

    Result<void> set_deadline() {
        Duration left = options_.start_timeout - margin(options_.start_timeout);
        deadline_ = TRY(run_after(loop_.get(), left, [this] {
            end(fail(Errc::temporary, with_last_reason(fmt::format(
                                          "{} is not ready after {}", probe_target(options_.probe),
                                          to_string(options_.start_timeout)))));
        }));
        return {};
    }

    void probe() {
        prober_.start([this](const ProbeOutcome& outcome) { on_outcome(outcome); });
    }

    void on_outcome(const ProbeOutcome& outcome) {
        if (outcome.ok) {
            notify("STATUS=ready");
            return end(WaitEnd::ready);
        }
        if (outcome.fatal)
            return end(fail(Errc::refused, probe_target(options_.probe) + " " + outcome.detail));
        tell_status(outcome.detail);
        if (outcome.progress) extend();
        auto next = run_after(loop_.get(), options_.probe.interval, [this] { probe(); });
        if (!next) return end(tl::unexpected<Error>(next.error()));
        next_ = *std::move(next);
    }

    // Once a second is enough, and keeps systemd's socket quiet.
    void extend() {
        if (extended_recently_) return;
        auto pause =
            run_after(loop_.get(), std::chrono::seconds(1), [this] { extended_recently_.reset(); });
        auto moved = set_deadline();
        if (!pause || !moved) return; // the old limits stay in force
        extended_recently_ = *std::move(pause);
        notify(fmt::format("EXTEND_TIMEOUT_USEC={}", options_.start_timeout.count()));
    }

    void tell_status(const std::string& detail) {
        if (detail == last_detail_ && told_) return;
        last_detail_ = detail;
        told_ = true;
        notify("STATUS=" + with_last_reason("waiting for " + probe_target(options_.probe)));
    }

    [[nodiscard]] std::string with_last_reason(std::string sentence) const {
        return last_detail_.empty() ? sentence : sentence + ": " + last_detail_;
    }

    void notify(const std::string& line) {
        if (options_.notify) options_.notify(line);
    }

    void end(Result<WaitEnd> how) {
        if (!end_) end_ = std::move(how);
        loop_.stop();
    }

    const WaitOptions& options_;
    EventLoop& loop_;
    Prober prober_;
    UniqueFd main_process_;
    EventSource terminate_;
    LoopSource death_;
    LoopSource deadline_;
    LoopSource next_;
    LoopSource extended_recently_;
    std::string last_detail_;
    bool told_ = false;
    std::optional<Result<WaitEnd>> end_;
};

} // namespace

Result<WaitEnd> wait_until_ready(const WaitOptions& options) {
    EventLoop loop = TRY(EventLoop::make());
    Waiter waiter(options, loop);
    TRY(waiter.begin());
    TRY(loop.run());
    return std::move(waiter).take_end();
}

} // namespace lakebed
