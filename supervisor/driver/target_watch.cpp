#include "driver/target_watch.h"

namespace lakebed {

std::optional<Event> TargetWatch::stop_queued() {
    if (told_ == "") return {};
    told_ = "";
    if (target_) target_->job_type = "stop"; // what was seen of it is older
    return TargetStopping{};
}

std::optional<Event> TargetWatch::news() {
    if (!target_) return {};
    const std::string& active = target_->active_state;
    const bool leaving = target_->job_type == "stop";
    std::optional<std::string> tell;
    if ((active == "active" || active == "activating" || active == "reloading") && !leaving)
        tell = target_->invocation_id.empty() ? "-" : target_->invocation_id;
    else if (leaving || target_->job_id == 0)
        tell = "";
    if (!tell || tell == told_) return {};
    told_ = tell;
    if (tell->empty()) return TargetStopping{};
    return TargetStarting{target_->invocation_id, target_->became_active};
}

} // namespace lakebed
