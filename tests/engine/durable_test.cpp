#include "engine/durable.h"

#include <gtest/gtest.h>

#include "engine/script.h"

namespace lakebed::test {
namespace {

Script eventful() {
    Script script("postgres\n redis\n hive needs postgres session");
    script.play(R"(
        0 postgres inactive
        0 redis inactive
        0 hive inactive
        0 target up t1
        1 postgres starting p1
        1 postgres post p1
        2 postgres active p1
        3 hive active h1
        4 redis failed r1 exit 1
        5 user hold redis
        6 postgres holdoff p1 signal 9
        7 postgres active p2
    )");
    return script;
}

TEST(DurableState, ComesBackFromItsTextWhole) {
    const DurableState state = durable(eventful().state(), "boot1");
    Diagnostics diagnostics;
    EXPECT_EQ(read_state(write_state(state), "state.toml", diagnostics), state);
    EXPECT_FALSE(diagnostics.has_errors());
}

TEST(DurableState, KeepsWhatHoldsOverARebootOnly) {
    const Script script = eventful();
    const SupervisorState state =
        restore_state(script.state().graph, durable(script.state(), "boot1"), "boot2");
    const NodeState& redis = state.nodes.at("lakebed-redis.service");
    NodeState expected;
    expected.hold = true;
    expected.restarts_total = script.node("redis").restarts_total;
    expected.last_incident = script.node("redis").last_incident;
    expected.last_incident->at = {};
    EXPECT_EQ(redis, expected);
    EXPECT_EQ(state.target_run, "");
}

TEST(DurableState, RefusesANewerFormat) {
    Diagnostics diagnostics;
    EXPECT_EQ(read_state("format = 2\nboot_id = \"b\"\n", "state.toml", diagnostics),
              DurableState{});
    ASSERT_EQ(diagnostics.all().size(), 1u);
    EXPECT_EQ(diagnostics.all()[0].message, "the state file has format 2, this lakebedd reads 1");
}

TEST(DurableState, ReportsWrongValuesWithTheirPlace) {
    Diagnostics diagnostics;
    const DurableState state = read_state("format = 1\nboot_id = \"b\"\n"
                                          "[nodes.\"a.service\"]\n"
                                          "state = \"flying\"\n"
                                          "doomed = \"no\"\n"
                                          "restarts = [\"x\"]\n",
                                          "state.toml", diagnostics);
    std::string messages;
    for (const Diagnostic& diagnostic : diagnostics.all())
        messages += std::to_string(diagnostic.pos.line) + " " + diagnostic.message + "\n";
    EXPECT_EQ(messages, "4 nodes.a.service.state is \"flying\", which this lakebed does not know\n"
                        "6 nodes.a.service.restarts holds a string, expected integers\n");
}

} // namespace
} // namespace lakebed::test
