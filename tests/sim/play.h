// Play: one Scenario against the real engine; says what was broken, if anything.
#pragma once

#include <optional>
#include <string>

#include "sim/scenario.h"

namespace lakebed::sim {

// Engines broken on purpose, to prove that the simulator notices.
enum class Mutant {
    none,
    starts_before_needs,
    fights_operators,
    forgets_retries,
    forgets_state,
    ignores_budget,
    ignores_stack_budget,
    starts_without_target,
    restarts_on_adoption,
    stops_healthy,
    skips_liveness,
    skips_sessions,
    skips_verification,
    repeats_restarts,
    takes_all_for_crashes,
    ignores_lost_needs,
    trusts_without_probe,
    ignores_guards,
};
inline constexpr int kMutants = static_cast<int>(Mutant::ignores_guards) + 1;
[[nodiscard]] std::string_view to_string(Mutant mutant);

struct Outcome {
    std::optional<std::string> broken;
    std::uint64_t events = 0;  // given to the engine
    std::uint64_t actions = 0; // taken by it
};

[[nodiscard]] Outcome play(const Scenario& scenario, Mutant mutant = Mutant::none,
                           bool trace = false);

// The shortest list of faults that still breaks something (delta debugging).
[[nodiscard]] Scenario shrink(Scenario scenario, Mutant mutant = Mutant::none);

} // namespace lakebed::sim
