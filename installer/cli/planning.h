// planning: the plan for this host, its words and its document.
#pragma once

#include "cli/load.h"
#include "plan/inventory.h"
#include "plan/plan.h"

namespace lakebed {

// Option of plan, apply and up.
inline constexpr OptionRow kOverwriteEdited{"--overwrite-edited", "",
                                            "also write files that were edited by hand"};

struct Planned {
    Loaded loaded;
    Inventory inventory;
    Plan plan;
    Diagnostics host; // what the host does not fulfil; not printed yet
};
[[nodiscard]] Result<Planned> plan_for_host(Context& context);

// Artifacts that are needed to unpack something and that the depot does not hold.
[[nodiscard]] std::vector<std::string> missing_artifacts(const Stack& stack,
                                                         const Inventory& inventory);

// Prints the host's problems; Errc::checks_failed when there is one.
[[nodiscard]] Result<void> require_fit_host(Context& context, const Planned& planned);

[[nodiscard]] std::string describe_plan(const Stack& stack, const Plan& plan);
[[nodiscard]] Table plan_document(const Stack& stack, const Plan& plan);

// Units that the plan restarts or stops.
[[nodiscard]] std::vector<std::string> disturbed_units(const Plan& plan);

// Errc::checks_failed with the command to type instead when we are not root.
[[nodiscard]] Result<void> require_root(const Context& context);
// Errc::refused: with --root there is no running system to talk to.
[[nodiscard]] Result<void> require_running_system(const Context& context);

} // namespace lakebed
