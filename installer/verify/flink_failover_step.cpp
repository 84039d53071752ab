// A streaming job from datagen to an Iceberg table survives the death of the JobManager.
//
// The source counts from 1 to `rows`, so what the table holds at the end tells both faults: fewer
// distinct numbers than rows are lost, more rows than numbers came twice.
#include "verify/flink_failover.h"

#include <fmt/format.h>

#include "verify/engine_errors.h"
#include "verify/flink_rest.h"
#include "verify/sql_gateway.h"
#include "verify/unit_process.h"

namespace lakebed {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kPoll{300};
// A JobManager that answers first has to recover its jobs; one that does not know them after this
// long never will.
constexpr seconds kRecovery{60};

struct Names {
    std::string job, database, table, source;

    Names(const FlinkFailoverStep& step, const std::string& token)
        : job("lakebed-verify-" + token),
          database(fmt::format("{}.lakebed_verify_{}", step.catalog, token)),
          table(database + ".sequence"), source("default_catalog.default_database.gen_" + token) {}
};

class Failover {
  public:
    Failover(const FlinkFailoverStep& step, const StepContext& context)
        : step_(step), context_(context), names_(step, context.token) {}

    Result<std::string> prove(const KillUnit& kill) {
        auto job = TRY(start_job());
        TRY(wait_for_checkpoint(job));
        auto killed = std::chrono::steady_clock::now();
        TRY(kill(step_.unit).context("kill the JobManager"));
        TRY(wait_for_end(job).context("after the kill of the JobManager"));
        auto took = std::chrono::steady_clock::now() - killed;
        TRY(count_rows());
        return fmt::format("{} rows, none lost and none twice, though the JobManager was killed; "
                           "finished {} s later",
                           step_.rows, std::chrono::duration_cast<seconds>(took).count());
    }

    // The job first: one that writes to a table that is gone fails over for ever.
    Result<void> clean_up() {
        if (!touched_) return {};
        auto context = with_grace(context_);
        if (submitted_)
            TRY(cancel_jobs(step_.jobmanager, names_.job, context)
                    .context(fmt::format("cleaning up: table {} is kept", names_.table)));
        TRY(sql("DROP TABLE IF EXISTS " + names_.table, context).context("cleaning up"));
        TRY(sql(fmt::format("DROP DATABASE IF EXISTS {}.lakebed_verify_{} CASCADE",
                            step_.hive_catalog, context_.token),
                context)
                .context("cleaning up"));
        return {};
    }

  private:
    Result<SqlAnswer> sql(const std::string& statement, const StepContext& context) {
        if (!gateway_)
            gateway_.emplace(
                TRY(SqlGateway::open(step_.gateway, names_.job, context).context("flink")));
        touched_ = true;
        return gateway_->run(statement, context)
            .context(fmt::format("flink, `{}`", short_statement(statement)));
    }

    Result<std::string> start_job() {
        for (const std::string& statement : {
                 std::string("SET 'execution.runtime-mode' = 'streaming'"),
                 std::string("SET 'execution.checkpointing.interval' = '2s'"),
                 std::string("SET 'table.dml-sync' = 'false'"),
                 std::string("SET 'parallelism.default' = '1'"),
                 fmt::format("SET 'pipeline.name' = '{}'", names_.job),
                 fmt::format(
                     "CREATE TEMPORARY TABLE {} (seq BIGINT) WITH ('connector' = 'datagen', "
                     "'number-of-rows' = '{}', 'rows-per-second' = '{}', "
                     "'fields.seq.kind' = 'sequence', 'fields.seq.start' = '1', "
                     "'fields.seq.end' = '{}')",
                     names_.source, step_.rows, step_.rate, step_.rows),
                 "CREATE DATABASE " + names_.database,
                 fmt::format("CREATE TABLE {} (seq BIGINT)", names_.table),
             })
            TRY(sql(statement, context_));
        submitted_ = true; // perhaps, whatever the answer is
        auto answer =
            TRY(sql(fmt::format("INSERT INTO {} SELECT seq FROM {}", names_.table, names_.source),
                    context_));
        std::string job = !answer.job.empty() || answer.rows.empty() || answer.rows[0].empty()
                              ? answer.job
                              : answer.rows[0][0];
        bool good = !job.empty() && job.find_first_not_of("0123456789abcdef") == job.npos;
        if (!good) return fail("flink started the job without telling its id");
        return job;
    }

