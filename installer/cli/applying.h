// applying: what apply and up share.
#pragma once

#include "cli/planning.h"

namespace lakebed {

// Plans under the host's lock, asks when services would be restarted and a person is there, carries
// the plan out, and tells lakebedd. Returns the current generation.
[[nodiscard]] Result<int> apply_to_host(Context& context);

// Fills the depot with what `artifacts` names, with progress.
[[nodiscard]] Result<void> fetch_artifacts(Context& context, const Catalog& catalog,
                                           std::vector<std::string> artifacts);

} // namespace lakebed
