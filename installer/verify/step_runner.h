// The kinds of acceptance steps, one function each: a sentence of what was proved, or why not.
#pragma once

#include <string>

#include "sys/cancel.h"
#include "verify/connection.h"
#include "verify/verify.h"

namespace lakebed {

struct StepContext {
    DeadlinePoint deadline;
    std::string token; // random, [a-z0-9]: the namespace of this run
    Duration grace{};  // for removing what was made, should the deadline be over by then
    const CancelFlag* cancel = nullptr; // the operator wants us to stop
};

// For cleaning up: no longer to be interrupted, and with a later deadline when needed. After an
// interrupt only the grace is left.
[[nodiscard]] StepContext with_grace(StepContext context);

// Waits a little between two tries; an error once the deadline is over or the operator interrupts.
[[nodiscard]] Result<void> pause(const StepContext& context, Duration duration);

// What is left until the deadline, at least a little.
[[nodiscard]] Duration time_left(const StepContext& context);

[[nodiscard]] Result<std::string> run_step(const RedisStep& step, const StepContext& context);
[[nodiscard]] Result<std::string> run_step(const S3Step& step, const StepContext& context);
[[nodiscard]] Result<std::string> run_step(const PostgresStep& step, const StepContext& context);
[[nodiscard]] Result<std::string> run_step(const MetastoreStep& step, const StepContext& context);
[[nodiscard]] Result<std::string> run_step(const HttpProbe& step, const StepContext& context);
[[nodiscard]] Result<std::string> run_step(const TcpProbe& step, const StepContext& context);
[[nodiscard]] Result<std::string> run_step(const FlinkClusterStep& step,
                                           const StepContext& context);
[[nodiscard]] Result<std::string> run_step(const SqlStep& step, const StepContext& context);
[[nodiscard]] Result<std::string> run_step(const FlinkFailoverStep& step,
                                           const StepContext& context);

} // namespace lakebed
