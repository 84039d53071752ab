// fetch: brings artifacts of the catalog into the depot, each from the first source that works.
//
// How it works: what the index has is left alone. The rest goes in rounds, one source each: one
// Maven run for all maven coordinates, go builds one after another beside it, pip, urls and files
// in parallel. Each file is checked (size, sha256, first bytes) in <depot>/tmp, then moved in.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "input/catalog.h"
#include "sys/cancel.h"

namespace lakebed {

enum class FetchPhase { waiting, fetching, building, verifying, done, failed };

struct FetchProgress {
    std::string artifact;
    FetchPhase phase = FetchPhase::waiting;
    std::uint64_t done = 0;  // bytes
    std::uint64_t total = 0; // 0: not known (built here)
};

struct FetchOptions {
    std::string depot;
    int jobs = 4;         // at the same time
    bool offline = false; // only files and what the clients have in their own caches
    bool verify = false;  // read and hash again what the index has
    std::function<void(const FetchProgress&)> progress; // from any thread, one call at a time
    const CancelFlag* cancel = nullptr;
};

struct FetchFailure {
    std::string artifact;
    Error error;
    bool operator==(const FetchFailure&) const = default;
};

struct FetchReport {
    std::vector<std::string> present; // were there already
    std::vector<std::string> fetched;
    std::vector<FetchFailure> failed;
    bool cancelled = false; // the rest was not tried; what is in the depot stays and is whole
};

// `artifacts`: names; empty means all of the catalog. An Error here means that nothing could be
// tried (unknown name, depot not writable, locked, no space); failures of single artifacts are in
// the report.
[[nodiscard]] Result<FetchReport> fetch(const Catalog& catalog, std::vector<std::string> artifacts,
                                        const FetchOptions& options);

// ok, or one Error that names every failed artifact with its reason, one a line. Its class is
// verification when any artifact was not what the catalog pins, else that of the first failure.
[[nodiscard]] Result<void> check(const FetchReport& report);

[[nodiscard]] std::string_view to_string(FetchPhase phase);

} // namespace lakebed
