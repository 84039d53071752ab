#include "init/run_job.h"

#include <algorithm>

#include <fmt/format.h>

#include "init/secret_templates.h"
#include "sys/files.h"

namespace lakebed {

std::string job_path(const JobContext& context, const std::string& file) {
    return file.starts_with('/') ? file : context.directory + "/" + file;
}

Result<void> check_data_marker(const std::string& directory, const std::string& site_id) {
    const std::string path = fmt::format("{}/{}", directory, kDataMarker);
    auto marker = read_file(path, 65536);
    if (!marker && marker.error().code != Errc::not_found)
        return tl::unexpected<Error>(marker.error());
    if (!marker)
        return fail(Errc::refused,
                    fmt::format("{} has no ownership marker ({})", directory, kDataMarker),
                    "is its volume mounted? a new data directory is made by: lakebed apply");
    if (marker->find(site_id) == std::string::npos)
        return fail(Errc::refused,
                    fmt::format("{} belongs to another site than {}", directory, site_id),
                    "its marker is " + path);
    return {};
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
    else if (auto* files = std::get_if<FilesJob>(&job.what))
        TRY(run_files_job(*files, job.site_id, context, ledger));
    else
        TRY(run_exec_job(std::get<ExecJob>(job.what), context, ledger));
    return ledger.finish();
}

} // namespace lakebed
