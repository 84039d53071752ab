// What acceptance asks Flink's JobManager over REST: the cluster, a job, its checkpoints.
#pragma once

#include <string>

#include "verify/rest.h"

namespace lakebed {

struct FlinkCluster {
    long long taskmanagers = 0;
    long long slots = 0; // of all
};

[[nodiscard]] Result<FlinkCluster> ask_cluster(const HttpAddress& jobmanager,
                                               const StepContext& context);

// "RUNNING", "FINISHED", …; Errc::not_found: the JobManager knows no such job.
[[nodiscard]] Result<std::string> ask_job_state(const HttpAddress& jobmanager,
                                                const std::string& job, const StepContext& context);
[[nodiscard]] bool is_final(std::string_view job_state);

[[nodiscard]] Result<long long> ask_completed_checkpoints(const HttpAddress& jobmanager,
                                                          const std::string& job,
                                                          const StepContext& context);

// Why a job failed: its root cause.
[[nodiscard]] Result<std::string>
ask_job_failure(const HttpAddress& jobmanager, const std::string& job, const StepContext& context);

// Cancels every job of that name and waits until none is left that could still write.
[[nodiscard]] Result<void> cancel_jobs(const HttpAddress& jobmanager, const std::string& name,
                                       const StepContext& context);

} // namespace lakebed
