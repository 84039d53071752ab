#include <algorithm>
#include <array>

#include <fmt/format.h>

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

StepResult run_one(const VerifyStep& step) {
    auto begin = std::chrono::steady_clock::now();
    auto outcome = [&]() -> Result<std::string> {
        auto grace = std::min<Duration>(step.timeout, std::chrono::seconds(5));
        StepContext context{begin + step.timeout, TRY(random_token()), grace};
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
    context.deadline = std::max(context.deadline, std::chrono::steady_clock::now() + context.grace);
    return context;
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
            report.steps.push_back(run_one(step));
            if (hooks.finished) hooks.finished(report.steps.back());
        }
        report.ok = report.ok && report.steps.back().ok;
    }
    return report;
}

} // namespace lakebed
