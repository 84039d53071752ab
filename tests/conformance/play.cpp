// conformance_play: plays scenarios.toml against the simulated systemd and the real engine, and
// writes for each scenario the recording that lakebedd would make.
//
// The engine is told of every single moment, in order and soon: what a real systemd may coalesce is
// then seen as something left out, and nothing else is allowed (unit_trace.py). What happens at one
// moment is one turn of PID 1's loop, in between which nobody can look.
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include <fmt/format.h>

#include "base/value.h"
#include "engine/durable.h"
#include "engine/record.h"
#include "sim/systemd.h"

namespace lakebed::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration kWire = 300us;   // until a signal is dealt with
constexpr Duration kLongest = 60s;  // that a step may wait
constexpr Duration kSettle = 100ms; // between all ready and the next step
constexpr Duration kLook = 10ms;    // nobody acts at once on what he sees
constexpr Duration kLast = 1s;      // for what follows the last step
constexpr Duration kAnswer = 5ms;   // of a probe

class Stage {
  public:
    Stage(const Scenario& scenario, std::string file)
        : scenario_(scenario), file_(std::move(file)), random_(1),
          systemd_(timeline_, random_, scenario) {
        systemd_.changed = [this](std::size_t index) {
            if (!dirty_.insert(index).second) return;
            timeline_.at(timeline_.now(), [this, index] {
                dirty_.erase(index);
                on_wire([this, event = UnitChanged{unit(index), systemd_.snapshot(index)}] {
                    tell(event);
                });
            });
        };
        systemd_.removed = [this](const Ended& ended) {
            timeline_.at(timeline_.now() + 1us, [this, ended] {
                on_wire([this, ended] {
                    tell(UnitChanged{unit(ended.unit), systemd_.snapshot(ended.unit)});
                    tell(JobDone{unit(ended.unit), ended.job.type, ended.result,
                                 ended.job.who == Who::daemon});
                });
            });
        };
    }

    Result<void> play(const std::vector<std::string>& steps) {
        Result<void> played = perform_all(steps);
        std::ofstream(file_, std::ios::binary) << recording_;
        return played;
    }

  private:
    Result<void> perform_all(const std::vector<std::string>& steps) {
        for (const std::string& step : steps) TRY(perform(step).context("step \"" + step + "\""));
        wait(kLast);
        return {};
    }
    const std::string& unit(std::size_t index) const { return scenario_.graph.nodes[index].unit; }
    std::size_t place(const std::string& name) const {
        for (std::size_t i = 0; i < scenario_.graph.nodes.size(); ++i)
            if (unit(i) == name || scenario_.graph.nodes[i].name == name) return i;
        return 0;
    }
    void wait(Duration span) {
        bool passed = false;
        timeline_.at(timeline_.now() + span, [&] { passed = true; });
        while (!passed) (void)timeline_.step(Time::max());
    }
    template <class Condition> Result<void> await(Condition condition) {
        const Time until = timeline_.now() + kLongest;
        while (!condition())
            if (!timeline_.step(until)) return fail("it has not come about");
        return {};
    }
    void on_wire(std::function<void()> what) {
        timeline_.at(timeline_.now() + kWire, [this, life = life_, what = std::move(what)] {
            if (engine_ && life == life_) what();
        });
    }

    // ---- lakebedd -------------------------------------------------------------------------------

