// Evidence: what the machine says of a failure whose log speaks of a taken port or a full disk.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/port_holder.h"
#include "base/result.h"
#include "engine/judge_guard.h"

namespace lakebed {

// "port 6379 is taken by nginx (pid 812) of nginx.service"; nullopt when none of `holders` is in
// the way of `unit`: what it holds itself or another address holds is not.
[[nodiscard]] std::optional<std::string> port_evidence(const std::string& unit,
                                                       const std::vector<std::string>& addresses,
                                                       const std::vector<PortHolder>& holders);

[[nodiscard]] std::vector<Port> ports_of(const std::vector<std::string>& addresses);

// 5 % of the disk and of its inodes, but at most 256 MiB, must be free for a service to go on.
[[nodiscard]] bool has_room(const Space& space);

// "no space left on /data (12 MiB free)"
[[nodiscard]] std::string space_evidence(const std::string& path, const Space& space);

} // namespace lakebed
