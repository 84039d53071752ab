// Class archives: makes, for JVM services that run without one, the class-data-sharing archive
// that their units name, so that the next start is faster.
//
// How it works: `lakebed-init render --class-archive PATH` leaves RUNTIME/jvm.args, which has the
// JVM use PATH or, while it is missing, record RUNTIME/classes.list. Once the service is ready,
// root takes that list and the JVM's own command line and has `java -Xshare:dump` run as the
// service's user; so a service decides over the content of its own archive and of no other. The
// directory of archives is a cache: what no unit of the current generation names is removed.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "base/quantity.h"
#include "base/result.h"

namespace lakebed {

// Writes RUNTIME/jvm.args. `archive` is used when it is a regular file, readable, of root and
// writable by root alone.
[[nodiscard]] Result<void> write_jvm_arguments(const std::string& archive,
                                               const std::string& runtime, std::uint32_t mode);

struct RunningJvm {
    std::string unit;    // "lakebed-flink-taskmanager@1.service"
    std::string service; // "flink-taskmanager": its archives carry its name
    int process = -1;    // open /proc/PID
    std::string runtime; // "/run/lakebed/flink-taskmanager@1"
    std::string archive; // the path its unit names
};

struct ArchiveOptions {
    std::string directory = "/var/cache/lakebed/cds"; // archives elsewhere are refused
    std::string scratch = "/var/tmp";           // a private directory is made here and removed
    Duration timeout = std::chrono::minutes(4); // of one dump
};

enum class ArchiveOutcome {
    made,
    present, // nothing to do
    stale,   // the JVM did not take the one that is there: removed, recorded at the next start
};

// `say` gets what was made. Everything that the service could have written is treated as data.
[[nodiscard]] Result<ArchiveOutcome>
make_class_archive(const RunningJvm& jvm, const ArchiveOptions& options,
                   const std::function<void(const std::string&)>& say);

struct ArchivePlaces {
    std::string graph = "/var/lib/lakebed/current/graph.toml";
    std::string units = "/etc/systemd/system";
    std::string run = "/run/lakebed";
    Duration patience = std::chrono::minutes(3); // with services that are not ready
};

// For all services of the current generation; then removes what no unit names. One line each to
// `say`. An Error when there was something to make and nothing could be made.
[[nodiscard]] Result<void> make_class_archives(const ArchivePlaces& places,
                                               const ArchiveOptions& options,
                                               const std::function<void(const std::string&)>& say);

// Removes archives of ours, and remains of interrupted runs, whose names `keep` does not accept.
[[nodiscard]] Result<void> sweep_class_archives(const std::string& directory,
                                                const std::function<bool(const std::string&)>& keep,
                                                const std::function<void(const std::string&)>& say);

} // namespace lakebed
