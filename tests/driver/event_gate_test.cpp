#include "driver/event_gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lakebed {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::VariantWith;

UnitProperties seen(const std::string& active, std::uint32_t job = 0) {
    return {.load_state = "loaded", .active_state = active, .job_id = job};
}

UnitChanged changed(const std::string& unit, const std::string& active, std::uint32_t job = 0,
                    const std::string& type = "") {
    return {unit,
            {.load_state = "loaded", .active_state = active, .job_id = job, .job_type = type}};
}

TEST(ToSnapshot, TakesOverWhatTheEngineNeeds) {
    UnitProperties unit{.load_state = "loaded",
                        .active_state = "activating",
                        .sub_state = "auto-restart",
                        .invocation_id = "0a1b",
                        .job_id = 7,
                        .active_enter = 5,
                        .inactive_exit = 4,
                        .result = "signal",
                        .exec_main_code = 2,
                        .exec_main_status = 9,
                        .main_pid = 42,
                        .n_restarts = 3};
    EXPECT_EQ(to_snapshot(unit, "start"), (UnitSnapshot{.load_state = "loaded",
                                                        .active_state = "activating",
                                                        .sub_state = "auto-restart",
                                                        .result = "signal",
                                                        .invocation_id = "0a1b",
                                                        .exec_main_code = 2,
                                                        .exec_main_status = 9,
                                                        .main_pid = 42,
                                                        .n_restarts = 3,
                                                        .job_id = 7,
                                                        .job_type = "start",
                                                        .ran_before = true,
                                                        .began = to_stamp(4),
                                                        .became_active = to_stamp(5)}));
}

TEST(ToSnapshot, AnInvocationOfZerosIsNone) {
    UnitProperties unit{.invocation_id = "00000000000000000000000000000000"};
    EXPECT_EQ(to_snapshot(unit, "").invocation_id, "");
    EXPECT_FALSE(to_snapshot(unit, "").ran_before);
}

TEST(EventGate, AReadUnitPassesAtOnceWhenNoQuestionIsOpen) {
    EventGate gate;
    gate.unit_seen("a.service", seen("active"));
    EXPECT_THAT(gate.take(), ElementsAre(VariantWith<UnitChanged>(changed("a.service", "active"))));
    EXPECT_THAT(gate.take(), IsEmpty());
}

TEST(EventGate, ASnapshotWaitsForTheTypeOfItsJob) {
    EventGate gate;
    EXPECT_TRUE(gate.job_appeared(7));
    gate.unit_seen("a.service", seen("active", 7));
    EXPECT_THAT(gate.take(), IsEmpty());
    gate.job_type_is(7, "stop");
    EXPECT_THAT(gate.take(),
                ElementsAre(VariantWith<UnitChanged>(changed("a.service", "active", 7, "stop"))));
}

TEST(EventGate, AJobIsAskedForOnce) {
    EventGate gate;
    EXPECT_TRUE(gate.job_appeared(7));
    EXPECT_FALSE(gate.job_appeared(7));
    gate.job_is_listed(8, "start");
    EXPECT_FALSE(gate.job_appeared(8));
}

TEST(EventGate, TheEndOfAJobComesAfterTheNextThatIsSeenOfItsUnit) {
    EventGate gate;
    EXPECT_TRUE(gate.job_appeared(7));
    gate.job_type_is(7, "stop");
    gate.unit_seen("a.service", seen("deactivating", 7));
    gate.job_removed(7, "a.service", "done");
    gate.unit_seen("b.service", seen("active"));
    EXPECT_THAT(gate.take(), ElementsAre(VariantWith<UnitChanged>(
                                             changed("a.service", "deactivating", 7, "stop")),
                                         VariantWith<UnitChanged>(changed("b.service", "active"))));
    gate.unit_seen("a.service", seen("inactive"));
    EXPECT_THAT(gate.take(),
                ElementsAre(VariantWith<UnitChanged>(changed("a.service", "inactive")),
                            VariantWith<JobDone>(JobDone{"a.service", "stop", "done", false})));
}

TEST(EventGate, WhatCameBeforeAQuestionDoesNotWaitForItAndAnswersMayComeInAnyOrder) {
    EventGate gate;
    EXPECT_TRUE(gate.job_appeared(7));
    gate.unit_seen("a.service", seen("activating", 7));
    EXPECT_TRUE(gate.job_appeared(8));
    gate.unit_seen("b.service", seen("activating", 8));
    gate.job_is_ours(8, "start");
    EXPECT_THAT(gate.take(), IsEmpty());
    gate.job_type_is(7, "start");
    EXPECT_THAT(gate.take(), testing::SizeIs(2));
}

TEST(EventGate, TheEndOfAMembersStopComesAfterTheTypeOfTheTargetsJobIsKnown) {
    EventGate gate;
    EXPECT_TRUE(gate.job_appeared(1)); // of the member
    EXPECT_TRUE(gate.job_appeared(2)); // of the target
    gate.job_removed(1, "a.service", "done");
    gate.job_type_is(1, std::nullopt);
    gate.unit_seen("a.service", seen("inactive"));
    EXPECT_THAT(gate.take(), IsEmpty());
    gate.job_type_is(2, "stop");
    EXPECT_THAT(gate.take(),
                ElementsAre(VariantWith<UnitChanged>(changed("a.service", "inactive")),
                            VariantWith<JobDone>(JobDone{"a.service", "", "done", false})));
}

TEST(EventGate, AJobOfOursIsToldAsOurs) {
    EventGate gate;
    EXPECT_TRUE(gate.job_appeared(7));
    gate.job_is_ours(7, "restart");
    gate.job_type_is(7, "start"); // systemd turns a restart into a start half-way
    gate.job_removed(7, "a.service", "done");
    gate.unit_seen("a.service", seen("active"));
    EXPECT_THAT(gate.take(),
                ElementsAre(VariantWith<UnitChanged>(changed("a.service", "active")),
                            VariantWith<JobDone>(JobDone{"a.service", "restart", "done", true})));
}

TEST(EventGate, TheEndOfAJobIsToldEvenWhenTheUnitCannotBeRead) {
    EventGate gate;
    gate.job_is_ours(7, "stop");
    gate.job_removed(7, "a.service", "done");
    gate.unit_seen("a.service", std::nullopt);
    EXPECT_THAT(gate.take(),
                ElementsAre(VariantWith<JobDone>(JobDone{"a.service", "stop", "done", true})));
}

TEST(EventGate, NothingOfABrokenConnectionIsLeft) {
    EventGate gate;
    EXPECT_TRUE(gate.job_appeared(7));
    gate.unit_seen("a.service", seen("active", 7));
    gate.clear();
    gate.unit_seen("b.service", seen("inactive"));
    EXPECT_THAT(gate.take(),
                ElementsAre(VariantWith<UnitChanged>(changed("b.service", "inactive"))));
}

} // namespace
} // namespace lakebed