    void start_daemon() {
        Diagnostics diagnostics;
        DurableState state =
            remembered_.empty() ? DurableState{} : read_state(remembered_, "state", diagnostics);
        engine_.emplace(restore_state(scenario_.graph, state, "boot"));
        ++life_;
        recording_ += write_life(engine_->state(), "simulated") + "\n";
        systemd_.keep_loaded(true);
        read_all();
        tell_target();
    }
    void stop_daemon() {
        remembered_ = write_state(engine_->state(), "boot");
        engine_.reset();
        systemd_.keep_loaded(false);
        deadlines_.clear();
        probing_.clear();
        ++life_;
    }
    void read_all() {
        for (std::size_t i = 0; i < systemd_.units().size(); ++i)
            tell(UnitChanged{unit(i), systemd_.snapshot(i)});
    }
    void tell_target() {
        if (target_up_)
            tell(TargetStarting{fmt::format("target{}", target_starts_), TimePoint(target_since_)});
        else
            tell(TargetStopping{});
    }
    void tell(const Event& event) {
        if (!engine_) return;
        const TimePoint now(timeline_.now());
        const std::vector<Action> actions = engine_->on(event, now);
        recording_ += write_turn(now, event, actions) + "\n";
        for (const Action& action : actions) act(action);
    }
    void call(const std::string& name, const std::string& type) {
        on_wire([=, this] {
            if (systemd_.request(place(name), type, Who::daemon) == 0)
                on_wire([=, this] { tell(JobDone{name, type, "refused", true}); });
        });
    }
    void act(const Action& action) {
        if (const auto* start = std::get_if<act::StartUnit>(&action)) {
            call(start->unit, "start");
        } else if (const auto* stop = std::get_if<act::StopUnit>(&action)) {
            call(stop->unit, "stop");
        } else if (const auto* restart = std::get_if<act::RestartUnit>(&action)) {
            call(restart->unit, "restart");
        } else if (const auto* reset = std::get_if<act::ResetFailed>(&action)) {
            on_wire([this, index = place(reset->unit)] { systemd_.reset_failed(index); });
        } else if (const auto* deadline = std::get_if<act::SetDeadline>(&action)) {
            set_deadline(*deadline);
        } else if (const auto* probe = std::get_if<act::RunProbe>(&action)) {
            run_probe(*probe);
        } else if (const auto* trigger = std::get_if<act::TriggerWatchdog>(&action)) {
            on_wire([this, index = place(trigger->unit)] {
                systemd_.kill(index, "watchdog", CLD_KILLED, SIGKILL);
            });
        }
    }
    void set_deadline(const act::SetDeadline& deadline) {
        const std::pair key(deadline.unit, deadline.deadline);
        const std::uint64_t token = ++tokens_;
        deadlines_[key] = token;
        if (!deadline.at) return;
        timeline_.at(deadline.at->time_since_epoch(), [this, key, token] {
            if (auto found = deadlines_.find(key);
                found != deadlines_.end() && found->second == token)
                tell(DeadlineReached{key.first, key.second});
        });
    }
    void run_probe(const act::RunProbe& probe) {
        const Unit& real = systemd_.units()[place(probe.unit)];
        const std::pair key(probe.unit, probe.liveness);
        if (!probing_.insert(key).second) return;
        const bool asks = probe.liveness;
        const Duration takes = real.hung && asks ? real.spec->liveness->probe.timeout : kAnswer;
        timeline_.at(timeline_.now() + takes, [this, key, asks, life = life_] {
            if (!engine_ || life != life_) return;
            probing_.erase(key);
            const Unit& then = systemd_.units()[place(key.first)];
            tell(ProbeResult{key.first, asks, !asks || (then.process() && !then.hung), {}});
        });
    }

    // ---- people and accidents -------------------------------------------------------------------

