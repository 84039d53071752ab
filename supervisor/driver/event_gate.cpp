#include "driver/event_gate.h"

#include <algorithm>

namespace lakebed {

std::optional<TimePoint> to_stamp(std::uint64_t monotonic) {
    if (monotonic == 0) return {};
    return TimePoint(Duration(monotonic));
}

UnitSnapshot to_snapshot(const UnitProperties& unit, const std::string& job_type) {
    return {
        .load_state = unit.load_state,
        .active_state = unit.active_state,
        .sub_state = unit.sub_state,
        .result = unit.result,
        // All zeros stands for none.
        .invocation_id = unit.invocation_id.find_first_not_of('0') == std::string::npos
                             ? std::string()
                             : unit.invocation_id,
        .exec_main_code = unit.exec_main_code,
        .exec_main_status = unit.exec_main_status,
        .main_pid = static_cast<int>(unit.main_pid),
        .n_restarts = unit.n_restarts,
        .job_id = unit.job_id,
        .job_type = unit.job_id == 0 ? std::string() : job_type,
        .ran_before = unit.active_enter != 0 || unit.inactive_enter != 0,
        .began = to_stamp(unit.inactive_exit),
        .became_active = to_stamp(unit.active_enter),
        .became_inactive = to_stamp(unit.inactive_enter),
    };
}

EventGate::Job EventGate::job(std::uint32_t id) const {
    auto found = jobs_.find(id);
    return found == jobs_.end() ? Job{} : found->second;
}

bool EventGate::job_appeared(std::uint32_t id) {
    highest_ = std::max(highest_, id);
    auto [entry, added] = jobs_.try_emplace(id);
    if (!added) return false;
    entry->second.question = ++asked_;
    open_.insert(asked_);
    return true;
}

void EventGate::close_question(Job& job) {
    open_.erase(job.question);
    job.question = 0;
}

void EventGate::job_type_is(std::uint32_t id, std::optional<std::string> type) {
    auto found = jobs_.find(id);
    if (found == jobs_.end()) return;
    if (type && found->second.type.empty()) found->second.type = *type;
    close_question(found->second);
}

void EventGate::job_is_listed(std::uint32_t id, const std::string& type) {
    highest_ = std::max(highest_, id);
    jobs_[id].type = type;
}

void EventGate::job_is_ours(std::uint32_t id, const std::string& type) {
    highest_ = std::max(highest_, id);
    Job& job = jobs_[id];
    job.type = type;
    job.ours = true;
    close_question(job);
}

void EventGate::job_removed(std::uint32_t id, const std::string& unit, const std::string& result) {
    ended_[unit].push_back({id, unit, result});
}

void EventGate::unit_seen(const std::string& unit,
                          const std::optional<UnitProperties>& properties) {
    if (properties) waiting_.push_back({asked_, Read{unit, *properties}});
    if (auto ends = ended_.extract(unit))
        for (JobEnd& end : ends.mapped()) waiting_.push_back({asked_, std::move(end)});
}

std::vector<EventGate::Item> EventGate::take() {
    std::vector<Item> ready;
    auto may_pass = [&] {
        return !waiting_.empty() && (open_.empty() || waiting_.front().asked < *open_.begin());
    };
    for (; may_pass(); waiting_.pop_front()) {
        auto& what = waiting_.front().what;
        if (auto* end = std::get_if<JobEnd>(&what)) {
            Job known = job(end->id);
            ready.emplace_back(JobDone{end->unit, known.type, end->result, known.ours});
            jobs_.erase(end->id);
        } else {
            auto& read = std::get<Read>(what);
            ready.emplace_back(UnitChanged{
                read.unit, to_snapshot(read.properties, job(read.properties.job_id).type)});
        }
    }
    return ready;
}

void EventGate::clear() {
    jobs_.clear();
    ended_.clear();
    waiting_.clear();
    open_.clear();
    asked_ = 0;
}

} // namespace lakebed
