// Inventory: what is on the host now, as far as a plan depends on it.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/port_holder.h"
#include "base/quantity.h"
#include "model/probe_spec.h"

namespace lakebed {

struct PathInfo {
    enum class Type { file, directory, other } type = Type::file;
    std::uint32_t mode = 0;
    std::string owner;
    std::string group;
    std::string sha256; // files only
    bool empty = false; // directories only: holds nothing, or lost+found alone
    std::string marker; // directories only: the site's id in our ownership marker; empty: none
    bool operator==(const PathInfo&) const = default;
};

struct MountInfo {
    std::string mount_point;
    std::string device; // st_dev as text: equal devices share their free space
    ByteSize free;
    bool noexec = false;
    bool read_only = false;
    bool operator==(const MountInfo&) const = default;
};

struct DepotEntry {
    std::string artifact;
    std::string sha256;
    ByteSize size;
    std::string path;
    bool operator==(const DepotEntry&) const = default;
};

struct UnitInfo {
    bool active = false;
    bool enabled = false;
    bool outdated =
        false; // active since before its unit file was last written: an apply was cut short
    bool operator==(const UnitInfo&) const = default;
};

struct Inventory {
    bool is_root = true;
    bool has_systemd = true;
    std::string architecture;          // uname -m
    std::uint64_t most_open_files = 0; // that systemd can allow a service; 0: not known
    int generation = 0;                // current; 0: none
    // path -> sha256 of the current generation's files. Keys that do not begin with "/" are records
    // of the generation itself: "graph.toml" and "verify.toml" (sha256), "data:SERVICE" (its
    // directory), "unit:UNIT" (the unit file of which UNIT is an instance).
    std::map<std::string, std::string> manifest;
    // The same for files that an apply wrote and then did not finish, from its journal.
    std::map<std::string, std::string> unfinished;
    std::map<std::string, PathInfo> paths; // those the plan may write or create, when present
    std::map<std::string, PathInfo::Type> brought; // the operator's files, when present
    std::set<std::string> users;
    std::set<std::string> store;             // complete store entries, by path
    std::map<std::string, DepotEntry> depot; // by artifact name
    std::vector<PortHolder> ports;
    std::map<std::string, MountInfo> mounts; // by the directory asked about
    std::map<std::string, UnitInfo> units;   // lakebed-* units known to systemd
    bool operator==(const Inventory&) const = default;
};

} // namespace lakebed
