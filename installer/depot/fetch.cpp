#include "depot/fetch.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <mutex>
#include <thread>

#include <sys/statvfs.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "depot/adopt.h"
#include "depot/clients.h"
#include "depot/depot.h"
#include "sys/files.h"
#include "sys/http.h"
#include "sys/lock.h"

namespace lakebed {
namespace {

constexpr std::uint64_t kSpare = std::uint64_t{64} << 20; // left free on the depot's file system

struct Pending {
    const Artifact* artifact = nullptr;
    std::size_t next_source = 0;
    std::vector<Error> errors; // one for each source tried
};

// Runs tasks in the order given on a few threads.
void run_all(const std::vector<std::function<void()>>& tasks, int jobs) {
    std::atomic<std::size_t> next = 0;
    auto work = [&] {
        for (std::size_t i = next++; i < tasks.size(); i = next++) tasks[i]();
    };
    std::vector<std::jthread> threads;
    for (int i = 1; i < std::min<int>(jobs, static_cast<int>(tasks.size())); ++i)
        threads.emplace_back(work);
    work();
}

std::string joined(const std::vector<Error>& errors) {
    std::string text;
    for (const Error& error : errors) text += (text.empty() ? "" : "; then ") + error.message;
    return text;
}

class Fetch {
  public:
    Fetch(const FetchOptions& options, DepotIndex index)
        : options_(options),
          index_(std::move(index)), context_{options, [this](const Artifact& artifact,
                                                             FetchPhase phase, std::uint64_t done) {
                                                 report(artifact, phase, done);
                                             }} {}

    FetchReport run(std::vector<Pending> pending) {
        while (!pending.empty() && !cancelled(options_.cancel)) pending = round(std::move(pending));
        report_.cancelled = cancelled(options_.cancel);
        return std::move(report_);
    }

    // Already there: known to the index, or stored under its digest while the index does not know.
    bool is_present(const Artifact& artifact) {
        auto row = index_.entries.find(artifact.name);
        bool known = row != index_.entries.end() && is_wanted(artifact, row->second);
        std::string sha256 = known ? row->second.sha256 : artifact.sha256;
        if (known && !options_.verify) {
            if (is_stored(options_.depot, row->second)) return present(artifact, row->second);
            if (artifact.sha256.empty()) return false;
        }
        std::error_code error;
        if (sha256.empty() || !std::filesystem::exists(stored_path(options_.depot, sha256), error))
            return false;
        Result<IndexEntry> entry = verify_stored(
            options_.depot, artifact, sha256, known ? row->second.source : "depot",
            [&](std::uint64_t done) { report(artifact, FetchPhase::verifying, done); });
        if (entry) return present(artifact, *entry);
        std::filesystem::remove(stored_path(options_.depot, sha256), error);
        return false;
    }

  private:
    // A digest identifies by itself; what is built here is identified by what it is built from.
    static bool is_wanted(const Artifact& artifact, const IndexEntry& entry) {
        if (!artifact.sha256.empty()) return entry.sha256 == artifact.sha256;
        return entry.version == artifact.version &&
               std::any_of(artifact.sources.begin(), artifact.sources.end(),
                           [&](const Source& source) { return describe(source) == entry.source; });
    }

    bool present(const Artifact& artifact, IndexEntry entry) {
        entry.version = artifact.version;
        entry.file = artifact.file;
        IndexEntry& row = index_.entries[artifact.name];
        if (row != entry) {
            row = std::move(entry);
            if (!write_index(options_.depot, index_)) return false;
        }
        report(artifact, FetchPhase::done, row.size.bytes);
        report_.present.push_back(artifact.name);
        return true;
    }

    void report(const Artifact& artifact, FetchPhase phase, std::uint64_t done) {
        if (!options_.progress) return;
        // pip and Maven have a file twice for a while.
        if (artifact.size.bytes > 0) done = std::min(done, artifact.size.bytes);
        std::lock_guard hold(progress_mutex_);
        options_.progress({artifact.name, phase, done, artifact.size.bytes});
    }

    // Each pending artifact from its next source. Returns those that have a further one to try.
    std::vector<Pending> round(std::vector<Pending> pending) {
        std::vector<Pending*> maven, go;
        std::vector<std::function<void()>> tasks;
        std::vector<std::function<void()>> single;
        for (Pending& item : pending) {
            const Source& source = item.artifact->sources[item.next_source];
            report(*item.artifact, FetchPhase::waiting, 0);
            if (std::holds_alternative<MavenSource>(source))
                maven.push_back(&item);
            else if (std::holds_alternative<GoSource>(source))
                go.push_back(&item);
            else
                single.emplace_back([this, &item] { settle(item, bring(item)); });
        }
        // The longest first; builds one after another, each uses all processors.
        if (!go.empty())
            tasks.emplace_back([this, go] {
                for (Pending* item : go) settle(*item, bring(*item));
            });
        if (!maven.empty()) tasks.emplace_back([this, maven] { bring_maven(maven); });
        tasks.insert(tasks.end(), single.begin(), single.end());
        run_all(tasks, options_.jobs);
        std::vector<Pending> left;
        for (Pending& item : pending)
            if (!item.errors.empty() && item.next_source < item.artifact->sources.size())
                left.push_back(std::move(item));
        return left;
    }

