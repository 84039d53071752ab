// Parts of make_plan().
#pragma once

#include "plan/plan.h"

namespace lakebed {

inline constexpr std::string_view kTarget = "lakebed.target";

// Manifest key of an instance, see Inventory::manifest.
inline constexpr std::string_view kUnitRecord = "unit:";

[[nodiscard]] std::string unit_path(const Stack& stack, const std::string& unit);

// Directories that belong to lakebed itself, parents first.
[[nodiscard]] std::vector<EnsureDir> own_directories(const Stack& stack);
// Those of the rendered config files, parents first.
[[nodiscard]] std::vector<EnsureDir> config_directories(const Stack& stack, const Desired& desired);
// The data directory of a service that has one.
[[nodiscard]] EnsureDir data_directory(const Stack& stack, const StackService& service);

// Who runs us, ports, file systems: what can be said before the steps are known.
void check_host(const Stack& stack, const Inventory& inventory, Diagnostics& diagnostics);

// Fills plan.disk from the plan's steps and reports what does not fit.
void check_disk(const Stack& stack, const Inventory& inventory, Plan& plan,
                Diagnostics& diagnostics);

} // namespace lakebed
