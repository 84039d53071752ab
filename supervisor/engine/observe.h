// Observed: what a snapshot of a unit means for us, one word of seven.
#pragma once

#include "engine/supervisor.h"

namespace lakebed {

enum class Observed {
    up,         // active, nothing pending: ready, as readiness is part of the unit
    coming_up,  // activating; its own probe decides
    hold_off,   // failed; systemd itself restarts it when RestartSec is over
    failed,     // failed, systemd does nothing
    down,       // inactive
    going_down, // deactivating, or active with a job that will take it down
    queued,     // no process, but a job waits: what it is, the next snapshot tells
};

[[nodiscard]] Observed observe(const UnitSnapshot& unit);

} // namespace lakebed
