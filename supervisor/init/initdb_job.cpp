#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>

#include "init/run_job.h"
#include "sys/files.h"
#include "sys/process.h"

namespace lakebed {
namespace {

struct ClusterPlace {
    std::string parent;
    std::string name;
};

Result<ClusterPlace> place_of(const std::string& cluster) {
    std::filesystem::path path(cluster);
    if (!path.is_absolute() || !path.has_filename() || path == path.root_path())
        return fail(Errc::usage, fmt::format("cluster \"{}\" is not an absolute path", cluster));
    return ClusterPlace{path.parent_path().string(), path.filename().string()};
}

// The first eight bytes of the control file, in the machine's byte order.
Result<std::string> system_identifier(const std::string& cluster) {
    std::string control = TRY(read_file(cluster + "/global/pg_control"));
    std::uint64_t identifier = 0;
    if (control.size() < sizeof identifier)
        return fail(Errc::refused, cluster + "/global/pg_control is too short");
    std::memcpy(&identifier, control.data(), sizeof identifier);
    return std::to_string(identifier);
}

// Identity of the cluster that is there; nullopt when none is, and the place is free for one.
Result<std::optional<std::string>> find_cluster(const InitdbJob& job, const ClusterPlace& place) {
    auto version = read_file(job.cluster + "/PG_VERSION", 64);
    if (version) {
        std::string found = version->substr(0, version->find('\n'));
        if (found != job.version)
            return fail(Errc::refused,
                        fmt::format("the cluster in {} is of PostgreSQL {}, not {}", job.cluster,
                                    found, job.version),
                        "use pg_upgrade, or the component of that version");
        return std::optional(TRY(system_identifier(job.cluster)));
    }
    if (version.error().code != Errc::not_found) return tl::unexpected<Error>(version.error());
    if (!TRY(list_directory(job.cluster)).empty())
        return fail(
            Errc::refused,
            fmt::format("{} is not empty, and no cluster: it has no PG_VERSION", job.cluster),
            "look at what is in it; lakebed removes no data");
    const std::string unfinished = "." + place.name + ".new-";
    for (const std::string& name : TRY(list_directory(place.parent))) {
        bool known = name.starts_with(kDataMarker) || name == "lost+found" || name == place.name ||
                     name.starts_with(unfinished);
        if (!known)
            return fail(
                Errc::refused,
                fmt::format("{} holds \"{}\", which is not ours: no cluster is made beside it",
                            place.parent, name),
                "look at what it is; lakebed removes no data");
    }
    return std::optional<std::string>();
}

// Made beside its place and then renamed, so that a cluster is there whole or not at all. What an
// interrupted run leaves behind stays, under a name of its own.
Result<void> make_cluster(const InitdbJob& job, const ClusterPlace& place) {
    std::string fresh = fmt::format("{}/.{}.new-XXXXXX", place.parent, place.name);
    if (::mkdtemp(fresh.data()) == nullptr)
        return fail_errno("cannot make a directory in " + place.parent, errno);
    ChildSpec child;
    child.argv = {job.initdb, "-D", fresh};
    child.argv.insert(child.argv.end(), job.args.begin(), job.args.end());
    child.timeout = std::chrono::minutes(5);
    ChildExit ended = TRY(run_child(child));
    if (!ended.ok())
        return fail(fmt::format("{} failed with status {}: {}", job.initdb, ended.status,
                                last_lines(ended.output, ended.errors)));
    if (std::rename(fresh.c_str(), job.cluster.c_str()) != 0)
        return fail_errno("cannot rename " + fresh + " to " + job.cluster, errno);
    return fsync_directory(place.parent);
}

} // namespace

Result<void> run_initdb_job(const InitdbJob& job, const std::string& site_id, JobLedger& ledger) {
    ClusterPlace place = TRY(place_of(job.cluster));
    TRY(check_data_marker(place.parent, site_id));
    auto present = TRY(find_cluster(job, place));
    if (TRY(ledger.must_make("cluster", "the cluster in " + job.cluster, present))) {
        TRY(make_cluster(job, place));
        present = TRY(find_cluster(job, place));
        if (!present)
            return fail(job.initdb + " ended well, but made no cluster in " + job.cluster);
    }
    ledger.note("cluster", *present);
    return {};
}

} // namespace lakebed
