// run_failover: the acceptance step flink-failover, with the way to kill as a parameter.
#pragma once

#include <functional>
#include <string>

#include "verify/step_runner.h"

namespace lakebed {

using KillUnit = std::function<Result<void>(const std::string& unit)>;

[[nodiscard]] Result<std::string> run_failover(const FlinkFailoverStep& step,
                                               const StepContext& context, const KillUnit& kill);

} // namespace lakebed