    Result<void> wait_for_checkpoint(const std::string& job) {
        for (;;) {
            auto state = ask_job_state(step_.jobmanager, job, context_);
            if (state && is_final(*state)) return fail_of(job, *state);
            auto completed = ask_completed_checkpoints(step_.jobmanager, job, context_);
            if (state && *state == "RUNNING" && completed && *completed > 0) return {};
            auto paused = pause(context_, kPoll);
            if (paused) continue;
            std::string why = !completed ? completed.error().message
                                         : fmt::format("the job is {}", state ? *state : "gone");
            return fail(fmt::format("the job completed no checkpoint: {} ({})",
                                    paused.error().message, why));
        }
    }

    Result<void> wait_for_end(const std::string& job) {
        auto not_unknown = std::chrono::steady_clock::now(); // last time
        for (;;) {
            auto state = ask_job_state(step_.jobmanager, job, context_);
            if (state && *state == "FINISHED") return {};
            if (state && is_final(*state)) return fail_of(job, *state);
            auto now = std::chrono::steady_clock::now();
            bool unknown = !state && state.error().code == Errc::not_found;
            if (!unknown)
                not_unknown = now;
            else if (now - not_unknown > kRecovery)
                return fail(
                    "the new JobManager does not know the job",
                    "high-availability.type must be zookeeper, with a storageDir that lasts");
            auto paused = pause(context_, kPoll);
            if (!paused)
                return fail(fmt::format("the job did not finish: {} ({})", paused.error().message,
                                        state ? "it is " + *state : state.error().message));
        }
    }

    tl::unexpected<Error> fail_of(const std::string& job, const std::string& state) {
        if (state == "FINISHED")
            return fail("the job was over before it could be disturbed", "raise rows of the step");
        auto reason = ask_job_failure(step_.jobmanager, job, context_);
        return fail(
            fmt::format("the job is {}: {}", state, reason ? *reason : reason.error().message));
    }

    Result<void> count_rows() {
        TRY(sql("SET 'execution.runtime-mode' = 'batch'", context_));
        auto answer = TRY(sql(
            fmt::format("SELECT count(*), count(DISTINCT seq) FROM {}", names_.table), context_));
        if (answer.rows.size() != 1 || answer.rows[0].size() != 2)
            return fail("flink cannot count the rows of " + names_.table);
        std::string wanted = std::to_string(step_.rows);
        const SqlRow& row = answer.rows[0];
        if (row[0] == wanted && row[1] == wanted) return {};
        return fail(fmt::format("the table has {} rows, {} of them distinct, instead of {}", row[0],
                                row[1], wanted),
                    "are checkpoints exactly-once and is the high-availability storage durable?");
    }

    const FlinkFailoverStep& step_;
    const StepContext& context_;
    Names names_;
    std::optional<SqlGateway> gateway_;
    bool touched_ = false;
    bool submitted_ = false;
};

} // namespace

Result<std::string> run_failover(const FlinkFailoverStep& step, const StepContext& context,
                                 const KillUnit& kill) {
    Failover failover(step, context);
    auto proved = failover.prove(kill);
    auto cleaned = failover.clean_up();
    if (!proved && !cleaned) proved.error().message += "; " + cleaned.error().message;
    if (!proved) return proved;
    TRY(std::move(cleaned));
    return proved;
}

Result<std::string> run_step(const FlinkFailoverStep& step, const StepContext& context) {
    return run_failover(step, context, kill_main_process);
}

} // namespace lakebed
