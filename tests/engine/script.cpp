#include "engine/script.h"

#include <csignal>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "engine/durable.h"

namespace lakebed::test {
namespace {

using namespace std::chrono_literals;

std::string unit_of(const std::string& name) {
    return "lakebed-" + name + ".service";
}

std::vector<std::string> split(const std::string& line) {
    std::istringstream stream(line);
    std::vector<std::string> words;
    for (std::string word; stream >> word;) words.push_back(word);
    return words;
}

TimePoint seconds(const std::string& word) {
    return TimePoint(Duration(static_cast<std::int64_t>(std::stod(word) * 1e6)));
}

UnitSnapshot read_snapshot(const std::vector<std::string>& words, std::size_t at) {
    UnitSnapshot unit;
    unit.load_state = "loaded";
    unit.result = "success";
    const std::string& state = words.at(at++);
    if (state == "masked") unit.load_state = "masked";
    if (state == "active") unit.active_state = "active", unit.sub_state = "running";
    if (state == "starting") unit.active_state = "activating", unit.sub_state = "start";
    if (state == "post") unit.active_state = "activating", unit.sub_state = "start-post";
    if (state == "holdoff") unit.active_state = "activating", unit.sub_state = "auto-restart";
    if (state == "failed") unit.active_state = unit.sub_state = "failed";
    if (state == "stopping") unit.active_state = "deactivating", unit.sub_state = "stop-sigterm";
    if (state == "inactive" || state == "masked")
        unit.active_state = "inactive", unit.sub_state = "dead";
    if (unit.active_state.empty()) ADD_FAILURE() << "unknown unit state " << state;
    if (unit.active_state != "inactive") unit.invocation_id = words.at(at++);
    while (at < words.size()) {
        const std::string& key = words[at++];
        if (key == "signal") {
            unit.result = "signal";
            unit.exec_main_code = CLD_KILLED;
            unit.exec_main_status = std::stoi(words.at(at++));
        } else if (key == "exit") {
            unit.result = "exit-code";
            unit.exec_main_code = CLD_EXITED;
            unit.exec_main_status = std::stoi(words.at(at++));
        } else if (key == "result") {
            unit.result = words.at(at++);
        } else if (key == "job") {
            unit.job_id = 1;
            unit.job_type = words.at(at++);
            if (unit.job_type == "?") unit.job_type.clear();
        } else if (key == "mask") {
            unit.load_state = "masked";
        } else if (key == "ran") {
            unit.ran_before = true;
        } else if (key == "restarts") {
            unit.n_restarts = static_cast<std::uint32_t>(std::stoi(words.at(at++)));
        } else if (key == "began") {
            unit.began = seconds(words.at(at++));
        } else if (key == "ready") {
            unit.became_active = seconds(words.at(at++));
        } else if (key == "stopped") {
            unit.became_inactive = seconds(words.at(at++));
        } else {
            ADD_FAILURE() << "unknown word " << key;
        }
    }
    return unit;
}

Deadline read_deadline(const std::string& word) {
    if (word == "slow_lane") return Deadline::slow_lane;
    if (word == "good_run") return Deadline::good_run;
    if (word == "liveness") return Deadline::liveness;
    if (word == "verify") return Deadline::verify;
    EXPECT_EQ(word, "restart");
    return Deadline::restart;
}

std::string_view name_of(Deadline deadline) {
    switch (deadline) {
    case Deadline::restart:
        return "restart";
    case Deadline::slow_lane:
        return "slow_lane";
    case Deadline::good_run:
        return "good_run";
    case Deadline::liveness:
        return "liveness";
    case Deadline::verify:
        return "verify";
    case Deadline::flush:
        return "flush";
    }
    return "";
}

Verb read_verb(const std::string& word) {
    if (word == "stop") return Verb::stop;
    if (word == "restart") return Verb::restart;
    if (word == "hold") return Verb::hold;
    if (word == "release") return Verb::release;
    EXPECT_EQ(word, "start");
    return Verb::start;
}

struct Write {
    Show show;