    Result<Job> make_job(const Pending& item) {
        std::string directory = options_.depot + "/tmp/" + item.artifact->name;
        std::error_code ignored; // make_directories() and the client say what matters
        std::filesystem::remove_all(directory, ignored);
        TRY(make_directories(directory));
        return Job{item.artifact, &item.artifact->sources[item.next_source], directory};
    }

    Result<std::string> bring(const Pending& item) {
        if (cancelled(options_.cancel)) return fail("stopped on request");
        const Source& source = item.artifact->sources[item.next_source];
        report(*item.artifact, FetchPhase::fetching, 0);
        if (const auto* url = std::get_if<UrlSource>(&source)) return bring_url(item, *url);
        if (const auto* file = std::get_if<FileSource>(&source)) return file->path;
        Job job = TRY(make_job(item));
        if (std::holds_alternative<GoSource>(source)) return fetch_go(job, context_);
        return fetch_pypi(job, context_);
    }

    Result<std::string> bring_url(const Pending& item, const UrlSource& source) {
        if (options_.offline)
            return fail(Errc::network, source.url + " is not asked: offline",
                        "bring it with a depot");
        Download download;
        download.url = source.url;
        download.to = options_.depot + "/tmp/" + item.artifact->name + ".part";
        download.max_bytes = item.artifact->size.bytes;
        download.cancel = options_.cancel;
        download.progress = [&](std::uint64_t done) {
            report(*item.artifact, FetchPhase::fetching, done);
        };
        TRY(download_file(download));
        return download.to;
    }

    void bring_maven(const std::vector<Pending*>& items) {
        std::vector<Job> jobs;
        std::vector<Pending*> ready;
        for (Pending* item : items) {
            Result<Job> job = make_job(*item);
            if (!job) {
                settle(*item, tl::unexpected(job.error()));
                continue;
            }
            jobs.push_back(std::move(*job));
            ready.push_back(item);
        }
        if (jobs.empty() || cancelled(options_.cancel)) return;
        std::vector<Result<std::string>> files = fetch_maven(jobs, context_);
        for (std::size_t i = 0; i < ready.size(); ++i) settle(*ready[i], std::move(files[i]));
    }

    void settle(Pending& item, Result<std::string> file) {
        const Artifact& artifact = *item.artifact;
        Result<IndexEntry> entry = tl::unexpected(Error{});
        if (file) {
            entry =
                adopt(options_.depot, artifact, *file, describe(artifact.sources[item.next_source]),
                      [&](std::uint64_t done) { report(artifact, FetchPhase::verifying, done); });
        } else {
            entry = tl::unexpected(file.error());
        }
        std::error_code ignored; // a rest in tmp/ is removed by the next run
        std::filesystem::remove_all(options_.depot + "/tmp/" + artifact.name, ignored);
        std::lock_guard hold(mutex_);
        if (entry) {
            index_.entries[artifact.name] = *entry;
            same_time(entry->sha256);
            Result<void> written = write_index(options_.depot, index_);
            if (!written) entry = tl::unexpected(written.error());
        }
        if (entry) {
            item.errors.clear();
            item.next_source = artifact.sources.size();
            report_.fetched.push_back(artifact.name);
            report(artifact, FetchPhase::done, entry->size.bytes);
            return;
        }
        item.errors.push_back(entry.error());
        ++item.next_source;
        if (cancelled(options_.cancel) || item.next_source < artifact.sources.size()) return;
        Error error = item.errors.back();
        error.message = joined(item.errors);
        report_.failed.push_back({artifact.name, std::move(error)});
        report(artifact, FetchPhase::failed, 0);
    }

    // Two artifacts may be one file, which another thread has just replaced by an equal one.
    void same_time(const std::string& sha256) {
        std::optional<std::int64_t> time = stored_time(options_.depot, sha256);
        for (auto& [name, row] : index_.entries)
            if (time && row.sha256 == sha256) row.mtime_ns = *time;
    }

