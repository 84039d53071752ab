// What systemd says, and what of it becomes an event of the engine.
#include <utility>

#include <fmt/format.h>

#include "driver/driver.h"
#include "sys/journal.h"
#include "sys/notify.h"

namespace lakebed {
namespace {

constexpr std::string_view kTarget = "lakebed.target";
constexpr std::string_view kShutdown = "shutdown.target";
constexpr Duration kRelist = std::chrono::seconds(60);

// Also when its exit status counts as success (SuccessExitStatus=): it has ended by itself.
bool failed(const UnitSnapshot& unit) {
    return unit.active_state == "failed" || unit.sub_state.starts_with("auto-restart");
}

} // namespace

bool Driver::is_watched(const std::string& unit) const {
    return unit == kTarget || state().nodes.contains(unit);
}

void Driver::connected() {
    gate_.clear();
    queueing_.clear();
    reading_.clear();
    unread_.clear();
    target_.connection_broke();
    log_event(LogLevel::info, "connected to systemd");
    systemd_->list_jobs([this](Result<std::vector<SystemdJob>> jobs) {
        if (!jobs) return;
        for (const SystemdJob& job : *jobs)
            if (is_watched(job.unit)) gate_.job_is_listed(job.id, job.type);
    });
    systemd_->read_system_state([this](Result<std::string> system) {
        if (!system || *system != "stopping" || shutdown_told_) return;
        shutdown_told_ = true;
        handle(ShutdownRequested{});
    });
    unread_.insert(std::string(kTarget));
    unread_.merge(units());
    refresh_all();
}

void Driver::disconnected(const std::string& why) {
    log_event(LogLevel::warning, why + "; trying again");
    gate_.clear();
    queueing_.clear();
    reading_.clear();
}

void Driver::unit_told(const std::string& unit, const UnitProperties& now) {
    if (!is_watched(unit)) return;
    // PID 1 tells of the units before it tells of their jobs, and a stop of the target is to be
    // known before the stops of its members: a read comes after both.
    if (now.job_id != 0 && !gate_.knows(now.job_id)) return refresh(unit);
    gate_.unit_seen(unit, now);
    take_from_gate();
}

void Driver::unit_hint(const std::string& unit) {
    if (is_watched(unit)) refresh(unit);
}

void Driver::job_new(std::uint32_t id, const std::string& unit) {
    if (unit != kShutdown && !is_watched(unit)) return;
    if (!gate_.job_appeared(id)) return;
    if (auto ours = queueing_.find(unit); ours != queueing_.end()) {
        ours->second.jobs.push_back(id); // the answer to our call will tell
    } else {
        ask_job_type(id, unit);
    }
}

void Driver::job_removed(std::uint32_t id, const std::string& unit, const std::string& result,
                         const std::optional<UnitProperties>& now) {
    if (!is_watched(unit)) return;
    gate_.job_removed(id, unit, result);
    if (!now) return refresh(unit);
    gate_.unit_seen(unit, now);
    take_from_gate();
}

void Driver::ask_job_type(std::uint32_t id, const std::string& unit) {
    systemd_->read_job_type(id, [this, id, unit](Result<std::string> type) {
        gate_.job_type_is(id, type ? std::optional(*type) : std::nullopt);
        if (unit == kShutdown && type == std::string("start") && !shutdown_told_) {
            shutdown_told_ = true;
            handle(ShutdownRequested{});
        }
        if (unit == kTarget && type == std::string("stop"))
            if (std::optional<Event> stops = target_.stop_queued()) handle(std::move(*stops));
        take_from_gate();
    });
}

void Driver::refresh(const std::string& unit) {
    // An answer to come knows of all that we have been told so far.
    if (systemd_->connected() && reading_.insert(unit).second) read_unit(unit);
}

void Driver::read_unit(const std::string& unit) {
    systemd_->read_unit(unit, [this, unit](Result<UnitProperties> properties) {
        if (properties && properties->job_id != 0) job_new(properties->job_id, unit);
        gate_.unit_seen(unit, properties ? std::optional(*properties) : std::nullopt);
        if (!properties && properties.error().code != Errc::temporary) {
            log_event(LogLevel::warning, properties.error().message, {{"UNIT", unit}});
            unread_.erase(unit); // one bad unit must not keep the rest waiting
        }
        reading_.erase(unit);
        take_from_gate();
    });
}

void Driver::refresh_all() {
    refresh(std::string(kTarget));
    for (const std::string& unit : units()) refresh(unit);
}

std::set<std::string> Driver::units() const {
    std::set<std::string> units;
    for (const GraphNode& node : state().graph.nodes)
        if (!is_guard(node)) units.insert(node.unit);
    return units;
}

void Driver::relist_later() {
    Result<EventSource> timer = loop_.after(kRelist, kRelist / 10, [this] {
        refresh_all();
        relist_later();
    });
    if (timer) relist_ = std::move(*timer);
}

void Driver::take_from_gate() {
    for (EventGate::Item& item : gate_.take()) {
        if (auto* done = std::get_if<JobDone>(&item)) {
            if (done->unit != kTarget) handle(std::move(*done));
            continue;
        }
        auto& changed = std::get<UnitChanged>(item);
        unread_.erase(changed.unit);
        if (changed.unit != kTarget) {
            unit_changed(std::move(changed));
            continue;
        }
        target_.seen(std::move(changed.now));
        if (unread_.empty()) target_settled();
    }
    if (unread_.empty()) target_settled();
}

void Driver::unit_changed(UnitChanged event) {
    const NodeState* before = node(event.unit);
    if (before == nullptr) return;
    if (before->unit.main_pid != event.now.main_pid)
        for (bool liveness : {false, true})
            if (auto prober = probers_.find({event.unit, liveness}); prober != probers_.end())
                prober->second.disconnect();
    const bool failed_now =
        failed(event.now) &&
        !(failed(before->unit) && before->unit.invocation_id == event.now.invocation_id);
    const UnitChanged told = event;
    handle(std::move(event));
    if (failed_now) look_for_fatal_lines(told.unit, told.now, false);
}

// The engine hears of the target once every unit has been read, so that nothing is started that
// runs already.
void Driver::target_settled() {
    if (!target_.known()) return;
    if (!ready_told_ && bus_settled_) {
        ready_told_ = true;
        notify_systemd("READY=1");
    }
    if (!has_graph_) return;
    if (std::optional<Event> news = target_.news()) handle(std::move(*news));
}

} // namespace lakebed
