// run_job: brings about what a Job says: check, act, verify, record. Create-if-missing only;
// nothing here deletes data, and what it does not understand it refuses.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "init/job.h"
#include "init/record.h"

namespace lakebed {

struct JobContext {
    std::string directory;   // of job.toml: relative files are below it
    std::string credentials; // $CREDENTIALS_DIRECTORY, may be empty
    std::string runtime;     // private scratch directory: $RUNTIME_DIRECTORY
    std::function<void(const std::string& line)> say; // for the journal: what was left alone
};

// Errc::refused: must not be done, and trying again does not help. Errc::temporary and
// Errc::network: the service is not there yet.
[[nodiscard]] Result<void> run_job(const Job& job, const JobContext& context);

[[nodiscard]] Result<void> run_initdb_job(const InitdbJob& job, const std::string& site_id,
                                          JobLedger& ledger);
[[nodiscard]] Result<void> run_sql_job(const SqlJob& job, const JobContext& context,
                                       JobLedger& ledger);
[[nodiscard]] Result<void> run_s3_job(const S3Job& job, const JobContext& context,
                                      JobLedger& ledger);
[[nodiscard]] Result<void> run_exec_job(const ExecJob& job, const JobContext& context,
                                        JobLedger& ledger);
[[nodiscard]] Result<void> run_files_job(const FilesJob& job, const std::string& site_id,
                                         const JobContext& context, JobLedger& ledger);

// The installer marks each data directory. Errc::refused: no marker of this site, which means that
// the volume is not mounted, or is another one.
inline constexpr std::string_view kDataMarker = ".lakebed";
[[nodiscard]] Result<void> check_data_marker(const std::string& directory,
                                             const std::string& site_id);

// Content of a secret that a job names: absolute path, or name below $CREDENTIALS_DIRECTORY.
[[nodiscard]] Result<std::string> read_job_secret(const JobContext& context,
                                                  const std::string& file);
[[nodiscard]] std::string job_path(const JobContext& context, const std::string& file);

// Last lines of what a child said, for an error message.
[[nodiscard]] std::string last_lines(const std::string& output, const std::string& errors);

} // namespace lakebed
