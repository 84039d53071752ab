#include <algorithm>

#include <fmt/format.h>

#include "sim/oracle.h"

// Whether what lakebedd did was right.
namespace lakebed::sim {

using namespace std::chrono_literals;

// What makes a start something else than a restart after a failure of its own.
void Oracle::relieve(std::size_t unit, int amount) {
    truth_[unit].relief.emplace_back(timeline_.now(), amount);
}

// A new chance: the budget is whole again.
void Oracle::renew(std::size_t unit) {
    relieve(unit, scenario_.graph.nodes[unit].restart.budget + 1);
}

void Oracle::check_start(std::size_t index, bool restart) {
    Truth& truth = truth_[index];
    const Unit& real = systemd_.units()[index];
    if (!real.installed) violation(name(index) + " is started and not in the graph");
    if (!target_up) violation(name(index) + " is started while the target is not up");
    if (!truth.viewed) violation(name(index) + " is started before it was looked at");
    if (truth.op_stopped && !truth.either)
        violation(name(index) + " is started although an operator stopped it");
    if (truth.hold && !truth.either) violation(name(index) + " is started although it is held");
    if (truth.view.load_state == "masked") violation(name(index) + " is started and masked");
    if (truth.port_taken && timeline_.now() - *truth.port_taken < 45s)
        violation(name(index) + " is tried at once though its port is taken");
    truth.port_taken.reset();
    bool session = truth.restart_asked;
    for (const Link& need : real.needs) {
        session = session || need.type == EdgeType::session;
        if (!truth_[need.unit].up)
            violation(
                fmt::format("{} is started before {} is ready", name(index), name(need.unit)));
    }
    if (restart && truth.up && !session) violation(name(index) + " is healthy and was restarted");
    count(index);
    count_for_stack(index);
}

// The slow lane is a minute at least in every scenario.
void Oracle::count_for_stack(std::size_t index) {
    Truth& truth = truth_[index];
    const Time now = timeline_.now();
    const bool quick = truth.failed_at && now - *truth.failed_at < 45s;
    truth.failed_at.reset();
    if (!quick) return;
    const StackBudget budget = stack_budget(scenario_.graph);
    quick_.push_back(now);
    while (quick_.front() + budget.window <= now) quick_.pop_front();
    if (static_cast<int>(quick_.size()) > budget.restarts)
        violation(fmt::format("the stack made {} restarts within {}, {} are allowed", quick_.size(),
                              lakebed::to_string(budget.window), budget.restarts));
}

void Oracle::count(std::size_t index) {
    Truth& truth = truth_[index];
    const RestartPolicy& policy = scenario_.graph.nodes[index].restart;
    const Time now = timeline_.now();
    const Duration window = policy.budget_window;
    truth.starts.push_back(now);
    while (truth.starts.front() + window <= now) truth.starts.pop_front();
    while (!truth.relief.empty() && truth.relief.front().first + window + 1min <= now)
        truth.relief.pop_front();
    std::int64_t allowed = policy.budget + 2 + window / policy.slow_lane;
    for (const auto& [when, amount] : truth.relief) allowed += amount;
    if (static_cast<std::int64_t>(truth.starts.size()) > allowed)
        violation(fmt::format("{} was started {} times within its budget window, {} are allowed",
                              name(index), truth.starts.size(), allowed));
}

void Oracle::check_stop(std::size_t index) {
    Truth& truth = truth_[index];
    const bool hold_off = truth.view.sub_state == "auto-restart";
    if (!systemd_.units()[index].installed)
        violation(name(index) + " is stopped and not in the graph");
    const bool wanted = !truth.either && !truth.crossed && !truth.op_stopped && !truth.hold;
    if (!hold_off && wanted && target_up && !suspended_since(index))
        violation(name(index) + " runs and was stopped");
    if (!hold_off && wanted && target_up) check_suspension(index);
    truth.ended = !hold_off && suspended_since(index);
    if (!hold_off) return;
    truth.parked = true;
    if (suspended_since(index)) truth.failed_at.reset(); // its guard's return starts it anew
    // Ours joins an operator's that waits and whose type lakebedd was not told.
    const std::optional<Job>& job = systemd_.units()[index].job;
    if (job && job->type == "stop" && truth.view.job_type != "stop") truth.leaves_trace = false;
}

void Oracle::acted(const std::vector<Action>& actions) {
    std::vector<std::size_t> stopped;
    for (const Action& action : actions) {
        std::optional<std::size_t> unit;
        if (const auto* start = std::get_if<act::StartUnit>(&action)) {
            check_start(*(unit = systemd_.place(start->unit)), false);
        } else if (const auto* restart = std::get_if<act::RestartUnit>(&action)) {
            check_start(*(unit = systemd_.place(restart->unit)), true);
            truth_[*unit].renewed = true;
            lean();
        } else if (const auto* stop = std::get_if<act::StopUnit>(&action)) {
            check_stop(*(unit = systemd_.place(stop->unit)));
            for (std::size_t earlier : stopped)
                for (const Link& need : systemd_.units()[*unit].needs)
                    if (need.unit == earlier && truth_[earlier].view.active_state == "active" &&
                        truth_[*unit].view.active_state == "active")
                        violation("stopped a need before its dependent");
            stopped.push_back(*unit);
        } else if (const auto* probe = std::get_if<act::RunProbe>(&action)) {
            Truth& truth = truth_[systemd_.place(probe->unit)];
            if (!probe->liveness) truth.asked = !truth.lacks;
        } else if (const auto* explain = std::get_if<act::Explain>(&action)) {
            if (explain->sentence.empty()) violation("explained nothing");
        }
        if (!unit) continue;
        auto& recent = truth_[*unit].actions;
        recent.push_back(timeline_.now());
        while (recent.front() + 5s < timeline_.now()) recent.pop_front();
        if (recent.size() > 25) violation(name(*unit) + ": more than 25 jobs in 5 s");
    }
}

void Oracle::settled(Published nodes) {
    check_writers();
    for (std::size_t i = 0; i < truth_.size(); ++i) {
        const Truth& truth = truth_[i];
        if (!nodes[i] || nodes[i]->state != State::ready || !truth.viewed) continue;
        if (truth.lacks) violation(name(i) + " is called ready while a need is not");
        if (truth.unverified && scenario_.graph.nodes[i].probe)
            violation(name(i) + " is called ready and was not asked since a need went away");
    }
}

void Oracle::finished(Published nodes) {
    const auto& units = systemd_.units();
    constexpr std::size_t kNone = ~std::size_t{0}, kMany = kNone - 1;
    // Why it need not run: itself, one need below, or more than one.
    std::vector<std::size_t> root(units.size(), kNone);
    for (std::size_t i = 0; i < units.size(); ++i) {
        if (!nodes[i]) continue;
        const Truth& truth = truth_[i];
        const NodeState& node = *nodes[i];
        const bool down = truth.op_stopped || truth.hold;
        if (down && !truth.either && units[i].process())
            violation(name(i) + " runs although it was stopped by an operator");
        const bool unknown = (truth.maybe_stopped || truth.crossed) &&
                             (node.state == State::stopped_by_operator || truth.pending_stop);
        const bool still_held = truth.hold_unseen && node.state == State::held;
        if (down || unknown || truth.either || still_held || units[i].fatal || units[i].fatal_log)
            root[i] = kMany; // the reason is not looked at
        for (const Link& need : units[i].needs)
            if (const std::size_t below = root[need.unit]; below != kNone)
                root[i] = root[i] == kNone || root[i] == below ? below : kMany;
        if (units[i].masked && node.state != State::ready) root[i] = root[i] == kNone ? i : kMany;
        if (root[i] != kNone) {
            if (root[i] != kMany && root[i] != i) check_attribution(i, root[i], node);
            // What somebody started without its needs has a sentence of its own.
            if (units[i].process() && root[i] != i) root[i] = kMany;
            continue;
        }
        const std::string so =
            fmt::format(" long after the last fault ({}: {})", to_string(node.state), node.reason);
        if (units[i].phase != Phase::active) violation(name(i) + " is not up" + so);
        if (node.state != State::ready) violation(name(i) + " is not ready" + so);
        if (units[i].hung) violation(name(i) + " hangs" + so);
        if (units[i].stuck) violation(name(i) + " has lost a need and nobody saw it" + so);
        for (const Link& need : units[i].needs)
            if (need.type == EdgeType::session && !units[i].masked &&
                units[need.unit].run_since > units[i].run_since)
                violation(fmt::format("{} still has its session with an earlier run of {}{}",
                                      name(i), name(need.unit), so));
    }
}

// What a masked unit keeps down says so.
void Oracle::check_attribution(std::size_t unit, std::size_t root, const NodeState& node) {
    if (systemd_.units()[root].phase == Phase::active || systemd_.units()[unit].process()) return;
    if (node.reason.find(name(root)) == std::string::npos ||
        node.reason.find("masked") == std::string::npos)
        violation(fmt::format("{} does not name {}, which is masked: {}", name(unit), name(root),
                              node.reason));
}

} // namespace lakebed::sim
