// A simulated host to which plans of the small profile are applied.
#pragma once

#include <gtest/gtest.h>

#include "support/fake_host.h"
#include "support/small_profile.h"

namespace lakebed::test {

inline Plan plan_for(const SmallStack& small, FakeHost& host, Diagnostics& diagnostics,
                     const PlanOptions& options = {}) {
    Inventory inventory = *host.read_inventory(inventory_query(small.stack, small.desired));
    return make_plan(small.stack, small.desired, inventory, diagnostics, options);
}

// Plans, expects no complaint, carries out.
inline Plan apply_to(FakeHost& host, const SmallStack& small, const PlanOptions& options = {}) {
    Diagnostics diagnostics;
    Plan plan = plan_for(small, host, diagnostics, options);
    EXPECT_EQ(all_text(diagnostics), "");
    for (const Step& step : plan.steps)
        if (!host.perform(step, {})) break;
    return plan;
}

inline FakeHost host_with(const SmallStack& small) {
    FakeHost host(small.data.catalog.artifacts);
    apply_to(host, small);
    host.start_everything();
    return host;
}

} // namespace lakebed::test
