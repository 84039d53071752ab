#include "init/record.h"

#include <cerrno>
#include <chrono>
#include <cstdio>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/value.h"
#include "sys/files.h"

namespace lakebed {
namespace {

std::string utc_now() {
    return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
}

} // namespace

JobRecord read_job_record(std::string_view text, std::string_view file, Diagnostics& diagnostics) {
    JobRecord record;
    Value root = parse_toml(text, file, diagnostics);
    if (diagnostics.has_errors()) return record;
    TableReader reader(root, "", diagnostics);
    auto format = reader.integer("format");
    if (!format || *format != JobRecord::kFormat) {
        reader.error("format", format ? fmt::format("this is format {} of a job's record, and this "
                                                    "lakebed knows {}",
                                                    *format, JobRecord::kFormat)
                                      : std::string("format is missing"));
        return record; // the other keys may mean something else
    }
    record.job = reader.require_string("job");
    record.site_id = reader.require_string("site_id");
    record.time = reader.require_string("time");
    record.used_token = reader.string("used_token").value_or("");
    if (const Value* made = reader.table("made")) {
        for (const Member& member : *made->table()) {
            if (const std::string* identity = member.value.string())
                record.made[member.key] = *identity;
            else
                diagnostics.error(member.value.pos, "made." + member.key + " must be a string");
        }
    }
    reader.finish();
    return record;
}

std::string write_job_record(const JobRecord& record) {
    Table made;
    for (const auto& [thing, identity] : record.made) set(made, thing, identity);
    Table table;
    set(table, "format", std::int64_t{JobRecord::kFormat});
    set(table, "job", record.job);
    set(table, "site_id", record.site_id);
    set(table, "time", record.time);
    if (!record.used_token.empty()) set(table, "used_token", record.used_token);
    set(table, "made", std::move(made));
    return "# What this init job made. Written by lakebed-init; not to be edited.\n" +
           write_toml(table);
}

Result<JobLedger> JobLedger::open(const std::string& directory, const std::string& job,
                                  const std::string& site_id) {
    JobLedger ledger;
    ledger.directory_ = directory;
    ledger.record_ = {.job = job, .site_id = site_id};
    const std::string path = directory + "/record.toml";
    auto text = read_file(path);
    if (text) {
        Diagnostics diagnostics;
        ledger.record_ = read_job_record(*text, path, diagnostics);
        TRY(diagnostics.result(Errc::refused));
        if (ledger.record_.job != job || ledger.record_.site_id != site_id)
            return fail(Errc::refused,
                        fmt::format("{} is the record of job {} of site {}, not of {} of {}", path,
                                    ledger.record_.job, ledger.record_.site_id, job, site_id),
                        "restore the state directory that belongs to this site");
    } else if (text.error().code != Errc::not_found) {
        return tl::unexpected<Error>(text.error());
    }
    if (auto token = read_file(directory + "/recreate", 4096);
        token && !token->empty() && *token != ledger.record_.used_token)
        ledger.token_ = *token;
    return ledger;
}

Result<bool> JobLedger::must_make(const std::string& thing, const std::string& title,
                                  const std::optional<std::string>& present) const {
    auto remembered = record_.made.find(thing);
    if (remembered == record_.made.end()) return !present.has_value();
    bool same = present &&
                (remembered->second.empty() || present->empty() || *present == remembered->second);
    if (same) return false;
    if (!token_.empty()) return !present.has_value();
    const std::string hint = "is its volume mounted, and the right one? if its data is lost, run: "
                             "lakebed init --recreate " +
                             record_.job;
    if (!present)
        return fail(
            Errc::refused,
            fmt::format("{} was made before ({}) but is not there now", title, record_.time), hint);
    return fail(Errc::refused,
                fmt::format("{} is another one than was made before: {} instead of {}", title,
                            *present, remembered->second),
                hint);
}

void JobLedger::note(const std::string& thing, const std::string& identity) {
    auto [at, added] = record_.made.try_emplace(thing, identity);
    if (!added && at->second == identity) return;
    at->second = identity;
    changed_ = true;
}

Result<void> JobLedger::save() {
    if (!changed_) return {};
    record_.time = utc_now();
    TRY(write_file_durably(directory_ + "/record.toml", write_job_record(record_), 0600,
                           {.uid = ::geteuid(), .gid = ::getegid()})
            .context("cannot record what was made"));
    changed_ = false;
    return {};
}

Result<void> JobLedger::finish() {
    if (!token_.empty()) {
        record_.used_token = token_;
        changed_ = true;
    }
    TRY(save());
    if (token_.empty()) return {};
    // Void already, by the record; the new name is for people who look.
    const std::string token = directory_ + "/recreate";
    std::rename(token.c_str(), (token + ".used").c_str());
    token_.clear();
    return {};
}

} // namespace lakebed
