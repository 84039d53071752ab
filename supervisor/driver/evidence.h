// Evidence: what the machine says of a failure whose log speaks of a taken port or a full disk.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/port_holder.h"
#include "base/result.h"
#include "model/service_graph.h"

namespace lakebed {

// "port 6379 is taken by nginx (pid 812) of nginx.service"; nullopt when none of `holders` is in
// the way of `node`: what its own unit or another address holds is not.
[[nodiscard]] std::optional<std::string> port_evidence(const GraphNode& node,
                                                       const std::vector<PortHolder>& holders);

// The ports of the node's addresses.
[[nodiscard]] std::vector<Port> ports_of(const GraphNode& node);

struct Space {
    std::uint64_t size = 0, free = 0;          // bytes; free to the unprivileged
    std::uint64_t inodes = 0, inodes_free = 0; // 0 inodes: the file system does not count them
};

// 5 % of the disk and of its inodes, but at most 256 MiB, must be free for a service to go on.
[[nodiscard]] bool has_room(const Space& space);

[[nodiscard]] Result<Space> read_space(const std::string& path);

// "no space left on /data (12 MiB free)"
[[nodiscard]] std::string space_evidence(const std::string& path, const Space& space);

} // namespace lakebed
