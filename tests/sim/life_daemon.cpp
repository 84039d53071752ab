#include <algorithm>

#include <fmt/format.h>

#include "engine/durable.h"
#include "engine/explain.h"
#include "sim/life.h"
#include "sim/trace.h"

// lakebedd: its lives, and what it is told.
namespace lakebed::sim {

using namespace std::chrono_literals;

void Life::arrive(std::function<void()> what) {
    last_arrival_ = std::max(
        last_arrival_, timeline_.now() + random_.span(200us, random_.chance(0.1) ? 20ms : 3ms));
    timeline_.at(last_arrival_, [this, connection = connection_, what = std::move(what)] {
        if (connection == connection_ && connected_ && engine_) what();
    });
}

void Life::list_all() {
    for (const Unit& real : systemd_.units())
        if (real.installed && !is_guard(*real.spec))
            tell(UnitChanged{unit(real.index), systemd_.snapshot(real.index)});
}

void Life::connect() {
    ++connection_;
    connected_ = true;
    hinted_.assign(hinted_.size(), false);
    last_arrival_ = timeline_.now();
    check_guards(true);
    list_all();
    if (!engine_) return;
    if (target_up_)
        tell(target_starting());
    else
        tell(TargetStopping{});
}

void Life::boot_daemon() {
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
    engine_.emplace(restore_state(mutated(graph_), state, boot));
    publish();
    ++life_;
    if (trace_) note(fmt::format("lakebedd starts (life {})", life_));
    for (auto& of_unit : deadlines_) of_unit.fill(0);
    for (auto& of_unit : probing_) of_unit.fill(false);
    oracle_.daemon_started();
    systemd_.keep_loaded(scenario_.keeps_loaded);
    connect();
    if (engine_) read_again_each_minute(life_);
    if (engine_) watch_guards(life_);
}

void Life::read_again_each_minute(std::uint64_t life) {
    timeline_.at(timeline_.now() + 60s, [this, life] {
        if (!engine_ || life != life_) return;
        if (connected_) list_all();
        if (engine_ && life == life_) read_again_each_minute(life);
    });
}

void Life::kill_daemon(Duration away) {
    if (!engine_) return;
    if (trace_) note("lakebedd dies");
    remembered_ = write_state(engine_->state(), fmt::format("boot{}", boots_));
    engine_.reset();
    systemd_.keep_loaded(false);
    connected_ = false;
    ++connection_;
    die_before_acting_ = false;
    timeline_.at(timeline_.now() + 100ms + away, [this] { boot_daemon(); });
}

// After a start and a reload: nodes of the engine stay where they are in between.
void Life::publish() {
    published_.assign(scenario_.graph.nodes.size(), nullptr);
    for (const auto& [name, node] : engine_->state().nodes)
        published_[systemd_.place(name)] = &node;
}

void Life::tell(const Event& event, Time captured) {
    if (!engine_ || oracle_.broken) return;
    if (trace_) note(describe(event));
    oracle_.told(event, captured);
    const auto* log = std::get_if<FatalLogSeen>(&event);
    if (mutant_ == Mutant::takes_all_for_crashes && log && log->kind != FailureKind::bad_config)
        return;
    // One event in so many is also given to an engine that looks at every node.
    std::optional<Supervisor> whole;
    if (outcome_.events % 256 == 0) whole.emplace(engine_->state());
    const auto* guard = std::get_if<GuardChecked>(&event);
    const bool blind = mutant_ == Mutant::ignores_guards && guard != nullptr;
    std::vector<Action> actions =
        engine_->on(blind ? GuardChecked{guard->unit, true, {}} : event, clock());
    if (whole && !blind) check_shortcuts(*whole, event, actions);
    if (std::holds_alternative<GraphReloaded>(event)) publish();
    ++outcome_.events;
    outcome_.actions += actions.size();
    mutate(event, actions);
    if (trace_)
        for (const Action& action : actions) note("    -> " + describe(action));
    oracle_.acted(actions);
    oracle_.settled(published_);
    const bool job = std::ranges::any_of(actions, [](const Action& action) {
        return std::holds_alternative<act::StartUnit>(action) ||
               std::holds_alternative<act::RestartUnit>(action) ||
               std::holds_alternative<act::StopUnit>(action);
    });
    if (die_before_acting_ && job) return kill_daemon(random_.span(0s, 20s));
    for (const Action& action : actions) perform(action);
    check_deadlines();
    if (const auto* changed = std::get_if<UnitChanged>(&event)) read_log(*changed);
}

// What the log and the machine say of a failed run comes a little later.
void Life::read_log(const UnitChanged& failed) {
    const Unit& real = systemd_.units()[systemd_.place(failed.unit)];
    if (failed.now.result != "exit-code") return;
    auto say = [&](Duration latest, FatalLogSeen seen) {
        timeline_.at(timeline_.now() + random_.span(0ms, latest),
                     [this, life = life_, seen = std::move(seen)] {
                         if (life == life_) tell(seen);
                     });
    };
    const std::string& run = failed.now.invocation_id;
    if (real.fatal_log && logs_seen_.insert(run).second)
        say(300ms, {failed.unit, "FATAL: no such thing", {}, {}});
    if ((real.port_failed || real.disk_failed) && logs_seen_.insert("machine " + run).second)
        say(300ms, {failed.unit, real.port_failed ? "port taken" : "no space",
                    real.port_failed ? FailureKind::port_taken : FailureKind::disk_full, run});
}

// What waits for a time must have it set, else it waits for ever.
void Life::check_deadlines() {
    if (!engine_ || mutant_ == Mutant::forgets_retries || !oracle_.target_up) return;
    for (std::size_t i = 0; i < published_.size(); ++i) {
        if (!published_[i]) continue;
        const State state = published_[i]->state;
        const auto kind = state == State::slow_lane ? Deadline::slow_lane : Deadline::restart;
        if ((state == State::backing_off || state == State::slow_lane) &&
            deadlines_[i][static_cast<std::size_t>(kind)] == 0)
            oracle_.violation(unit(i) + " backs off without a deadline");
    }
}

// The engine looks only at what an event may have touched: it must come to the same as if it had
// looked at all.
void Life::check_shortcuts(Supervisor& whole, const Event& event,
                           const std::vector<Action>& actions) {
    if (whole.on(event, clock()) != actions)
        oracle_.violation("an engine that looks at every node does something else");
    if (whole.state() != engine_->state())
        oracle_.violation("an engine that looks at every node thinks something else");
}

} // namespace lakebed::sim
