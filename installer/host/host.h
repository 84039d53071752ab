// Host: the only door through which apply changes a machine. RealHost is the machine, tests have
// their own (tests/support/fake_host.h).
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "plan/inventory.h"
#include "plan/plan.h"

namespace lakebed {

// Bytes done and to do of the step at hand; called often, from any thread.
using StepProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

class Host {
  public:
    virtual ~Host() = default;

    [[nodiscard]] virtual Result<HostFacts> read_facts() = 0;
    [[nodiscard]] virtual Result<Inventory> read_inventory(const InventoryQuery& query) = 0;

    // Carries out one step. Idempotent: done again after a kill at any point it ends the same.
    [[nodiscard]] virtual Result<void> perform(const Step& step, const StepProgress& progress) = 0;

    // The step journal: intent before, done after, both durable when they return.
    [[nodiscard]] virtual Result<void> journal(std::string_view line) = 0;
};

struct RealHostOptions {
    Paths paths;
    std::string depot; // directory
};
[[nodiscard]] Result<std::unique_ptr<Host>> make_real_host(RealHostOptions options);

} // namespace lakebed
