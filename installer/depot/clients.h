// clients: the ordinary programs (mvn, pip, go) that bring artifacts, so that a company's own
// mirror settings apply; each leaves its file in a directory of the depot's tmp/.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "depot/fetch.h"
#include "input/catalog.h"

namespace lakebed {

// One artifact and the source to try.
struct Job {
    const Artifact* artifact = nullptr;
    const Source* source = nullptr;
    std::string directory; // of its own, exists, empty
};

struct ClientContext {
    const FetchOptions& options;
    std::function<void(const Artifact&, FetchPhase, std::uint64_t done)> report;
};

// Paths of the files that came; each job fails or succeeds for itself.
[[nodiscard]] std::vector<Result<std::string>> fetch_maven(const std::vector<Job>& jobs,
                                                           const ClientContext& context);
[[nodiscard]] Result<std::string> fetch_pypi(const Job& job, const ClientContext& context);
[[nodiscard]] Result<std::string> fetch_go(const Job& job, const ClientContext& context);

// "maven org.postgresql:postgresql:42.7.3"; identifies what is fetched, so it is kept in the index.
[[nodiscard]] std::string describe(const Source& source);

// The last lines of a client's output that say why, on one line.
[[nodiscard]] std::string last_words(const std::string& output);

} // namespace lakebed
