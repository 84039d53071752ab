#include <filesystem>

#include <unistd.h>

#include <fmt/format.h>

#include "base/digest.h"
#include "init/run_job.h"
#include "sys/files.h"

namespace lakebed {
namespace {

enum class FileAction {
    none,        // it holds what the source says
    write,       // absent, or ours and out of date
    keep,        // of other content than ours
    stay_absent, // written before, and dropped by its user since
};

// By digests of contents; nullopt: not there, not remembered.
FileAction action_for(const std::string& wanted, const std::optional<std::string>& present,
                      const std::optional<std::string>& remembered, bool may_recreate) {
    if (!present) return remembered && !may_recreate ? FileAction::stay_absent : FileAction::write;
    if (*present == wanted) return FileAction::none;
    return present == remembered ? FileAction::write : FileAction::keep;
}

Result<std::optional<std::string>> digest_of(const std::string& path) {
    auto content = read_file(path);
    if (content) return std::optional(sha256_hex(*content));
    if (content.error().code != Errc::not_found) return tl::unexpected<Error>(content.error());
    return std::optional<std::string>();
}

Result<void> ensure_file(const std::string& path, const std::string& content,
                         const std::string& job_name, const JobContext& context,
                         JobLedger& ledger) {
    const std::string thing = "file " + std::filesystem::path(path).filename().string();
    const std::string wanted = sha256_hex(content);
    std::optional<std::string> remembered;
    if (auto at = ledger.record().made.find(thing); at != ledger.record().made.end())
        remembered = at->second;
    auto present = TRY(digest_of(path));
    auto say = [&](const std::string& line) {
        if (context.say) context.say(line);
    };
    switch (action_for(wanted, present, remembered, ledger.may_recreate())) {
    case FileAction::none:
        break;
    case FileAction::write:
        TRY(write_file_durably(path, content, 0600, {.uid = ::geteuid(), .gid = ::getegid()}));
        break;
    case FileAction::keep:
        say(fmt::format("{} was not written by lakebed, or changed since: it is kept", path));
        return {};
    case FileAction::stay_absent:
        say(fmt::format("{} was written before and removed since: it stays so; to have it again, "
                        "run: lakebed init --recreate {}",
                        path, job_name));
        return {};
    }
    // At once: with the next file failing, this one would else pass for its user's when its source
    // changes.
    ledger.note(thing, wanted);
    return ledger.save();
}

} // namespace

Result<void> run_files_job(const FilesJob& job, const std::string& site_id,
                           const JobContext& context, JobLedger& ledger) {
    TRY(check_data_marker(std::filesystem::path(job.directory).parent_path().string(), site_id));
    TRY(make_directories(job.directory, 0700));
    for (const JobFile& file : job.files) {
        std::string content = TRY(read_file(job_path(context, file.source)));
        TRY(ensure_file(job.directory + "/" + file.name, content, ledger.record().job, context,
                        ledger));
    }
    return {};
}

} // namespace lakebed
