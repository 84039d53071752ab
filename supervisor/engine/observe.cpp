#include "engine/observe.h"

namespace lakebed {

Observed observe(const UnitSnapshot& unit) {
    const std::string& active = unit.active_state;
    const bool stop_job = unit.job_type == "stop";
    if (active == "active" || active == "reloading") {
        // A job whose type is not known can hardly be a start.
        const bool leaves =
            stop_job || unit.job_type == "restart" || (unit.job_id != 0 && unit.job_type.empty());
        return leaves ? Observed::going_down : Observed::up;
    }
    if (active == "activating") {
        if (stop_job) return Observed::going_down;
        // "auto-restart-queued" since systemd 255
        return unit.sub_state.starts_with("auto-restart") ? Observed::hold_off
                                                          : Observed::coming_up;
    }
    if (active == "deactivating") return Observed::going_down;
    if (active == "failed")
        return unit.job_type == "start" || unit.job_type == "restart" ? Observed::queued
                                                                      : Observed::failed;
    if (active == "inactive" && unit.job_id == 0) return Observed::down;
    return Observed::queued;
}

} // namespace lakebed