    const FetchOptions& options_;
    DepotIndex index_;
    ClientContext context_;
    FetchReport report_;
    std::mutex mutex_; // index_ and report_
    std::mutex progress_mutex_;
};

Result<std::vector<const Artifact*>> chosen(const Catalog& catalog,
                                            std::vector<std::string> names) {
    if (names.empty())
        for (const Artifact& artifact : catalog.artifacts) names.push_back(artifact.name);
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    std::vector<const Artifact*> artifacts;
    for (const std::string& name : names) {
        const Artifact* artifact = find_artifact(catalog, name);
        if (!artifact)
            return fail(Errc::usage, fmt::format("the catalog has no artifact \"{}\"", name));
        artifacts.push_back(artifact);
    }
    return artifacts;
}

Result<void> check_space(const std::string& depot, const std::vector<Pending>& pending) {
    std::uint64_t need = 0;
    for (const Pending& item : pending) need += item.artifact->size.bytes;
    struct statvfs space {};
    if (::statvfs(depot.c_str(), &space) != 0) return fail_errno("cannot look at " + depot, errno);
    std::uint64_t free = std::uint64_t{space.f_bavail} * space.f_frsize;
    if (need == 0 || need + kSpare <= free) return {};
    return fail(Errc::checks_failed,
                fmt::format("{} needs {} more and its file system has {} free", depot,
                            to_string(ByteSize{need + kSpare}), to_string(ByteSize{free})),
                "free some space, or use another directory with --depot");
}

std::string pypi_text(const PypiSource& source) {
    std::string tags = source.platform.empty()
                           ? "sdist"
                           : fmt::format("{} {} {} {}", source.python, source.implementation,
                                         source.abi, source.platform);
    return fmt::format("pypi {}=={} ({})", source.name, source.version, tags);
}

struct Describe {
    std::string operator()(const MavenSource& source) const {
        std::string text =
            fmt::format("maven {}:{}:{}", source.group, source.artifact, source.version);
        if (source.type != "jar" || !source.classifier.empty()) text += ':' + source.type;
        if (!source.classifier.empty()) text += ':' + source.classifier;
        return text;
    }
    std::string operator()(const PypiSource& source) const { return pypi_text(source); }
    std::string operator()(const GoSource& source) const {
        std::string package = source.package.empty() ? "" : '/' + source.package;
        return fmt::format("go {}{}@{} {}", source.module, package, source.version, source.h1);
    }
    std::string operator()(const UrlSource& source) const { return "url " + source.url; }
    std::string operator()(const FileSource& source) const { return "file " + source.path; }
};

} // namespace

std::string describe(const Source& source) {
    return std::visit(Describe{}, source);
}

std::string last_words(const std::string& output) {
    std::vector<std::string> lines;
    std::size_t begin = 0;
    while (begin < output.size()) {
        std::size_t end = std::min(output.find('\n', begin), output.size());
        const std::string line = output.substr(begin, end - begin);
        begin = end + 1;
        std::size_t text = line.find_first_not_of(" \t\r");
        if (text != std::string::npos) lines.push_back(line.substr(text));
    }
    std::string text;
    for (std::size_t i = lines.size() > 3 ? lines.size() - 3 : 0; i < lines.size(); ++i)
        text += (text.empty() ? "" : " / ") + lines[i].substr(0, 300);
    return text.empty() ? "it said nothing" : text;
}

std::string_view to_string(FetchPhase phase) {
    switch (phase) {
    case FetchPhase::waiting:
        return "waiting";
    case FetchPhase::fetching:
        return "fetching";
    case FetchPhase::building:
        return "building";
    case FetchPhase::verifying:
        return "verifying";
    case FetchPhase::done:
        return "done";
    case FetchPhase::failed:
        break;
    }
    return "failed";
}

Result<FetchReport> fetch(const Catalog& catalog, std::vector<std::string> artifacts,
                          const FetchOptions& options) {
    std::vector<const Artifact*> wanted = TRY(chosen(catalog, std::move(artifacts)));
    TRY(make_directories(options.depot + "/sha256"));
    TRY(make_directories(options.depot + "/tmp"));
    FileLock lock = TRY(FileLock::acquire(options.depot + "/.lock", "fetch"));
    Fetch fetching(options, TRY(read_index(options.depot)));
    std::vector<Pending> pending;
    for (const Artifact* artifact : wanted)
        if (!fetching.is_present(*artifact)) pending.push_back({artifact, 0, {}});
    TRY(check_space(options.depot, pending));
    return fetching.run(std::move(pending));
}

Result<void> check(const FetchReport& report) {
    if (report.failed.empty() && !report.cancelled) return {};
    Error error;
    if (report.cancelled) {
        error = {
            Errc::partial,
            fmt::format("stopped on request: {} artifacts are in the depot, each of them whole",
                        report.present.size() + report.fetched.size()),
            "run lakebed fetch again to go on from there"};
    } else {
        error.code = report.failed.front().error.code;
    }
    // A missing client fails many artifacts alike: one line for each reason.
    std::vector<std::pair<std::string, std::vector<std::string>>> reasons;
    for (const FetchFailure& failure : report.failed) {
        auto same = std::ranges::find(reasons, failure.error.message,
                                      &decltype(reasons)::value_type::first);
        if (same == reasons.end()) same = reasons.insert(same, {failure.error.message, {}});
        same->second.push_back(failure.artifact);
    }
    for (const auto& [reason, artifacts] : reasons)
        error.message += fmt::format("{}{}: {}", error.message.empty() ? "" : "\n",
                                     fmt::join(artifacts, ", "), reason);
    for (const FetchFailure& failure : report.failed) {
        if (failure.error.code == Errc::verification) error.code = Errc::verification;
        if (!failure.error.hint.empty() && error.hint.find(failure.error.hint) == std::string::npos)
            error.hint += (error.hint.empty() ? "" : "; ") + failure.error.hint;
    }
    return tl::unexpected(error);
}

} // namespace lakebed
