#include "sim/world.h"

#include <algorithm>
#include <csignal>
#include <map>
#include <set>

#include <fmt/format.h>

#include "engine/durable.h"
#include "sim/oracle.h"
#include "sim/systemd.h"
#include "sim/trace.h"

namespace lakebed::sim {
namespace {

using namespace std::chrono_literals;

class World {
  public:
    World(const Scenario& scenario, Mutant mutant, bool trace);
    Outcome run();

  private:
    // lakebedd's door: signals in, calls out, each with its delay, in the order of one connection.
    void boot_daemon();
    void kill_daemon(Duration away);
    void connect();
    void list_all();
    void arrive(std::function<void()> what); // a signal
    void tell(const Event& event, Time captured);
    void tell(const Event& event) { tell(event, timeline_.now()); }
    void perform(const Action& action);
    void perform(const act::SetDeadline& action);
    void perform(const act::RunProbe& action);
    void call(const std::string& unit, const std::string& type);
    void mutate(const Event& event, std::vector<Action>& actions);
    bool answers(std::size_t unit, bool liveness) const;
    void check_deadlines();

    void inject(const Fault& fault);
    void command(Verb verb, std::optional<std::size_t> unit);
    void stop_target();
    void start_target(bool cancels_stop);
    void reboot();
    void heal();

    std::size_t place(const std::string& unit) const;
    const std::string& unit(std::size_t index) const { return scenario_.graph.nodes[index].unit; }
    TargetStarting target_starting() const {
        return {fmt::format("target{}", target_starts_), TimePoint(target_since_)};
    }
    TimePoint clock() const { return TimePoint(timeline_.now() - booted_); }
    void note(const std::string& text) const;

    const Scenario& scenario_;
    Mutant mutant_;
    bool trace_;
    Random random_;
    Timeline timeline_;
    Systemd systemd_;
    Oracle oracle_;
    Outcome outcome_;

