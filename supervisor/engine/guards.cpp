#include "engine/guards.h"

#include <algorithm>

#include "engine/moves.h"

namespace lakebed {
namespace {

using detail::Slot;

bool has_run(const NodeState& node) {
    switch (node.state) {
    case State::starting:
    case State::ready:
    case State::degraded:
    case State::restarting:
    case State::stopping:
        return true;
    default:
        return false;
    }
}

bool is_to_stop(const Turn& turn, const Slot& slot) {
    const NodeState& node = *slot.state;
    return slot.spec->kind == NodeKind::service && node.known && !node.despite_guard &&
           has_run(node) && steps::lacks_guard(turn, slot);
}

void suspend(Turn& turn, Slot& slot) {
    NodeState& node = *slot.state;
    if (node.state == State::stopping) return; // by whomever, it is on its way
    slot.touched = true;
    node.suspended = true;
    node.restart_wanted = false;
    steps::cancel_retry(turn, slot);
    steps::bring_down(turn, slot);
}

} // namespace

void take_guard(Turn& turn, Slot& guard, const GuardChecked& event) {
    NodeState& node = *guard.state;
    const State state = event.ok ? State::ready : State::waiting;
    turn.changed =
        turn.changed || !node.known || node.state != state || node.probe_detail != event.detail;
    node.known = node.recorded = true;
    node.probe_detail = event.detail;
    steps::become(turn, guard, state);
    if (!event.ok) return;
    for (Slot& slot : turn.slots)
        if (slot.state->despite_guard && !steps::lacks_guard(turn, slot)) {
            slot.state->despite_guard = false;
            slot.touched = true;
        }
}

void suspend_writers(Turn& turn) {
    const bool all_ready = std::ranges::none_of(turn.slots, [](const Slot& slot) {
        return is_guard(*slot.spec) && slot.state->known && slot.state->state != State::ready;
    });
    if (all_ready || !steps::target_runs(turn)) return;
    std::vector<bool> blocked(turn.slots.size()); // something above it is still to stop
    for (std::size_t i = turn.slots.size(); i-- > 0;) {
        Slot& slot = turn.slots[i];
        const bool stops = is_to_stop(turn, slot);
        if (stops && !blocked[i]) suspend(turn, slot);
        if (!stops && !blocked[i]) continue;
        for (const Slot::Link& need : slot.needs) blocked[need.slot] = true;
    }
}

} // namespace lakebed
