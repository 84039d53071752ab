// JobLedger: what an init job remembers to have made, so that what is gone since is noticed.
//
// How it works: <record>/record.toml names each thing with its identity (a system identifier, a
// version). Absent and not remembered: made. There: adopted. Remembered but absent, or another one
// than remembered: refused, since that is a volume that is not mounted or data that is lost. Only a
// token <record>/recreate, which `lakebed init --recreate JOB` writes (any text that is new each
// time), lets the job make such things again, in the one run that then succeeds.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/diagnostics.h"
#include "base/result.h"

namespace lakebed {

struct JobRecord {
    static constexpr int kFormat = 1; // a newer one is refused

    std::string job;
    std::string site_id;
    std::string time;                        // of the last change, UTC
    std::map<std::string, std::string> made; // "bucket warehouse" -> identity, may be ""
    std::string used_token;
    bool operator==(const JobRecord&) const = default;
};

[[nodiscard]] JobRecord read_job_record(std::string_view text, std::string_view file,
                                        Diagnostics& diagnostics);
[[nodiscard]] std::string write_job_record(const JobRecord& record);

class JobLedger {
  public:
    // Errc::refused: a record of another job, another site or a newer format, or none that can be
    // read.
    [[nodiscard]] static Result<JobLedger> open(const std::string& directory,
                                                const std::string& job, const std::string& site_id);

    // Whether `thing` has to be made now. `present` is the identity of what is there. Errc::refused
    // as described above. `title` names it for people: `bucket "warehouse"`.
    [[nodiscard]] Result<bool> must_make(const std::string& thing, const std::string& title,
                                         const std::optional<std::string>& present) const;

    // The token was given and is not used up: what is gone may be made again.
    [[nodiscard]] bool may_recreate() const { return !token_.empty(); }

    void note(const std::string& thing, const std::string& identity);

    // Durable when it returns; writes nothing when nothing was noted.
    [[nodiscard]] Result<void> save();
    // save(), and the token is used up.
    [[nodiscard]] Result<void> finish();

    [[nodiscard]] const JobRecord& record() const { return record_; }

  private:
    std::string directory_;
    JobRecord record_;
    std::string token_; // valid and not used yet
    bool changed_ = false;
};

} // namespace lakebed
