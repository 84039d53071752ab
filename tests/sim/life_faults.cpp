#include <algorithm>
#include <csignal>

#include "sim/life.h"

// What people do, and what goes wrong.
namespace lakebed::sim {

using namespace std::chrono_literals;

void Life::command(Verb verb, std::optional<std::size_t> index) {
    if (!engine_) return;
    oracle_.asks(verb, index);
    tell(UserCommand{verb, index ? unit(*index) : std::string()});
}

// It has lost its session with a need that came back, and nobody but its readiness probe tells.
void Life::lose_need(Unit& real) {
    for (const Link& link : real.needs) {
        const Unit& need = systemd_.units()[link.unit];
        if (link.type != EdgeType::reconnects || !real.spec->probe || real.phase != Phase::active ||
            need.phase != Phase::active)
            continue;
        systemd_.kill(need.index, "signal", CLD_KILLED, SIGKILL);
        real.stuck = true;
        return;
    }
}

// With and without --now; systemctl makes PID 1 read all units again, after which lakebedd does.
void Life::mask(std::size_t index, const Fault& fault) {
    const bool masked = systemd_.units()[index].masked;
    systemd_.mask(index, !masked);
    if (!masked && fault.count % 2 == 0) {
        oracle_.stops(index, engine_.has_value());
        systemd_.request(index, "stop", Who::people, true);
    }
    if (!engine_ || !connected_) return;
    arrive([this] { // each is read now, and comes in the order of the connection
        for (const Unit& real : systemd_.units())
            if (real.installed && !is_guard(*real.spec))
                arrive([this, shot = systemd_.snapshot(real.index), captured = timeline_.now(),
                        &name = unit(real.index)] {
                    tell(UnitChanged{name, shot}, captured);
                });
    });
}

// Another generation. What it adds or takes away is handled as apply does: stopped before, and
// what leans on it restarted after.
void Life::reload(const Fault& fault) {
    const bool changed = fault.count % 4 != 1;
    const Unit& real = systemd_.units()[fault.unit];
    const bool gone = real.phase == Phase::inactive && !real.job; // apply waits for that
    const bool adds = fault.count % 4 >= 2 && !real.installed && gone;
    const bool removes = fault.count % 4 == 2 && real.installed && graph_.nodes.size() > 2;
    const std::string& name = unit(fault.unit);
    graph_.generation = ++generation_;
    if (removes) {
        systemd_.request(fault.unit, "stop", Who::people, true);
        oracle_.removed(fault.unit);
        std::erase_if(graph_.nodes, [&](const GraphNode& node) { return node.unit == name; });
        for (GraphNode& node : graph_.nodes)
            std::erase_if(node.needs, [&](const Need& need) { return need.unit == name; });
    } else if (adds) {
        ServiceGraph graph = scenario_.graph; // in its order, needs first
        graph.generation = generation_;
        std::erase_if(graph.nodes, [&](const GraphNode& node) {
            return node.unit != name && !systemd_.units()[systemd_.place(node.unit)].installed;
        });
        for (GraphNode& node : graph.nodes)
            std::erase_if(node.needs, [&](const Need& need) {
                return std::ranges::none_of(
                    graph.nodes, [&](const GraphNode& other) { return other.unit == need.unit; });
            });
        graph_ = std::move(graph);
    } else if (changed && real.installed) {
        std::ranges::find(graph_.nodes, name, &GraphNode::unit)->title += "!";
    }
    if (adds) die_before_acting_ = false; // apply would be repeated until it is through
    systemd_.install(graph_);
    oracle_.graph_reloaded(changed);
    tell(GraphReloaded{mutated(graph_)});
    if (connected_ && engine_) list_all();
    if (!adds || !engine_) return;
    for (std::size_t dependent : systemd_.units()[fault.unit].dependents)
        if (systemd_.units()[dependent].process()) command(Verb::restart, dependent);
}

void Life::inject(const Fault& fault) {
    Unit& real = systemd_.units()[fault.unit];
    const bool service = real.spec->kind == NodeKind::service;
    if (trace_) note("FAULT " + sim::describe(scenario_, fault));
    if (!real.installed && fault.kind < Kind::user_stop_all) return;
    if (is_guard(*real.spec) != (fault.kind == Kind::guard) &&
        (fault.kind < Kind::user_stop_all || fault.kind == Kind::reload_graph))
        return;
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
    case Kind::guard:
        real.disk_until = std::max(real.disk_until, timeline_.now() + fault.span * fault.count);
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
        lose_need(real);
        break;
    case Kind::op_stop:
        oracle_.stops(fault.unit, engine_.has_value());
        systemd_.request(fault.unit, "stop", Who::people, true);
        break;
    case Kind::op_start:
        oracle_.starts(fault.unit, engine_.has_value());
        systemd_.request(fault.unit, "start", Who::people, true);
        break;
    case Kind::op_restart:
        oracle_.starts(fault.unit, engine_.has_value());
        systemd_.request(fault.unit, "restart", Who::people, true);
        break;
    case Kind::op_reset_failed:
        systemd_.reset_failed(fault.unit);
        break;
    case Kind::op_mask:
        mask(fault.unit, fault);
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
            if (!engine_ || life != life_) return;
            oracle_.reconnected();
            connect();
        });
        break;
    case Kind::target_stop:
        stop_target();
        timeline_.at(timeline_.now() + fault.span, [this] { start_target(false); });
        break;
    case Kind::target_restart:
        restart_target(fault.count % 2 == 0);
        break;
    case Kind::reboot:
        reboot();
        break;
    case Kind::reload_graph:
        if (engine_) reload(fault);
        break;
    }
}

} // namespace lakebed::sim
