#include "init/run_job.h"

#include <algorithm>

#include "init/secret_templates.h"
#include "sys/files.h"

namespace lakebed {

std::string job_path(const JobContext& context, const std::string& file) {
    return file.starts_with('/') ? file : context.directory + "/" + file;
}

Result<std::string> read_job_secret(const JobContext& context, const std::string& file) {
    if (!file.starts_with('/')) return read_credential(context.credentials, file);
    return read_secret_file(file);
}

std::string last_lines(const std::string& output, const std::string& errors) {
    std::string text = errors.empty() ? output : errors;
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
    std::size_t begin = text.size();
    for (int lines = 0; lines < 3 && begin != 0 && begin != std::string::npos; ++lines)
        begin = text.rfind('\n', begin - 1);
    text = begin == std::string::npos || begin == 0 ? text : text.substr(begin + 1);
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text;
}

Result<void> run_job(const Job& job, const JobContext& context) {
    JobLedger ledger = TRY(JobLedger::open(job.record, job.name, job.site_id));
    if (auto* initdb = std::get_if<InitdbJob>(&job.what))
        TRY(run_initdb_job(*initdb, job.site_id, ledger));
    else if (auto* sql = std::get_if<SqlJob>(&job.what))
        TRY(run_sql_job(*sql, context, ledger));
    else if (auto* s3 = std::get_if<S3Job>(&job.what))
        TRY(run_s3_job(*s3, context, ledger));
    else
        TRY(run_exec_job(std::get<ExecJob>(job.what), context, ledger));
    return ledger.finish();
}

} // namespace lakebed
