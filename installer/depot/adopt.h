// adopt: the one way by which a file gets into the depot: checked, made durable, moved in.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "depot/depot.h"
#include "input/catalog.h"

namespace lakebed {

// Checks size, digest and first bytes of `path` against the catalog and moves it into the depot; a
// file from elsewhere than the depot's tmp/ is copied and stays. What is not what the catalog pins
// is removed from tmp/, so that nobody resumes it. `progress` gets the bytes hashed.
[[nodiscard]] Result<IndexEntry> adopt(const std::string& depot, const Artifact& artifact,
                                       const std::string& path, const std::string& source,
                                       const std::function<void(std::uint64_t)>& progress = {});

// The same for a file that is in its place already, by the digest of the catalog: hashes it there.
[[nodiscard]] Result<IndexEntry>
verify_stored(const std::string& depot, const Artifact& artifact, const std::string& sha256,
              const std::string& source, const std::function<void(std::uint64_t)>& progress = {});

} // namespace lakebed
