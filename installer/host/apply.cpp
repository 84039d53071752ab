#include "host/apply.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <numeric>
#include <optional>
#include <thread>

#include <fmt/format.h>

#include "host/host_paths.h"
#include "host/journal.h"

namespace lakebed {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

milliseconds since(Clock::time_point begin) {
    return std::chrono::duration_cast<milliseconds>(Clock::now() - begin);
}

// Roughly the time an Unpack takes, so that the longest begins first: decompressing is what counts,
// xz (in tar.xz and in archives inside of others) several times as much as the rest; plain files
// are linked or copied by the kernel.
std::uint64_t unpack_cost(const Unpack& step) {
    std::uint64_t cost = 0;
    for (const LayoutStep& layout : step.entry.layout)
        for (const Artifact& artifact : step.entry.artifacts) {
            if (artifact.name != layout.artifact) continue;
            bool xz = artifact.type == ContentType::tar_xz || !layout.inner.empty();
            cost += layout.unpack ? artifact.size.bytes * (xz ? 4 : 1) : artifact.size.bytes / 8;
        }
    return cost;
}

class Apply {
  public:
    Apply(const Plan& plan, Host& host, const ApplyOptions& options)
        : plan_(plan), host_(host), options_(options) {}

    Result<ApplyReport> run() {
        const auto begin = Clock::now();
        report_.generation = plan_.to_generation;
        if (is_empty(plan_)) return std::move(report_);
        TRY(host_.journal(begin_record(plan_)));
        for (std::size_t i = 0; i < plan_.steps.size();) {
            if (cancelled(options_.cancel)) return stopped(i);
            std::size_t end = end_of_batch(i);
            TRY(end > i + 1 ? run_batch(i, end) : run_step(i));
            i = end;
        }
        TRY(host_.journal(end_record(plan_)));
        report_.took = since(begin);
        return std::move(report_);
    }

  private:
    // Neighbouring Unpacks do not need each other and take nearly all of the time.
    std::size_t end_of_batch(std::size_t begin) const {
        std::size_t end = begin + 1;
        auto unpack = [&](std::size_t i) { return std::holds_alternative<Unpack>(plan_.steps[i]); };
        while (unpack(begin) && end < plan_.steps.size() && unpack(end)) ++end;
        return end;
    }

    Result<void> run_batch(std::size_t begin, std::size_t end) {
        std::vector<std::size_t> order(end - begin);
        std::iota(order.begin(), order.end(), begin);
        auto cost = [&](std::size_t i) { return unpack_cost(std::get<Unpack>(plan_.steps[i])); };
        std::stable_sort(order.begin(), order.end(),
                         [&](std::size_t x, std::size_t y) { return cost(x) > cost(y); });
        std::atomic<std::size_t> next = 0;
        std::mutex mutex;
        std::optional<Error> first;
        auto work = [&] {
            for (std::size_t i = next++; i < order.size(); i = next++) {
                if (cancelled(options_.cancel)) return;
                Result<void> done = run_step(order[i]);
                std::lock_guard hold(mutex);
                if (!done && !first) first = done.error();
                if (first) next = order.size(); // those at work come to their end
            }
        };
        {
            std::size_t jobs = options_.jobs > 0
                                   ? static_cast<std::size_t>(options_.jobs)
                                   : std::max(1U, std::thread::hardware_concurrency());
            std::vector<std::jthread> threads;
            for (std::size_t i = 1; i < std::min(jobs, order.size()); ++i)
                threads.emplace_back(work);
            work();
        }
        if (first) return tl::unexpected(*first);
        return {};
    }

    Result<void> run_step(std::size_t index) {
        const Step& step = plan_.steps[index];
        const auto begin = Clock::now();
        report(index, ApplyProgress::Phase::begin);
        fault(index, FaultPoint::before_intent);
        TRY(journal(intent_record(index, step)));
        fault(index, FaultPoint::after_intent);
        changed_ = true; // a step that fails may have done half of what it does
        Result<void> done = host_.perform(step, [&](std::uint64_t bytes, std::uint64_t total) {
            report(index, ApplyProgress::Phase::bytes, bytes, total);
        });
        if (!done) return failed(index, std::move(done).error());
        fault(index, FaultPoint::after_step);
        TRY(journal(done_record(index)));
        fault(index, FaultPoint::after_done);
        std::lock_guard hold(mutex_);
        report_.steps.push_back({index, since(begin)});
        done_ = true;
        report_locked(index, ApplyProgress::Phase::end, 0, 0);
        return {};
    }

    Result<void> failed(std::size_t index, Error error) {
        // When the journal cannot be written either, the step's own error says more.
        (void)journal(failed_record(index, error));
        error.message = fmt::format("step {} of {}, {}: {}", index + 1, plan_.steps.size(),
                                    to_string(plan_.steps[index]), error.message);
        // Of the steps that change nothing when they fail, the class says more than "partial".
        if (done_) error.code = Errc::partial;
        std::string_view again = "then run lakebed apply again: it goes on from there";
        error.hint += (error.hint.empty() ? "see to that, " : "; ") + std::string(again);
        return tl::unexpected(std::move(error));
    }

    Result<ApplyReport> stopped(std::size_t index) {
        return fail(
            changed_ ? Errc::partial : Errc::failed,
            fmt::format("stopped on request after step {} of {}", index, plan_.steps.size()),
            changed_ ? "run lakebed apply again: it goes on from there" : "nothing was changed");
    }

    Result<void> journal(std::string_view line) {
        std::lock_guard hold(mutex_);
        return host_.journal(line);
    }

    void fault(std::size_t index, FaultPoint point) {
        if (options_.fault) options_.fault(index, point);
    }

    void report(std::size_t index, ApplyProgress::Phase phase, std::uint64_t done = 0,
                std::uint64_t total = 0) {
        std::lock_guard hold(mutex_);
        report_locked(index, phase, done, total);
    }
    void report_locked(std::size_t index, ApplyProgress::Phase phase, std::uint64_t done,
                       std::uint64_t total) {
        if (options_.progress) options_.progress({phase, index, plan_.steps.size(), done, total});
    }

    const Plan& plan_;
    Host& host_;
    const ApplyOptions& options_;
    ApplyReport report_;
    std::mutex mutex_; // journal, report_, progress
    std::atomic<bool> changed_ = false;
    std::atomic<bool> done_ = false;
};

} // namespace

Result<FileLock> lock_host(const Paths& paths, std::string_view verb) {
    return FileLock::acquire(paths.run + "/lock", verb);
}

Result<ApplyReport> apply(const Plan& plan, Host& host, const FileLock&,
                          const ApplyOptions& options) {
    return Apply(plan, host, options).run();
}

} // namespace lakebed
