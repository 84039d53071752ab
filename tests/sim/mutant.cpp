#include <algorithm>

#include "sim/life.h"

// Engines broken on purpose: by what they are given, or by what they are said to do.
namespace lakebed::sim {

using namespace std::chrono_literals;

std::string_view to_string(Mutant mutant) {
    switch (mutant) {
    case Mutant::none:
        return "none";
    case Mutant::starts_before_needs:
        return "starts before needs are ready";
    case Mutant::fights_operators:
        return "starts what an operator stopped";
    case Mutant::forgets_retries:
        return "forgets retries";
    case Mutant::forgets_state:
        return "forgets its state file";
    case Mutant::ignores_budget:
        return "ignores the budget";
    case Mutant::starts_without_target:
        return "starts while the target is down";
    case Mutant::restarts_on_adoption:
        return "restarts the healthy on adoption";
    case Mutant::stops_healthy:
        return "stops a slow service";
    case Mutant::skips_liveness:
        return "skips liveness probes";
    case Mutant::skips_sessions:
        return "skips session restarts";
    case Mutant::skips_verification:
        return "skips verification after a need's return";
    case Mutant::repeats_restarts:
        return "repeats restarts";
    case Mutant::ignores_stack_budget:
        return "ignores the budget of the stack";
    case Mutant::takes_all_for_crashes:
        return "takes a full disk and a taken port for a crash";
    case Mutant::ignores_lost_needs:
        return "ignores lost needs of what runs";
    case Mutant::trusts_without_probe:
        return "calls ready what it has not asked";
    case Mutant::ignores_guards:
        return "takes every guard for ready";
    }
    return "";
}

ServiceGraph Life::mutated(ServiceGraph graph) const {
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
    return graph;
}

void Life::mutate(const Event& event, std::vector<Action>& actions) {
    if (mutant_ == Mutant::none) return;
    std::vector<Action> result;
    for (const Action& action : actions) {
        const auto* restart = std::get_if<act::RestartUnit>(&action);
        const auto* probe = std::get_if<act::RunProbe>(&action);
        const auto* announce = std::get_if<act::Announce>(&action);
        const bool up =
            restart && systemd_.units()[systemd_.place(restart->unit)].phase == Phase::active;
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

} // namespace lakebed::sim
