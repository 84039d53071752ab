#include "sys/supervisor_api.h"

#include <systemd/sd-bus.h>

namespace lakebed {

int append_service(sd_bus_message* message, const ServiceStatus& s) {
    return sd_bus_message_append(
        message, kServiceEntry, s.name.c_str(), s.unit.c_str(), s.kind.c_str(), s.title.c_str(),
        s.state.c_str(), s.sentence.c_str(), s.active.c_str(), s.since, s.cause.c_str(),
        s.cause_detail.c_str(), s.cause_at, s.invocation.c_str(), s.restarts, s.systemd_restarts,
        s.retry_at, s.queued_at, s.started_at, s.ready_at, s.needs.c_str(), s.main_pid,
        s.hold ? 1 : 0, s.path.c_str(), s.failures, s.spent, s.budget);
}

int read_service(sd_bus_message* message, ServiceStatus& into) {
    const char *name, *unit, *kind, *title, *state, *sentence, *active, *cause, *detail,
        *invocation, *needs, *path;
    int hold = 0;
    int r = sd_bus_message_read(
        message, kServiceEntry, &name, &unit, &kind, &title, &state, &sentence, &active,
        &into.since, &cause, &detail, &into.cause_at, &invocation, &into.restarts,
        &into.systemd_restarts, &into.retry_at, &into.queued_at, &into.started_at, &into.ready_at,
        &needs, &into.main_pid, &hold, &path, &into.failures, &into.spent, &into.budget);
    if (r <= 0) return r;
    into.name = name;
    into.unit = unit;
    into.kind = kind;
    into.title = title;
    into.state = state;
    into.sentence = sentence;
    into.active = active;
    into.cause = cause;
    into.cause_detail = detail;
    into.invocation = invocation;
    into.needs = needs;
    into.hold = hold != 0;
    into.path = path;
    return r;
}

} // namespace lakebed
