// ProbeFile: probe.toml, by which a unit's ExecStartPost knows what to wait for.
#pragma once

#include <string>
#include <string_view>

#include "base/diagnostics.h"
#include "model/probe_spec.h"

namespace lakebed {

// service = "redis", user = "lakebed-redis", start_timeout = "90s", [probe] as in probe_spec.h
struct ProbeFile {
    std::string service;
    std::string user; // system user to become before the service is talked to; empty: stay
    Duration start_timeout = std::chrono::seconds(90); // the unit's TimeoutStartSec
    ProbeSpec probe;
    bool operator==(const ProbeFile&) const = default;
};

[[nodiscard]] ProbeFile read_probe_file(std::string_view text, std::string_view file,
                                        Diagnostics& diagnostics);

} // namespace lakebed
