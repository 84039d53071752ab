// ProbeFile: probe.toml, by which a unit's ExecStartPost knows what to wait for.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/diagnostics.h"
#include "base/result.h"
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

// One probe.toml serves all instances of a service: @instance@ in its text stands for the number of
// the one that is asked (1 to 64). Errc::usage when it is needed and not given, or is no such
// number.
[[nodiscard]] Result<std::string> fill_instance(std::string_view text, std::string_view file,
                                                const std::optional<std::string>& instance);

[[nodiscard]] ProbeFile read_probe_file(std::string_view text, std::string_view file,
                                        Diagnostics& diagnostics);

} // namespace lakebed
