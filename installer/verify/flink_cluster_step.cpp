#include "verify/step_runner.h"

#include <fmt/format.h>

#include "verify/flink_rest.h"

namespace lakebed {

Result<std::string> run_step(const FlinkClusterStep& step, const StepContext& context) {
    long long wanted = static_cast<long long>(step.taskmanagers) * step.slots;
    for (;;) {
        auto cluster = ask_cluster(step.jobmanager, context);
        if (cluster && cluster->taskmanagers >= step.taskmanagers && cluster->slots >= wanted)
            return fmt::format("{} TaskManager{} with {} slots", cluster->taskmanagers,
                               cluster->taskmanagers == 1 ? "" : "s", cluster->slots);
        auto paused = pause(context, std::chrono::milliseconds(250));
        if (paused) continue;
        if (!cluster) return fail("the JobManager: " + cluster.error().message);
        return fail(fmt::format("{} of {} TaskManagers and {} of {} slots have registered: {}",
                                cluster->taskmanagers, step.taskmanagers, cluster->slots, wanted,
                                paused.error().message),
                    "lakebed status shows which TaskManager is not ready");
    }
}

} // namespace lakebed