    Result<void> perform(const std::string& step) {
        std::istringstream words(step);
        std::string verb, first, second;
        words >> verb >> first >> second;
        if (verb == "ready") {
            TRY(await([this] { return engine_ && all_ready(); }));
            wait(kSettle);
        } else if (verb == "pause") {
            wait(parse_duration(first).value_or(0s));
        } else if (verb == "target") {
            if (first == "start") return start_target();
            stop_target();
        } else if (verb == "lakebedd") {
            first == "start" ? start_daemon() : stop_daemon();
        } else if (verb == "daemon-reload" || verb == "daemon-reexec") {
            on_wire([this] { read_all(); });
        } else {
            return perform(verb, verb == "systemctl" || verb == "lakebed" ? second : first,
                           verb == "systemctl" || verb == "lakebed" ? first : second);
        }
        return {};
    }
    Result<void> perform(const std::string& verb, const std::string& name,
                         const std::string& what) {
        const std::size_t index = place(name);
        Unit& real = systemd_.units()[index];
        if (verb == "kill") {
            systemd_.kill(index, "signal", CLD_KILLED, SIGKILL);
        } else if (verb == "term") {
            systemd_.kill(index, "success", CLD_KILLED, SIGTERM);
        } else if (verb == "fail") {
            real.bad_starts = 1;
        } else if (verb == "slow") {
            real.timing.stop = 1s;
        } else if (verb == "hang") {
            real.hung = true;
        } else if (verb == "mask" || verb == "unmask") {
            real.masked = verb == "mask";
            on_wire([this] { read_all(); });
        } else if (verb == "systemctl") {
            (void)systemd_.request(index, what, Who::people, true);
        } else if (verb == "lakebed") {
            return command(what, unit(index));
        } else if (verb == "state") {
            TRY(await([&] {
                return engine_ && to_string(engine_->state().nodes.at(unit(index)).state) == what;
            }));
            wait(kLook);
        } else if (verb == "unit") {
            TRY(await([&] {
                const UnitSnapshot shot = systemd_.snapshot(index);
                return shot.active_state + "/" + shot.sub_state == what;
            }));
            wait(kLook);
        } else {
            return fail("it is not known");
        }
        return {};
    }
    Result<void> command(const std::string& what, const std::string& name) {
        const std::map<std::string, Verb> verbs = {{"start", Verb::start},
                                                   {"stop", Verb::stop},
                                                   {"restart", Verb::restart},
                                                   {"hold", Verb::hold},
                                                   {"release", Verb::release}};
        auto found = verbs.find(what);
        if (found == verbs.end()) return fail("it is not known");
        tell(UserCommand{found->second, name});
        return {};
    }
    bool all_ready() const {
        for (const auto& [name, node] : engine_->state().nodes)
            if (node.state != State::ready) return false;
        return true;
    }
    // A target is down only when its members are, and a start waits for that.
    Result<void> start_target() {
        TRY(await([this] {
            for (const Unit& real : systemd_.units())
                if (real.job && real.job->type == "stop") return false;
            return true;
        }));
        target_up_ = true;
        ++target_starts_;
        target_since_ = timeline_.now();
        if (engine_)
            on_wire([this] { tell_target(); });
        else
            start_daemon();
        return {};
    }
    void stop_target() {
        target_up_ = false;
        on_wire([this] { tell_target(); });
        for (Unit& real : systemd_.units())
            if (real.job || (real.phase != Phase::inactive && real.phase != Phase::failed))
                (void)systemd_.request(real.index, "stop", Who::systemd, true);
    }

    const Scenario& scenario_;
    std::string file_, recording_, remembered_;
    Random random_;
    Timeline timeline_;
    Systemd systemd_;
    std::optional<Supervisor> engine_;
    std::uint64_t life_ = 0, tokens_ = 0;
    std::map<std::pair<std::string, Deadline>, std::uint64_t> deadlines_;
    std::set<std::pair<std::string, bool>> probing_;
    std::set<std::size_t> dirty_; // changed at this moment
    bool target_up_ = false;
    int target_starts_ = 0;
    Time target_since_{0};
};

std::string text_of(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

Result<void> play_all(const std::filesystem::path& directory, const std::filesystem::path& out) {
    Diagnostics diagnostics;
    Scenario scenario;
    scenario.graph = read_graph(text_of(directory / "graph.toml"), "graph.toml", diagnostics);
    // As player.py writes the units: 300 ms of ExecStartPost=, and an end at once.
    for (const GraphNode& node : scenario.graph.nodes)
        scenario.timing.push_back({.start = node.kind == NodeKind::job ? Duration(20ms) : 2ms,
                                   .post = node.kind == NodeKind::job ? Duration(0) : 300ms,
                                   .stop = 2ms});
    const Value list =
        parse_toml(text_of(directory / "scenarios.toml"), "scenarios.toml", diagnostics);
    TableReader reader(list, "", diagnostics);
    for (const Value* entry : reader.tables("scenario")) {
        TableReader table(*entry, "scenario", diagnostics);
        const std::string name = table.require_string("name");
        const std::vector<std::string> steps = table.strings("steps");
        TRY(diagnostics.result());
        if (Result<void> played = Stage(scenario, out / (name + ".jsonl")).play(steps); !played)
            diagnostics.error({name, 0, 0}, played.error().message);
    }
    return diagnostics.result();
}

} // namespace
} // namespace lakebed::sim

int main(int argc, char** argv) {
    if (argc != 3) {
        fmt::print(stderr, "usage: conformance_play DIRECTORY OUT\n");
        return 2;
    }
    lakebed::Result<void> played = lakebed::sim::play_all(argv[1], argv[2]);
    if (played) return 0;
    fmt::print(stderr, "{}\n", played.error().message);
    return 1;
}
