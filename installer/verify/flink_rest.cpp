#include "verify/flink_rest.h"

#include <fmt/format.h>

#include "verify/engine_errors.h"

namespace lakebed {
namespace {

using std::chrono::seconds;

// One pass over the jobs: how many of that name live. The call to cancel one may be repeated.
Result<int> cancel_living(const HttpAddress& jobmanager, const std::string& name,
                          const StepContext& context) {
    auto overview = TRY(rest_get(jobmanager, "/jobs/overview", context));
    int living = 0;
    for (const Json& job : member(overview, "jobs").items) {
        if (member_text(job, "name") != name || is_final(member_text(job, "state"))) continue;
        ++living;
        std::string path = fmt::format("/jobs/{}?mode=cancel", member_text(job, "jid"));
        TRY(rest_request(jobmanager, {"PATCH", path, "", seconds(10)}, context));
    }
    return living;
}

} // namespace

Result<FlinkCluster> ask_cluster(const HttpAddress& jobmanager, const StepContext& context) {
    auto overview = TRY(rest_get(jobmanager, "/overview", context));
    return FlinkCluster{member_number(overview, "taskmanagers"),
                        member_number(overview, "slots-total")};
}

Result<std::string> ask_job_state(const HttpAddress& jobmanager, const std::string& job,
                                  const StepContext& context) {
    auto answer = TRY(rest_get(jobmanager, "/jobs/" + job, context));
    return member_text(answer, "state");
}

bool is_final(std::string_view job_state) {
    return job_state == "FINISHED" || job_state == "FAILED" || job_state == "CANCELED";
}

Result<long long> ask_completed_checkpoints(const HttpAddress& jobmanager, const std::string& job,
                                            const StepContext& context) {
    auto answer = TRY(rest_get(jobmanager, fmt::format("/jobs/{}/checkpoints", job), context));
    return member_number(member(answer, "counts"), "completed");
}

Result<std::string> ask_job_failure(const HttpAddress& jobmanager, const std::string& job,
                                    const StepContext& context) {
    auto answer = TRY(rest_get(jobmanager, fmt::format("/jobs/{}/exceptions", job), context));
    const Json& entries = member(member(answer, "exceptionHistory"), "entries");
    if (!entries.items.empty()) return root_cause(member_text(entries.items[0], "stacktrace"));
    return root_cause(member_text(answer, "root-exception")); // Flink 1.x only
}

Result<void> cancel_jobs(const HttpAddress& jobmanager, const std::string& name,
                         const StepContext& context) {
    for (;;) {
        auto living = cancel_living(jobmanager, name, context);
        if (living && *living == 0) return {};
        auto paused = pause(context, std::chrono::milliseconds(500));
        if (paused) continue;
        std::string why = living ? "it does not end" : living.error().message;
        return fail(fmt::format("job \"{}\" could not be cancelled: {}", name, why));
    }
}

} // namespace lakebed
