#include <csignal>

#include <fmt/format.h>

#include "driver/driver.h"
#include "engine/explain.h"
#include "sys/supervisor_events.h"

namespace lakebed {
namespace {

std::string_view ending(int code) { // si_code, siginfo_t
    switch (code) {
    case CLD_EXITED:
        return "exited";
    case CLD_KILLED:
        return "killed";
    case CLD_DUMPED:
        return "dumped";
    default:
        return "";
    }
}

std::string_view name_of(Verb verb) {
    switch (verb) {
    case Verb::start:
        return "start";
    case Verb::stop:
        return "stop";
    case Verb::restart:
        return "restart";
    case Verb::hold:
        return "hold";
    case Verb::release:
        return "release";
    }
    return "";
}

std::uint64_t wall_clock() {
    auto now = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

} // namespace

std::string Driver::incident_directory() const {
    return options_.state_directory + "/incidents";
}

std::vector<LogField> Driver::fields_of(const std::string& unit, std::vector<LogField> more) const {
    more.push_back({"UNIT", unit});
    if (const GraphNode* spec = this->spec(unit)) more.push_back({"SERVICE", spec->name});
    return more;
}

void Driver::tell_order(Verb verb, const std::string& name, const std::string& who) const {
    std::vector<LogField> fields{{"VERB", std::string(name_of(verb))}, {"BY", who}};
    const GraphNode* spec = find_node(state().graph, name);
    if (spec != nullptr) fields = fields_of(spec->unit, std::move(fields));
    log_event(LogLevel::notice,
              fmt::format("{} ordered: {} {}", who, name_of(verb),
                          name.empty() ? "the whole stack"
                          : spec       ? spec->name
                                       : name),
              fields, kOrderEvent.message_id);
}

IncidentRecord Driver::record_of(const GraphNode& spec, const NodeState& now) const {
    const std::vector<std::string> path = why_path(state(), spec.unit);
    const GraphNode* root = path.empty() ? &spec : this->spec(path.back());
    return {.at = wall_clock(),
            .service = spec.name,
            .unit = spec.unit,
            .cause = {},
            .detail = {},
            .run = now.unit.invocation_id,
            .result = now.unit.result,
            .ended_by = std::string(ending(now.unit.exec_main_code)),
            .exit_status = now.unit.exec_main_status,
            .root = root == nullptr ? spec.name : root->name};
}

void Driver::note_incident(const std::string& unit, const std::optional<Incident>& before) {
    const NodeState* now = node(unit);
    const GraphNode* spec = this->spec(unit);
    if (now == nullptr || spec == nullptr || !now->last_incident || now->last_incident == before)
        return;
    IncidentRecord record = record_of(*spec, *now);
    record.cause = to_string(now->last_incident->cause);
    record.detail = now->last_incident->detail;
    incidents_.failed(std::move(record));
}

void Driver::note_hang(const std::string& unit) {
    const NodeState* now = node(unit);
    const GraphNode* spec = this->spec(unit);
    if (now == nullptr || spec == nullptr) return;
    IncidentRecord record = record_of(*spec, *now);
    record.cause = to_string(Cause::hang);
    record.detail =
        now->probe_detail.empty() ? "no answer to its liveness probe" : now->probe_detail;
    record.result.clear(); // it runs yet
    incidents_.hangs(std::move(record));
}

void Driver::incident_saved(const IncidentRecord& record, const std::string& name) {
    Incident incident{{}, Cause::none, record.detail};
    for (Cause cause : {Cause::crash, Cause::hang, Cause::out_of_memory, Cause::bad_config,
                        Cause::port_taken, Cause::disk_full, Cause::start_timeout})
        if (record.cause == to_string(cause)) incident.cause = cause;
    log_event(LogLevel::warning, fmt::format("{} {}", record.service, predicate(incident)),
              {{"UNIT", record.unit},
               {"SERVICE", record.service},
               {"CAUSE", record.cause},
               {"DETAIL", record.detail},
               {"RUN", record.run},
               {"EVIDENCE", name}},
              kIncidentEvent.message_id);
    if (bus_service_) bus_service_->incident_seen(record, name);
    if (listener_.changed) listener_.changed();
}

} // namespace lakebed
