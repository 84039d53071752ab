// Guards: what the check of a resource guard changes, and the orderly stop of those it suspends.
//
// How it works: writers stop from the last in start order down, each one only when everything above
// it that is to stop is gone. Such a stop is marked as ours, so that it is no operator's, costs no
// budget, and is undone in start order, as any start is, once the guard is ready.
#pragma once

#include "engine/table.h"

namespace lakebed {

void take_guard(Turn& turn, detail::Slot& guard, const GuardChecked& event);

// After each event that changed anything, once every node has heard of it.
void suspend_writers(Turn& turn);

} // namespace lakebed