    static std::string name(const std::string& unit) { return unit.substr(8, unit.size() - 16); }
    std::string operator()(const act::StartUnit& a) const { return "start " + name(a.unit); }
    std::string operator()(const act::StopUnit& a) const { return "stop " + name(a.unit); }
    std::string operator()(const act::RestartUnit& a) const { return "restart " + name(a.unit); }
    std::string operator()(const act::ResetFailed& a) const {
        return "reset-failed " + name(a.unit);
    }
    std::string operator()(const act::RunProbe& a) const {
        return fmt::format("probe {}{}", name(a.unit), a.liveness ? " liveness" : "");
    }
    std::string operator()(const act::TriggerWatchdog& a) const {
        return "watchdog " + name(a.unit);
    }
    std::string operator()(const act::SetDeadline& a) const {
        if (show != Show::all) return {};
        return fmt::format(
            "deadline {} {} {}", name(a.unit), name_of(a.deadline),
            a.at
                ? fmt::format("{:.3f}", static_cast<double>(a.at->time_since_epoch().count()) / 1e6)
                : "off");
    }
    std::string operator()(const act::Explain& a) const {
        return show == Show::all ? "\"" + a.sentence + "\"" : std::string();
    }
    std::string operator()(const act::Warn& a) const { return "warn " + a.sentence; }
    std::string operator()(const act::Announce& a) const {
        if (show != Show::all) return {};
        return fmt::format("{} is {}", name(a.unit), to_string(a.state));
    }
};

} // namespace

ServiceGraph read_test_graph(std::string_view text) {
    ServiceGraph graph;
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);) {
        std::vector<std::string> words = split(line);
        if (words.empty()) continue;
        if (words[0] == "budget") {
            graph.restart_budget = StackBudget{.restarts = std::stoi(words.at(1))};
            continue;
        }
        GraphNode node;
        std::size_t at = 0;
        if (words[0] == "job") {
            node.kind = NodeKind::job;
            ++at;
        } else if (words[0] == "guard") {
            node.kind = NodeKind::guard;
            node.guard = DiskCheck{.path = "/data"};
            ++at;
        }
        node.name = words.at(at++);
        node.unit = unit_of(node.name);
        node.restart.jitter = 0; // exact times; jitter has its own tests
        for (bool needs = false; at < words.size(); ++at) {
            std::string word = words[at];
            if (word == "probe") {
                node.probe = ProbeSpec{};
            } else if (word == "liveness") {
                node.liveness = Liveness{};
            } else if (word == "fatal") {
                node.fatal.push_back({std::stoi(words.at(++at)), ""});
            } else if (word == "needs") {
                needs = true;
            } else if (needs) {
                Need need{unit_of(word), EdgeType::reconnects};
                if (need.unit.ends_with(",.service")) {
                    need.unit = unit_of(word.substr(0, word.size() - 1));
                } else if (at + 1 < words.size()) {
                    std::string type = words[at + 1];
                    if (type.ends_with(",")) type.pop_back();
                    if (auto parsed = parse_edge_type(type)) {
                        need.type = *parsed;
                        ++at;
                    }
                }
                node.needs.push_back(std::move(need));
            } else {
                ADD_FAILURE() << "unknown word " << word;
            }
        }
        graph.nodes.push_back(std::move(node));
    }
    return graph;
}

Script::Script(std::string_view graph)
    : graph_(read_test_graph(graph)), engine_(restore_state(graph_, {}, "boot1")) {}

const NodeState& Script::node(std::string_view name) const {
    return engine_.state().nodes.at(unit_of(std::string(name)));
}

Event Script::read(const std::vector<std::string>& words) const {
    const std::string& kind = words.at(1);
    if (kind == "target" && words.at(2) == "up") {
        TargetStarting starting{words.at(3), {}};
        if (words.size() > 4) starting.became_active = seconds(words[4]);
        return starting;
    }
    if (kind == "target") return TargetStopping{};
    if (kind == "shutdown") return ShutdownRequested{};
    if (kind == "job")
        return JobDone{unit_of(words.at(2)), words.at(3) == "?" ? "" : words.at(3), words.at(4),
                       words.size() > 5};
    if (kind == "probe" || kind == "live")
        return ProbeResult{unit_of(words.at(2)), kind == "live", words.at(3) == "ok", "no answer"};
    if (kind == "due") return DeadlineReached{unit_of(words.at(2)), read_deadline(words.at(3))};
    if (kind == "user")
        return UserCommand{read_verb(words.at(2)), words.size() > 3 ? unit_of(words[3]) : ""};
    if (kind == "fatal") return FatalLogSeen{unit_of(words.at(2)), words.at(3), {}, {}};
    if (kind == "port" || kind == "disk") { // of the run that failed last
        const std::string unit = unit_of(words.at(2));
        return kind == "port" ? FatalLogSeen{unit, "port 5432 is taken by nginx (pid 7)",
                                             FailureKind::port_taken,
                                             engine_.state().nodes.at(unit).failed_run}
                              : FatalLogSeen{unit, "no space left on /data (1 MiB free)",
                                             FailureKind::disk_full,
                                             engine_.state().nodes.at(unit).failed_run};
    }
    if (kind == "guard") {
        const std::string& word = words.at(3);
        return GuardChecked{unit_of(words.at(2)), word == "ok",
                            word == "low"     ? "the disk of /data is nearly full"
                            : word == "taken" ? "port 5432 is taken by nginx (pid 7)"
                                              : ""};
    }
    if (kind == "reload") {
        ServiceGraph graph = engine_.state().graph;
        graph.generation = std::stoi(words.at(2));
        return GraphReloaded{std::move(graph)};
    }
    return UnitChanged{unit_of(kind), read_snapshot(words, 2)};
}

std::string Script::play(std::string_view events, Show show) {
    std::string result;
    std::istringstream lines{std::string(events)};
    for (std::string line; std::getline(lines, line);) {
        const std::vector<std::string> words = split(line);
        if (words.empty()) continue;
        if (words[1] == "die" || words[1] == "boot") { // lakebedd, or the whole machine
            Diagnostics diagnostics;
            const std::string text = write_state(engine_.state(), fmt::format("boot{}", boot_));
            if (words[1] == "boot") ++boot_;
            const DurableState remembered = read_state(text, "state.toml", diagnostics);
            EXPECT_FALSE(diagnostics.has_errors());
            engine_ = Supervisor(restore_state(graph_, remembered, fmt::format("boot{}", boot_)));
            continue;
        }
        for (const Action& action : engine_.on(read(words), seconds(words[0]))) {
            const std::string text = std::visit(Write{show}, action);
            if (!text.empty()) result += text + "\n";
        }
    }
    return result;
}

Script up(std::string_view graph) {
    Script script(graph);
    script.play(R"(
        0 postgres inactive
        0 hive inactive
        0 target up t1
        1 postgres active p1
        2 hive active h1
    )");
    return script;
}

std::string states(const Script& script) {
    std::string text;
    for (const GraphNode& node : script.state().graph.nodes)
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", node.name,
                            to_string(script.node(node.name).state));
    return text;
}

} // namespace lakebed::test
