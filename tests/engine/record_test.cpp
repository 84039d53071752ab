#include "engine/record.h"

#include <set>

#include <gtest/gtest.h>

#include "engine/json_line.h"

namespace lakebed {
namespace {

using namespace std::chrono_literals;

TimePoint at(std::chrono::microseconds time) {
    return TimePoint(time);
}

ServiceGraph two_nodes() {
    ServiceGraph graph;
    graph.site = "demo";
    graph.site_id = "0123456789abcdef";
    graph.generation = 3;
    graph.nodes.resize(2);
    graph.nodes[0].name = "a";
    graph.nodes[0].unit = "lakebed-a.service";
    graph.nodes[0].title = "a \"quoted\" title";
    graph.nodes[1].name = "b";
    graph.nodes[1].unit = "lakebed-b.service";
    graph.nodes[1].title = "b";
    graph.nodes[1].needs = {{"lakebed-a.service", EdgeType::session}};
    return graph;
}

const UnitSnapshot kUnit{
    "loaded", "activating", "auto-restart", "signal", "c0ffee", 2,      9,     4711,
    3,        17,           "start",        true,     at(1s),   at(2s), at(3s)};

std::vector<Event> events() {
    return {GuardChecked{"guard:disk", true, "12 MiB free"},
            UnitChanged{"lakebed-a.service", kUnit},
            JobDone{"lakebed-a.service", "restart", "canceled", true},
            ProbeResult{"lakebed-a.service", true, true, "HTTP 500"},
            DeadlineReached{"lakebed-a.service", Deadline::flush},
            UserCommand{Verb::release, "lakebed-a.service"},
            GraphReloaded{two_nodes()},
            TargetStarting{"0a0b", at(5s)},
            TargetStopping{},
            ShutdownRequested{},
            FatalLogSeen{"lakebed-a.service", "no\nspace \x7f \xff \xc3\xa9 \xed\xb2\x80 \"\\",
                         FailureKind::disk_full, "c0ffee"}};
}

std::vector<Action> actions() {
    const std::string unit = "lakebed-a.service";
    return {act::StartUnit{unit},
            act::StopUnit{unit},
            act::RestartUnit{unit},
            act::ResetFailed{unit},
            act::RunProbe{unit, true},
            act::SetDeadline{unit, Deadline::good_run, at(7s)},
            act::SetDeadline{unit, Deadline::verify, std::nullopt},
            act::TriggerWatchdog{unit},
            act::Explain{unit, "is ready"},
            act::Announce{unit, State::slow_lane},
            act::Warn{"the budget is spent"}};
}

SupervisorState full_state() {
    SupervisorState state;
    state.graph = two_nodes();
    state.target_up = state.target_seen_down = state.shutting_down = state.budget_spent = true;
    state.target_run = "f00d";
    state.restarts = {at(1s), at(2s)};
    state.random = 0xffffffffffffffff;
    NodeState& node = state.nodes["lakebed-a.service"];
    node.state = State::degraded;
    node.since = at(4s);
    node.reason = "it does not answer";
    node.unit = kUnit;
    node.known = node.recorded = node.operator_stopped = node.hold = node.bad_config =
        node.suspended = node.despite_guard = node.parked = node.slow = node.slow_for_stack =
            node.restart_wanted = node.start_wanted = node.stop_sent = node.stop_seen =
                node.ready_once = true;
    node.doomed = Doomed::next_run;
    node.attempts = 2;
    node.restarts = {at(8s)};
    node.restarts_total = 11;
    node.retry_at = node.stop_owed = at(9s);
    node.last_incident = Incident{at(6s), Cause::port_taken, "port 6379 is taken"};
    node.run = "1";
    node.failed_run = "2";
    node.needs_run = {{"lakebed-b.service", ""}};
    node.liveness_failures = 1;
    node.probe_detail = "no answer";
    node.unverified_since = at(10s);
    node.verify_wanted = node.verifying = node.verify_void = true;
    node.queued_at = node.started_at = node.probing_at = node.ready_at = at(11s);
    state.nodes["lakebed-b.service"];
    return state;
}

std::vector<Record> read(const std::string& text, std::string& errors) {
    Diagnostics diagnostics;
    std::vector<Record> records;
    for (RecordLine& line : read_recording(text, "run.jsonl", diagnostics))
        records.push_back(std::move(line.record));
    if (Result<void> good = diagnostics.result(); !good) errors = good.error().message;
    return records;
}

std::string text_of(const std::vector<Record>& records) {
    std::string text;
    for (const Record& record : records) text += write_record(record) + "\n";
    return text;
}

TEST(Record, every_event_action_and_state_is_read_back_as_it_was) {
    std::vector<Record> records = {RecordedLife{"0.1.0", full_state()}, RecordedLife{"0.1.0", {}}};
    for (const Event& event : events()) records.push_back(RecordedTurn{at(12s), event, {}});
    records.push_back(RecordedTurn{at(13s), events().front(), actions()});
    records.push_back(RecordedEnd{"64 MiB are full"});
    std::string errors;
    EXPECT_EQ(read(text_of(records), errors), records);
    EXPECT_EQ(errors, "");
}

TEST(Record, the_samples_hold_every_alternative) {
    std::set<std::size_t> seen_events, seen_actions;
    for (const Event& event : events()) seen_events.insert(event.index());
    for (const Action& action : actions()) seen_actions.insert(action.index());
    EXPECT_EQ(seen_events.size(), std::variant_size_v<Event>);
    EXPECT_EQ(seen_actions.size(), std::variant_size_v<Action>);
}

TEST(Record, a_line_is_one_line_of_ascii_where_a_string_has_newlines_and_bad_bytes) {
    const std::string line = write_event(FatalLogSeen{"u", "a\nb\xff", {}, {}});
    EXPECT_EQ(line,
              R"({"is":"fatal_log_seen","unit":"u","line":"a\u000ab\udcff","kind":"bad_config"})");
}

TEST(Record, a_killed_recorder_leaves_half_a_line_at_the_end) {
    const Record life = RecordedLife{"0.1.0", full_state()};
    const std::string turn = write_record(RecordedTurn{at(1s), events()[1], actions()});
    for (std::size_t cut = 0; cut < turn.size(); ++cut) {
        std::string errors;
        EXPECT_EQ(read(text_of({life}) + turn.substr(0, cut), errors), std::vector{life}) << cut;
        EXPECT_EQ(errors, "") << cut;
    }
}

TEST(Record, the_next_life_may_follow_half_a_line) {
    const std::vector<Record> lives = {RecordedLife{"0.1.0", full_state()},
                                       RecordedLife{"0.1.0", {}}};
    std::string errors;
    EXPECT_EQ(read(write_record(lives[0]) + "\n{\"at\":12,\"ev\n" + write_record(lives[1]), errors),
              lives);
    EXPECT_EQ(errors, "");
}

TEST(Record, what_is_wrong_is_named_with_its_line) {
    const std::string life = write_record(RecordedLife{"0.1.0", {}}) + "\n";
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"", "run.jsonl:1:1: error: the recording is empty"},
        {R"({"format":2,"lakebed":"9.0","states":1})"
         "\n",
         "run.jsonl:1:1: error: the recording has format 2, this lakebed reads 1"},
        {R"({"end":"x"})"
         "\n",
         "run.jsonl:1:1: error: a recording begins with the state that lakebedd had"},
        {life + "{\"at\":12,\"ev\n",
         "run.jsonl:2:1: error: column 13: expected the end of the string"},
        {life + "{\"at\":12,\"ev\n" + R"({"end":"x"})",
         "run.jsonl:2:1: error: column 13: expected the end of the string"},
        {life + "{\"at\":12}\n", "run.jsonl:2:1: error: event is missing"},
        {life + R"({"at":12,"event":{"is":"flood"}})"
                "\n",
         "run.jsonl:2:1: error: event is \"flood\", which this lakebed does not know"},
        {life + R"({"at":12,"event":{"is":"job_done","unite":"a"}})"
                "\n",
         "run.jsonl:2:1: error: event. holds a name that this lakebed does not know"},
        {life + R"({"at":12,"event":{"is":"job_done","unit":7}})"
                "\n",
         "run.jsonl:2:1: error: event.unit is an integer, which is not expected there"},
        {R"({"format":1,"state":{"random":1,"nodes":{"x.service":{"state":"ready","doomed":"no"}}}})"
         "\n",
         "run.jsonl:1:1: error: state.nodes.x.service is no node of the graph"},
    };
    for (const auto& [text, expected] : cases) {
        std::string errors;
        read(text, errors);
        EXPECT_EQ(errors, expected) << text;
    }
}

TEST(JsonLine, values_of_every_kind_are_read_back_as_they_were) {
    const Value value = Table{{"a", {}, Array{true, std::int64_t{-5}, "x\ty"}}, {"", {}, Table{}}};
    Result<Value> again = read_json_line(write_json_line(value));
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, value);
    EXPECT_EQ(*read_json_line(R"( { "a" : [ true , "\u00e9\u20ac" ] } )"),
              Value(Table{{"a", {}, Array{true, "\u00e9\u20ac"}}}));
}

TEST(JsonLine, what_is_no_json_is_refused_with_its_column) {
    for (const char* text : {"", "{", "[1,]", "{\"a\":1,\"a\":2}", "\"\\ud800\"", "\"\\u12\"",
                             "nul", "1 2", "{\"a\" 1}", "99999999999999999999", "\"\\x\"", "\""})
        EXPECT_FALSE(read_json_line(text)) << text;
    EXPECT_FALSE(read_json_line(std::string(100000, '[')));
    EXPECT_EQ(read_json_line("[1,]").error().message, "column 4: expected a value");
}

} // namespace
} // namespace lakebed
