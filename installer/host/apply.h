// apply: carries out a Plan on a Host, so that a run killed at any point can be run again.
//
// How it works: journal "intent", step, journal "done", in the order of the plan; neighbouring
// Unpack steps run side by side. It stops at the first error. A second run makes a new plan from
// what is there, and every step is idempotent, so it ends in the same state.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "host/host.h"
#include "plan/plan.h"
#include "sys/cancel.h"
#include "sys/lock.h"

namespace lakebed {

// Take it before reading the inventory, keep it until apply returns: Errc::locked names the holder.
[[nodiscard]] Result<FileLock> lock_host(const Paths& paths, std::string_view verb);

struct ApplyProgress {
    enum class Phase { begin, bytes, end } phase = Phase::begin;
    std::size_t step = 0; // index into Plan::steps
    std::size_t steps = 0;
    std::uint64_t done = 0; // bytes of this step; phase `bytes` only
    std::uint64_t total = 0;
};

// Where a test may kill the process.
enum class FaultPoint { before_intent, after_intent, after_step, after_done };

struct ApplyOptions {
    int jobs = 0;                                       // Unpacks at a time; 0: one a processor
    std::function<void(const ApplyProgress&)> progress; // from any thread, one call at a time
    const CancelFlag* cancel = nullptr;                 // looked at between steps
    std::function<void(std::size_t step, FaultPoint)> fault;
};

struct StepTime {
    std::size_t step = 0;
    std::chrono::milliseconds took{0};
};

struct ApplyReport {
    int generation = 0;
    std::vector<StepTime> steps; // in the order in which they ended
    std::chrono::milliseconds took{0};
};

// Errors: the step's own class when nothing has been changed yet, else Errc::partial; both say
// which step, why, and that running apply again continues.
[[nodiscard]] Result<ApplyReport> apply(const Plan& plan, Host& host, const FileLock& lock,
                                        const ApplyOptions& options = {});

} // namespace lakebed
