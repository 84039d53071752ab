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
    if (!jobs_.try_emplace(id).second) return false;
    ++asked_;
    return true;
}

void EventGate::job_type_is(std::uint32_t id, std::optional<std::string> type) {
    ++answered_;
    auto found = jobs_.find(id);
    if (found != jobs_.end() && type && found->second.type.empty()) found->second.type = *type;
}

void EventGate::job_is_listed(std::uint32_t id, const std::string& type) {
    highest_ = std::max(highest_, id);
    jobs_[id].type = type;
}

void EventGate::job_is_ours(std::uint32_t id, const std::string& type) {
    highest_ = std::max(highest_, id);
    jobs_[id] = {type, true};
}

void EventGate::job_removed(std::uint32_t id, const std::string& unit, const std::string& result) {
    Unit& entry = units_[unit];
    entry.removed.push_back({id, result, entry.begun + 1});
}

void EventGate::read_begins(const std::string& unit) {
    ++units_[unit].begun;
}

void EventGate::read_ends(const std::string& unit,
                          const std::optional<UnitProperties>& properties) {
    Unit& entry = units_[unit];
    ++entry.ended;
    if (properties) waiting_.push_back({asked_, Read{unit, *properties}});
    std::erase_if(entry.removed, [&](const Removed& removed) {
        if (removed.after_read > entry.ended) return false;
        waiting_.push_back({asked_, JobEnd{removed.id, unit, removed.result}});
        return true;
    });
}

std::vector<EventGate::Item> EventGate::take() {
    std::vector<Item> ready;
    for (; !waiting_.empty() && waiting_.front().asked <= answered_; waiting_.pop_front()) {
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
    units_.clear();
    waiting_.clear();
    asked_ = answered_ = 0;
}

} // namespace lakebed
