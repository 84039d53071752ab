// Depot: a plain directory of verified artifacts, named by digest, with an index.
//
// Layout: sha256/<hex> (the files), index.toml, tmp/ (unfinished), .lock. Any web server can serve
// it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/quantity.h"
#include "base/result.h"

namespace lakebed {

// One row of index.toml.
struct IndexEntry {
    std::string artifact;
    std::string version;
    std::string file; // the name it is laid out under: "postgresql-42.7.3.jar"
    std::string sha256;
    ByteSize size;
    std::int64_t mtime_ns = 0; // of the stored file: equal size and time mean unchanged
    std::string source;        // where it came from: "maven org.postgresql:postgresql:42.7.3"
    bool operator==(const IndexEntry&) const = default;
};

struct DepotIndex {
    std::map<std::string, IndexEntry> entries; // by artifact name
    bool operator==(const DepotIndex&) const = default;
};

[[nodiscard]] std::string stored_path(const std::string& depot, const std::string& sha256);

// A missing index is empty; one that cannot be read is an error that says to run fetch again.
[[nodiscard]] Result<DepotIndex> read_index(const std::string& depot);
[[nodiscard]] Result<void> write_index(const std::string& depot, const DepotIndex& index);

// Time of the stored file, as in IndexEntry::mtime_ns; nullopt when it is missing.
[[nodiscard]] std::optional<std::int64_t> stored_time(const std::string& depot,
                                                      const std::string& sha256);

// Size and time of the stored file are those of the index.
[[nodiscard]] bool is_stored(const std::string& depot, const IndexEntry& entry);

// What the depot holds, by artifact name. Fast: files are not read. A missing depot is empty; rows
// whose file is missing or changed are left out.
[[nodiscard]] Result<std::map<std::string, IndexEntry>> read_depot(const std::string& depot);

} // namespace lakebed
