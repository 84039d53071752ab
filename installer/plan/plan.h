// Plan: the ordered steps that lead from what is on the host to what is desired. A value.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "plan/desired.h"
#include "plan/inventory.h"
#include "plan/stack.h"

namespace lakebed {

struct EnsureUser {
    std::string name;
    std::string title;
    bool operator==(const EnsureUser&) const = default;
};
struct EnsureDir {
    std::string path;
    std::uint32_t mode = 0755;
    std::string owner = "root";
    std::string group = "root";
    std::string
        marker; // not empty: an ownership marker with this, the site's id, is written into it
    bool operator==(const EnsureDir&) const = default;
};
struct EnsureSecret { // create-if-missing, 0600 root
    StackSecret secret;
    bool operator==(const EnsureSecret&) const = default;
};
struct Unpack {
    StoreEntry entry;
    std::vector<DepotEntry> from; // one for each artifact of the entry
    bool operator==(const Unpack&) const = default;
};
struct WriteFile {
    DesiredFile file;
    bool operator==(const WriteFile&) const = default;
};
struct RemoveFile { // a file that the last generation wrote and this one has not
    std::string path;
    bool operator==(const RemoveFile&) const = default;
};
struct InstallUnit {
    DesiredUnit unit;
    bool operator==(const InstallUnit&) const = default;
};
struct ReloadUnits {
    bool operator==(const ReloadUnits&) const = default;
};
struct EnableUnit {
    std::string unit;
    bool operator==(const EnableUnit&) const = default;
};
struct StartUnit {
    std::string unit;
    bool operator==(const StartUnit&) const = default;
};
struct StopUnit {
    std::string unit;
    bool operator==(const StopUnit&) const = default;
};
struct RestartUnit {
    std::string unit;
    bool operator==(const RestartUnit&) const = default;
};
struct SwitchGeneration { // writes generations/N with graph, verify and manifest; then the link
    int generation = 0;
    std::string graph;
    std::string verify;
    std::map<std::string, std::string> manifest; // path -> sha256
    bool operator==(const SwitchGeneration&) const = default;
};

using Step =
    std::variant<EnsureUser, EnsureDir, EnsureSecret, Unpack, WriteFile, RemoveFile, InstallUnit,
                 ReloadUnits, EnableUnit, StartUnit, StopUnit, RestartUnit, SwitchGeneration>;

// One line: "unpack redis 7.0.15 into /opt/lakebed/store/redis-7.0.15-1a2b3c4d (12 MiB)".
[[nodiscard]] std::string to_string(const Step& step);
// Stable name of the kind: "Unpack".
[[nodiscard]] std::string_view kind_name(const Step& step);

struct DiskNeed {
    std::string mount_point;
    ByteSize peak; // more than now, at the worst moment of the apply
    ByteSize free;
    bool operator==(const DiskNeed&) const = default;
};

struct Plan {
    int from_generation = 0;
    int to_generation = 0;   // equal to `from` when there is nothing to do
    std::vector<Step> steps; // in the order of design.md §7, Activation
    std::vector<DiskNeed> disk;
    std::vector<std::string> drift; // files edited by hand since they were written: kept, and shown
    bool operator==(const Plan&) const = default;
};

[[nodiscard]] bool is_empty(const Plan& plan);

struct PlanOptions {
    bool overwrite_edited = false; // files that were edited by hand, too
    bool operator==(const PlanOptions&) const = default;
};

// Problems of the host are reported together, before anything is changed: not root, no systemd, an
// architecture the catalog has no artifacts for, artifacts missing from the depot, ports held by
// others (pid, program, the key to change), too little disk (peak per file system), noexec, a data
// directory that is not ours, edited files that would have to change.
[[nodiscard]] Plan make_plan(const Stack& stack, const Desired& desired, const Inventory& inventory,
                             Diagnostics& diagnostics, const PlanOptions& options = {});

// What the manifest of a generation of `stack` and `desired` says; see Inventory::manifest.
[[nodiscard]] std::map<std::string, std::string> make_manifest(const Stack& stack,
                                                               const Desired& desired);

// Paths and units whose state make_plan wants to find in the Inventory. The host adds the absolute
// paths and the units of the current generation's manifest, which no Stack knows.
struct InventoryQuery {
    std::vector<std::string> paths;
    std::vector<std::string> brought; // the operator's files: only their type, links followed
    std::vector<std::string> store;
    std::vector<std::string> mounts;
    std::vector<std::string> users;
    std::vector<std::string> units;
    std::vector<Port> ports;
};
[[nodiscard]] InventoryQuery inventory_query(const Stack& stack, const Desired& desired);

} // namespace lakebed
