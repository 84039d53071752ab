#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include <poll.h>
#include <sys/random.h>

#include "verify/step_runner.h"

namespace lakebed {
namespace {

Result<std::string> random_token() {
    std::array<unsigned char, 8> bytes{};
    if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
        return fail_errno("getrandom", errno);
    std::string token;
    for (unsigned char byte : bytes) token += fmt::format("{:02x}", byte);
    return token;
}

// An engine takes its time to forget a table: Spark alone needs some 20 s to start.
Duration grace_of(const VerifyStep& step) {
    bool slow = std::holds_alternative<SqlStep>(step.how) ||
                std::holds_alternative<FlinkFailoverStep>(step.how);
    return std::min<Duration>(step.timeout, std::chrono::seconds(slow ? 60 : 5));
}

StepResult run_one(const VerifyStep& step, const CancelFlag* cancel) {
    auto begin = std::chrono::steady_clock::now();
    auto outcome = [&]() -> Result<std::string> {
        StepContext context{begin + step.timeout, TRY(random_token()), grace_of(step), cancel};
        return std::visit([&](const auto& how) { return run_step(how, context); }, step.how);
    }();
    StepResult result{step.name, step.service, outcome.has_value()};
    result.took = std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - begin);
    if (outcome)
        result.detail = *outcome;
    else if (outcome.error().hint.empty())
        result.detail = outcome.error().message;
    else
        result.detail = fmt::format("{} (fix: {})", outcome.error().message, outcome.error().hint);
    return result;
}

} // namespace

StepContext with_grace(StepContext context) {
    auto grace_over = std::chrono::steady_clock::now() + context.grace;
    bool interrupted = cancelled(std::exchange(context.cancel, nullptr));
    context.deadline = interrupted ? grace_over : std::max(context.deadline, grace_over);
    return context;
}

Result<void> pause(const StepContext& context, Duration duration) {
    if (cancelled(context.cancel)) return fail("interrupted");
    auto left = context.deadline - std::chrono::steady_clock::now();
    if (left.count() <= 0) return fail("the step's deadline is over");
    auto wait =
        std::chrono::ceil<std::chrono::milliseconds>(std::min<decltype(left)>(left, duration));
    ::poll(nullptr, 0, static_cast<int>(wait.count())); // a signal ends it early
    if (cancelled(context.cancel)) return fail("interrupted");
    return {};
}

Duration time_left(const StepContext& context) {
    auto left =
        std::chrono::duration_cast<Duration>(context.deadline - std::chrono::steady_clock::now());
    return std::max<Duration>(left, std::chrono::milliseconds(100));
}

VerifyReport run_verify(const std::vector<VerifyStep>& steps, const VerifyHooks& hooks) {
    VerifyReport report{true, {}};
    for (const VerifyStep& step : steps) {
        if (hooks.interrupted && hooks.interrupted->load()) {
            report.steps.push_back({step.name, step.service, false, {}, "not run: interrupted"});
        } else {
            if (hooks.started) hooks.started(step);
            report.steps.push_back(run_one(step, hooks.interrupted));
            if (hooks.finished) hooks.finished(report.steps.back());
        }
        report.ok = report.ok && report.steps.back().ok;
    }
    return report;
}

} // namespace lakebed
