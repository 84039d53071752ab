#include "driver/event_facts.h"

#include <gtest/gtest.h>

namespace lakebed {
namespace {

TEST(EventFacts, AnEventIsOfAUnitOrOfTheStack) {
    EXPECT_EQ(unit_of(UnitChanged{"a.service", {}}), "a.service");
    EXPECT_EQ(unit_of(ProbeResult{"b.service", true, true, ""}), "b.service");
    EXPECT_EQ(unit_of(TargetStopping{}), "");
}

TEST(EventFacts, OnlyAProbeThatChangedNothingIsRoutine) {
    const Event probe = ProbeResult{"a.service", true, true, "answers"};
    EXPECT_TRUE(is_routine(probe, {act::SetDeadline{"a.service", Deadline::liveness, {}}}));
    EXPECT_TRUE(is_routine(DeadlineReached{"a.service", Deadline::liveness},
                           {act::RunProbe{"a.service", true}}));
    EXPECT_FALSE(is_routine(probe, {act::Announce{"a.service", State::degraded}}));
    EXPECT_FALSE(is_routine(UnitChanged{"a.service", {}}, {}));
}

} // namespace
} // namespace lakebed
