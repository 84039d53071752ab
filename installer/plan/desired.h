// Desired: the files a generation consists of, rendered but not yet written.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lakebed {

struct DesiredFile {
    std::string path; // absolute
    std::string content;
    std::uint32_t mode = 0644;
    std::string group; // empty: root; config directories belong to root:<service user>
    bool operator==(const DesiredFile&) const = default;
};

struct DesiredUnit {
    std::string name; // "lakebed-redis.service"
    std::string content;
    std::vector<std::string> instances; // units of a template's file; empty: itself alone
    bool operator==(const DesiredUnit&) const = default;
};

struct Desired {
    std::vector<DesiredFile> config_files; // below <state>/config/<service>-<digest8>/
    std::vector<DesiredUnit> units;        // in start order; a template at its first instance
    std::string graph;  // graph.toml; generation 0, the number is set when it is written
    std::string verify; // verify.toml
    bool operator==(const Desired&) const = default;
};

// The units that systemd knows by this file.
[[nodiscard]] std::vector<std::string> unit_names(const DesiredUnit& unit);

} // namespace lakebed