    std::optional<Supervisor> engine_; // nullopt: lakebedd is dead
    std::string remembered_;           // its state file
    NodeState nothing_;
    std::uint64_t connection_ = 0, life_ = 0;
    bool connected_ = false;
    Time last_arrival_{0};
    std::set<std::size_t> hinted_; // units with a signal under way
    std::map<std::pair<std::size_t, Deadline>, std::pair<Time, std::uint64_t>> deadlines_;
    std::uint64_t deadline_token_ = 0;
    std::set<std::pair<std::size_t, bool>> probing_;
    std::set<std::string> logs_seen_;
    bool die_before_acting_ = false;
    bool target_up_ = false;
    int target_starts_ = 0, boots_ = 0, generation_ = 0;
    Time booted_{0}, target_since_{0};
};

World::World(const Scenario& scenario, Mutant mutant, bool trace)
    : scenario_(scenario), mutant_(mutant), trace_(trace), random_(scenario.seed ^ 0xabcdef),
      systemd_(timeline_, random_, scenario), oracle_(scenario, timeline_, systemd_) {
    systemd_.changed = [this](std::size_t index) {
        if (!engine_ || !connected_ || hinted_.contains(index) ||
            random_.chance(scenario_.lost_signals))
            return;
        hinted_.insert(index);
        arrive([this, index] {
            hinted_.erase(index);
            // GetAll is answered now, its reply is read a little later.
            const UnitSnapshot shot = systemd_.snapshot(index);
            const Time captured = timeline_.now();
            arrive([this, index, shot, captured] {
                tell(UnitChanged{unit(index), shot}, captured);
            });
        });
    };
    systemd_.removed = [this](const Ended& ended) {
        if (!engine_ || !connected_) return;
        arrive([this, ended] {
            const UnitSnapshot shot = systemd_.snapshot(ended.unit);
            const Time captured = timeline_.now();
            arrive([this, ended, shot, captured] {
                const bool ours = ended.job.who == Who::daemon;
                tell(UnitChanged{unit(ended.unit), shot}, captured);
                tell(JobDone{unit(ended.unit),
                             ended.job.hidden && !ours ? std::string() : ended.job.type,
                             ended.result, ours},
                     captured);
            });
        });
    };
}

std::size_t World::place(const std::string& name) const {
    for (std::size_t i = 0; i < scenario_.graph.nodes.size(); ++i)
        if (unit(i) == name) return i;
    return 0;
}

void World::note(const std::string& text) const {
    if (trace_)
        fmt::print("{:>12.6f}  {}\n", static_cast<double>(timeline_.now().count()) / 1e6, text);
}

// ---- the daemon -------------------------------------------------------------------------------

void World::arrive(std::function<void()> what) {
    last_arrival_ = std::max(
        last_arrival_, timeline_.now() + random_.span(200us, random_.chance(0.1) ? 20ms : 3ms));
    timeline_.at(last_arrival_, [this, connection = connection_, what = std::move(what)] {
        if (connection == connection_ && connected_ && engine_) what();
    });
}

void World::list_all() {
    for (std::size_t i = 0; i < scenario_.graph.nodes.size(); ++i)
        tell(UnitChanged{unit(i), systemd_.snapshot(i)});
}

void World::connect() {
    ++connection_;
    connected_ = true;
    hinted_.clear();
    last_arrival_ = timeline_.now();
    list_all();
    if (!engine_) return;
    if (target_up_)
        tell(target_starting());
    else
        tell(TargetStopping{});
}

void World::boot_daemon() {
    if (engine_) return;
    Diagnostics diagnostics;
    const std::string boot = fmt::format("boot{}", boots_);
    const bool forgets = mutant_ == Mutant::forgets_state;
    const DurableState state = remembered_.empty() || forgets
                                   ? DurableState{}
                                   : read_state(remembered_, "state.toml", diagnostics);
    if (diagnostics.has_errors()) oracle_.violation("the state file cannot be read back");
    if (write_state(state) != remembered_ && !remembered_.empty() && !forgets)
        oracle_.violation("the state file changes when it is read and written");
    ServiceGraph graph = scenario_.graph;
    if (mutant_ == Mutant::ignores_budget)
        for (GraphNode& node : graph.nodes) {
            node.restart.budget = 1000000;
            node.restart.max = 1s;
        }
    if (mutant_ == Mutant::ignores_stack_budget || mutant_ == Mutant::ignores_budget)
        graph.restart_budget = StackBudget{1000000, 10min};
    for (GraphNode& node : graph.nodes) {
        if (mutant_ == Mutant::trusts_without_probe) node.probe.reset();
        if (mutant_ != Mutant::ignores_lost_needs) continue;
        for (Need& need : node.needs)
            if (need.type == EdgeType::reconnects) need.type = EdgeType::init;
    }
    engine_.emplace(restore_state(std::move(graph), state, boot));
    ++life_;
    note(fmt::format("lakebedd starts (life {})", life_));
    deadlines_.clear();
    probing_.clear();
    oracle_.daemon_started();
    connect();
    // All units are read again every minute.
    auto again = std::make_shared<std::function<void(std::uint64_t)>>();
    *again = [this, weak = std::weak_ptr(again)](std::uint64_t life) {
        auto self = weak.lock();
        timeline_.at(timeline_.now() + 60s, [this, life, self] {
            if (!engine_ || life != life_) return;
            if (connected_) list_all();
            if (engine_ && life == life_) (*self)(life);
        });
    };
    if (engine_) (*again)(life_);
}

void World::kill_daemon(Duration away) {
    if (!engine_) return;
    note("lakebedd dies");
    remembered_ = write_state(durable(engine_->state(), fmt::format("boot{}", boots_)));
    engine_.reset();
    connected_ = false;
    ++connection_;
    die_before_acting_ = false;
    timeline_.at(timeline_.now() + 100ms + away, [this] { boot_daemon(); });
}

void World::tell(const Event& event, Time captured) {
    if (!engine_ || oracle_.broken) return;
    note(describe(event));
    oracle_.told(event, captured);
    const auto* log = std::get_if<FatalLogSeen>(&event);
    if (mutant_ == Mutant::takes_all_for_crashes && log && log->kind != FailureKind::bad_config)
        return;
    std::vector<Action> actions = engine_->on(event, clock());
    ++outcome_.events;
    outcome_.actions += actions.size();
    mutate(event, actions);
    if (trace_)
        for (const Action& action : actions) note("    -> " + describe(action));
    oracle_.acted(actions);
    oracle_.settled(engine_->state());
    const bool job = std::ranges::any_of(actions, [](const Action& action) {
        return std::holds_alternative<act::StartUnit>(action) ||
               std::holds_alternative<act::RestartUnit>(action) ||
               std::holds_alternative<act::StopUnit>(action);
    });
    if (die_before_acting_ && job) return kill_daemon(random_.span(0s, 20s));
    for (const Action& action : actions) perform(action);
    check_deadlines();
    if (const auto* changed = std::get_if<UnitChanged>(&event)) {
        const Unit& real = systemd_.units()[place(changed->unit)];
        if (real.fatal_log && changed->now.result == "exit-code" &&
            logs_seen_.insert(changed->now.invocation_id).second)
            timeline_.at(timeline_.now() + random_.span(1ms, 300ms),
                         [this, life = life_, name = changed->unit] {
                             if (life == life_)
                                 tell(FatalLogSeen{name, "FATAL: no such thing", {}, {}});
                         });
        const bool port = real.port_failed;
        if ((port || real.disk_failed) && changed->now.result == "exit-code" &&
            logs_seen_.insert("machine " + changed->now.invocation_id).second)
            timeline_.at(timeline_.now() + random_.span(0ms, 300ms), [this, life = life_, port,
                                                                      unit = *changed] {
                if (life != life_) return;
                tell(FatalLogSeen{unit.unit, port ? "port taken" : "no space",
                                  port ? FailureKind::port_taken : FailureKind::disk_full,
                                  unit.now.invocation_id});
            });
    }
}

// What waits for a time must have it set, else it waits for ever.
void World::check_deadlines() {
    if (!engine_ || mutant_ == Mutant::forgets_retries) return;
    for (const auto& [name, node] : engine_->state().nodes) {
        const auto kind = node.state == State::slow_lane ? Deadline::slow_lane : Deadline::restart;
        if ((node.state == State::backing_off || node.state == State::slow_lane) &&
            oracle_.target_up && !deadlines_.contains({place(name), kind}))
            oracle_.violation(name + " backs off without a deadline");
    }
}

void World::perform(const act::SetDeadline& action) {
    const auto key = std::pair(place(action.unit), action.deadline);
    deadlines_.erase(key);
    if (!action.at) return;
    if (mutant_ == Mutant::forgets_retries && action.deadline == Deadline::restart) return;
    const Time when = booted_ + action.at->time_since_epoch();
    const auto token = ++deadline_token_;
    deadlines_[key] = {when, token};
    timeline_.at(when, [this, key, token, life = life_] {
        auto found = deadlines_.find(key);
        if (life != life_ || !engine_ || found == deadlines_.end() || found->second.second != token)
            return;
        deadlines_.erase(found);
        tell(DeadlineReached{unit(key.first), key.second});
    });
}

bool World::answers(std::size_t index, bool liveness) const {
    const Unit& real = systemd_.units()[index];
    const bool up = (real.phase == Phase::active || real.phase == Phase::post) && !real.hung;
    if (!up || liveness) return up;
    if (real.stuck) return false;
    for (std::size_t i = 0; i < real.needs.size(); ++i) {
        const Unit& need = systemd_.units()[real.needs[i]];
        if (real.spec->needs[i].type != EdgeType::init &&
            (need.phase != Phase::active || need.hung))
            return false;
    }
    return true;
}

void World::perform(const act::RunProbe& action) {
    const auto key = std::pair(place(action.unit), action.liveness);
    if (!probing_.insert(key).second) return;
    const Duration takes =
        systemd_.units()[key.first].hung ? Duration(5s) : random_.span(1ms, 30ms);
    timeline_.at(timeline_.now() + takes, [this, key, life = life_] {
        if (life != life_ || !engine_) return;
        probing_.erase(key);
        const bool ok = answers(key.first, key.second);
        tell(ProbeResult{unit(key.first), key.second, ok, ok ? "" : "no answer"});
    });
}

void World::call(const std::string& name, const std::string& type) {
    const std::size_t index = place(name);
    // Calls that are on the wire when lakebedd dies are still carried out, or not.
    const bool survives = random_.chance(0.5);
    timeline_.at(timeline_.now() + random_.span(100us, 2ms), [=, this, connection = connection_] {
        const bool stands = connection == connection_ && connected_;
        if (!stands && !survives) return;
        if (type != "stop") oracle_.began(index);
        if (systemd_.request(index, type, Who::daemon) == 0 && stands)
            arrive([=, this] { tell(JobDone{name, type, "refused", true}); });
    });
}

void World::perform(const Action& action) {
    if (const auto* start = std::get_if<act::StartUnit>(&action)) return call(start->unit, "start");
    if (const auto* stop = std::get_if<act::StopUnit>(&action)) return call(stop->unit, "stop");
    if (const auto* restart = std::get_if<act::RestartUnit>(&action))
        return call(restart->unit, "restart");
    if (const auto* reset = std::get_if<act::ResetFailed>(&action))
        return systemd_.reset_failed(place(reset->unit));
    if (const auto* deadline = std::get_if<act::SetDeadline>(&action)) return perform(*deadline);
    if (const auto* probe = std::get_if<act::RunProbe>(&action)) return perform(*probe);
    if (const auto* trigger = std::get_if<act::TriggerWatchdog>(&action)) {
        const std::size_t index = place(trigger->unit);
        timeline_.at(timeline_.now() + 5ms,
                     [=, this] { systemd_.kill(index, "watchdog", CLD_KILLED, SIGABRT); });
    }
}

void World::mutate(const Event& event, std::vector<Action>& actions) {
    if (mutant_ == Mutant::none) return;
    std::vector<Action> result;
    for (const Action& action : actions) {
        const auto* restart = std::get_if<act::RestartUnit>(&action);
        const auto* probe = std::get_if<act::RunProbe>(&action);
        const auto* announce = std::get_if<act::Announce>(&action);
        const bool up = restart && systemd_.units()[place(restart->unit)].phase == Phase::active;
        if (mutant_ == Mutant::skips_liveness && probe && probe->liveness) continue;
        if (mutant_ == Mutant::skips_verification && probe && !probe->liveness) continue;
        if (mutant_ == Mutant::skips_sessions && up) continue;
        result.push_back(action);
        if (mutant_ == Mutant::repeats_restarts && restart)
            for (int i = 0; i < 30; ++i) result.push_back(action);
        if (!announce) continue;
        const bool waits = announce->state == State::waiting || announce->state == State::held;
        if ((mutant_ == Mutant::starts_before_needs && waits) ||
            (mutant_ == Mutant::fights_operators &&
             announce->state == State::stopped_by_operator) ||
            (mutant_ == Mutant::starts_without_target && announce->state == State::stopped))
            result.push_back(act::StartUnit{announce->unit});
        if (mutant_ == Mutant::stops_healthy && announce->state == State::degraded)
            result.push_back(act::StopUnit{announce->unit});
    }
    if (mutant_ == Mutant::restarts_on_adoption && std::holds_alternative<TargetStarting>(event))
        for (const Unit& real : systemd_.units())
            if (real.phase == Phase::active) result.push_back(act::RestartUnit{real.spec->unit});
    actions = std::move(result);
}

// ---- people and accidents ---------------------------------------------------------------------

void World::command(Verb verb, std::optional<std::size_t> index) {
    if (!engine_) return;
    oracle_.asks(verb, index);
    tell(UserCommand{verb, index ? unit(*index) : std::string()});
}

void World::stop_target() {
    if (!target_up_) return;
    target_up_ = false;
    arrive([this] { tell(TargetStopping{}); });
    for (Unit& real : systemd_.units())
        if (real.job || (real.phase != Phase::inactive && real.phase != Phase::failed))
            systemd_.request(real.index, "stop", Who::systemd, true);
}

// A target is down only when its members are (PartOf and After): a start waits for that.
void World::start_target(bool cancels_stop) {
    if (target_up_) return;
    const bool stopping = std::ranges::any_of(
        systemd_.units(), [](const Unit& real) { return real.job && real.job->type == "stop"; });
    if (stopping && !cancels_stop)
        return timeline_.at(timeline_.now() + 20ms, [this] { start_target(false); });
    target_up_ = true;
    ++target_starts_;
    oracle_.fresh_target();
    target_since_ = timeline_.now();
    arrive([this] { tell(target_starting()); });
}

void World::reboot() {
    if (engine_ && random_.chance(0.8)) tell(ShutdownRequested{});
    if (engine_) kill_daemon(random_.span(1s, 10s));
    systemd_.power_off();
    ++boots_;
    booted_ = target_since_ = timeline_.now();
    target_up_ = true;
    ++target_starts_;
    oracle_.fresh_target();
}

void World::inject(const Fault& fault) {
    Unit& real = systemd_.units()[fault.unit];
    const bool service = real.spec->kind == NodeKind::service;
    note("FAULT " + sim::describe(scenario_, fault));
    switch (fault.kind) {
    case Kind::crash:
        if (fault.count % 2 == 0)
            systemd_.kill(fault.unit, "signal", CLD_KILLED, SIGKILL);
        else
            systemd_.kill(fault.unit, "exit-code", CLD_EXITED, 1);
        break;
    case Kind::out_of_memory:
        systemd_.kill(fault.unit, "oom-kill", CLD_KILLED, SIGKILL);
        break;
    case Kind::clean_exit:
        if (service) systemd_.kill(fault.unit, "success", CLD_EXITED, 0);
        break;
    case Kind::fatal_exit:
        real.fatal = true;
        systemd_.kill(fault.unit, "exit-code", CLD_EXITED, 78);
        break;
    case Kind::fatal_log:
        real.fatal_log = true;
        systemd_.kill(fault.unit, "exit-code", CLD_EXITED, 1);
        break;
    case Kind::port_taken:
        real.port_until = timeline_.now() + fault.span * fault.count;
        systemd_.kill(fault.unit, "exit-code", CLD_EXITED, 1);
        break;
    case Kind::disk_full:
        real.disk_until = timeline_.now() + fault.span * fault.count;
        systemd_.kill(fault.unit, "exit-code", CLD_EXITED, 1);
        break;
    case Kind::hang:
        if (service && real.spec->liveness && real.phase == Phase::active) real.hung = true;
        break;
    case Kind::flap:
        real.flap_until = timeline_.now() + fault.span * fault.count;
        systemd_.kill(fault.unit, "signal", CLD_KILLED, SIGSEGV);
        break;
    case Kind::bad_starts:
        real.bad_starts = fault.count * 2;
        systemd_.kill(fault.unit, "signal", CLD_KILLED, SIGKILL);
        break;
    case Kind::stuck:
        for (std::size_t i = 0; i < real.needs.size(); ++i) {
            const Unit& need = systemd_.units()[real.needs[i]];
            if (real.spec->needs[i].type != EdgeType::reconnects || !real.spec->probe ||
                real.phase != Phase::active || need.phase != Phase::active)
                continue;
            systemd_.kill(need.index, "signal", CLD_KILLED, SIGKILL);
            real.stuck = true;
            break;
        }
        break;
    case Kind::op_stop:
        oracle_.stops(fault.unit, engine_ ? engine_->state().nodes.at(real.spec->unit) : nothing_,
                      engine_.has_value());
        systemd_.request(fault.unit, "stop", Who::people, true);
        break;
    case Kind::op_start:
        oracle_.starts(fault.unit);
        systemd_.request(fault.unit, "start", Who::people, true);
        break;
    case Kind::op_restart:
        oracle_.starts(fault.unit);
        systemd_.request(fault.unit, "restart", Who::people, true);
        break;
    case Kind::op_reset_failed:
        systemd_.reset_failed(fault.unit);
        break;
    case Kind::user_start:
        command(Verb::start, fault.unit);
        break;
    case Kind::user_stop:
        command(Verb::stop, fault.unit);
        break;
    case Kind::user_restart:
        command(Verb::restart, fault.unit);
        break;
    case Kind::user_hold:
        command(Verb::hold, fault.unit);
        break;
    case Kind::user_release:
        command(Verb::release, fault.unit);
        break;
    case Kind::user_stop_all:
        command(Verb::stop, std::nullopt);
        break;
    case Kind::user_start_all:
        command(Verb::start, std::nullopt);
        break;
    case Kind::daemon_death:
        kill_daemon(fault.span);
        break;
    case Kind::daemon_death_before_acting:
        die_before_acting_ = engine_.has_value();
        break;
    case Kind::reconnect:
        if (!engine_) break;
        connected_ = false; // until the new one stands, nothing comes or goes
        timeline_.at(timeline_.now() + std::min(fault.span, Duration(2s)), [this, life = life_] {
            if (engine_ && life == life_) connect();
        });
        break;
    case Kind::target_stop:
        stop_target();
        timeline_.at(timeline_.now() + fault.span, [this] { start_target(false); });
        break;
    case Kind::target_restart: {
        // Or a start that cancels the stop: then the target stays what it was, and nobody knows of
        // it who has not seen the stop.
        const bool canceled = fault.count % 2 == 0 && target_up_ && engine_ && connected_;
        if (canceled) tell(TargetStopping{});
        stop_target();
        start_target(canceled);
        if (canceled) --target_starts_;
        break;
    }
    case Kind::reboot:
        reboot();
        break;
    case Kind::reload_graph: {
        if (!engine_) break;
        ServiceGraph graph = engine_->state().graph;
        graph.generation = ++generation_;
        if (fault.count % 2 == 0) graph.nodes[fault.unit].title += "!";
        oracle_.graph_reloaded(fault.count % 2 == 0);
        tell(GraphReloaded{std::move(graph)});
        if (connected_) list_all();
        break;
    }
    }
}

// The last fault is over: what still fails by itself stops doing so.
void World::heal() {
    die_before_acting_ = false;
    for (Unit& real : systemd_.units()) {
        real.bad_starts = 0;
        real.flap_until = real.port_until = real.disk_until = Time{0};
    }
    start_target(false);
}

Outcome World::run() {
    timeline_.at(1s, [this] {
        target_up_ = true;
        ++target_starts_;
        boot_daemon();
    });
    for (const Fault& fault : scenario_.faults)
        timeline_.at(5s + fault.at, [this, fault] { inject(fault); });
    timeline_.at(scenario_.length - kQuiet + 70s, [this] { heal(); });
    while (!oracle_.broken && timeline_.step(scenario_.length + 70s)) {
    }
    if (!oracle_.broken && !engine_) oracle_.violation("lakebedd did not come back");
    if (!oracle_.broken) oracle_.finished(engine_->state());
    outcome_.broken = oracle_.broken;
    return outcome_;
}

} // namespace

Outcome play(const Scenario& scenario, Mutant mutant, bool trace) {
    return World(scenario, mutant, trace).run();
}

} // namespace lakebed::sim
