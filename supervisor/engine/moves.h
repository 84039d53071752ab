// Moves: what several steps of the transition table have in common.
#pragma once

#include "engine/table.h"

namespace lakebed::steps {

// Another job was in the way of ours.
inline constexpr Duration kRefusedRetry = std::chrono::seconds(1);
// What is read of a unit so long after the target began to stop shows the job of that stop.
inline constexpr Duration kStopShows = std::chrono::milliseconds(100);

[[nodiscard]] Observed seen(const detail::Slot& slot);
void become(Turn& turn, detail::Slot& slot, State state);
[[nodiscard]] bool needs_ready(const Turn& turn, const detail::Slot& slot);
// A need that the running service leans on is away, so its failure is not its own.
[[nodiscard]] bool excused(const Turn& turn, const detail::Slot& slot);
// The same, but only by what was looked at since lakebedd started; never true of a job, which is
// done.
[[nodiscard]] bool lacks_need(const Turn& turn, const detail::Slot& slot);
// A guard of its that suspends says no.
[[nodiscard]] bool lacks_guard(const Turn& turn, const detail::Slot& slot);
[[nodiscard]] bool target_runs(const Turn& turn);
[[nodiscard]] bool may_run(const Turn& turn, const NodeState& node);
// Its unit file is there and not masked: else PID 1 would refuse each start.
[[nodiscard]] bool startable(const NodeState& node);
[[nodiscard]] bool lost(const Turn& turn, const NodeState& node);
// A start of ours of which nothing has been seen yet.
[[nodiscard]] bool in_flight(const NodeState& node);
// A stop of before, of an inactive unit or one that is over, whose JobDone is still to come.
[[nodiscard]] bool stop_pends(const Turn& turn, const NodeState& node);
void cancel_retry(Turn& turn, detail::Slot& slot);
void set_retry(Turn& turn, detail::Slot& slot, State state, Duration delay);
// Ends systemd's own hold-off. That erases Result and InvocationID, so remember that it was us.
void park(Turn& turn, detail::Slot& slot);
void hold_back(Turn& turn, detail::Slot& slot);
void forget_failures(NodeState& node);
void launch(Turn& turn, detail::Slot& slot);
// A restart after a failure is due; false when the stack has spent its budget, and it must wait.
[[nodiscard]] bool spend(Turn& turn, detail::Slot& slot);
// Retries what the policy says, for a failure that was just counted.
void reschedule(Turn& turn, detail::Slot& slot, bool was_ready);
// A run we have not seen before.
void note_run(Turn& turn, detail::Slot& slot);
// Somebody or systemd itself runs it: that ends every reason not to.
void adopt_wish(Turn& turn, detail::Slot& slot);
void tell_dependents(Turn& turn, const detail::Slot& slot);
void become_ready(Turn& turn, detail::Slot& slot);
void rest(Turn& turn, detail::Slot& slot);
void stop_doomed(Turn& turn, detail::Slot& slot);
// Whatever runs or comes up of it is not wanted any more.
void bring_down(Turn& turn, detail::Slot& slot);

} // namespace lakebed::steps
