// The D-Bus interface of lakebedd, shared by the daemon that serves it and the clients that call
// it.
//
// The service: name io.lakebed.Supervisor1 on the system bus, object /io/lakebed/Supervisor1,
// interface io.lakebed.Supervisor1 (introspectable):
//   ListServices() → a(ssssssstsststtttttsubsuuu), the members of ServiceStatus in their order;
//   times are
//       microseconds of CLOCK_REALTIME, 0 for never. Everyone may call it.
//   Start(s) Stop(s) Restart(s) Hold(s) Release(s): name or unit, "" for the whole stack. They
//   answer
//       once the order is taken, not when it is carried out. Root and group lakebed.
//       Error io.lakebed.Error.NoSuchService with a suggestion.
//   Reload(): reads the graph again. Error io.lakebed.Error.BadGraph with what is wrong.
//   properties Site s, SiteId s, Generation u, Version s, TargetActive b, Ready b, Problem s;
//   PropertiesChanged tells of all but the version
//   signal ServiceChanged(s name, s state)
//   signal IncidentSeen(s name, s cause, s detail, s evidence): a service failed or hangs, and what
//   was kept of it has this name (incident_files.h), "" when it could not be kept
#pragma once

#include <cstdint>
#include <string>

struct sd_bus_message;

namespace lakebed {

inline constexpr const char* kSupervisorName = "io.lakebed.Supervisor1";
inline constexpr const char* kSupervisorPath = "/io/lakebed/Supervisor1";
inline constexpr const char* kServiceList = "a(ssssssstsststtttttsubsuuu)";
inline constexpr const char* kServiceEntry = "(ssssssstsststtttttsubsuuu)";
inline constexpr const char* kNoSuchService = "io.lakebed.Error.NoSuchService";
inline constexpr const char* kBadGraph = "io.lakebed.Error.BadGraph";

struct ServiceStatus {
    std::string name;        // "postgres"
    std::string unit;        // "lakebed-postgres.service"
    std::string kind;        // service | job | guard (of a resource, without a unit)
    std::string title;       // for people
    std::string state;       // waiting, held, starting, ready, degraded … (supervisor.h)
    std::string sentence;    // why it is so, with the root cause; may be empty
    std::string active;      // systemd's word: active | activating | failed …
    std::uint64_t since = 0; // of `state`
    std::string cause;       // of the last incident: crash, hang, out-of-memory …; "none"
    std::string cause_detail;
    std::uint64_t cause_at = 0;
    std::string invocation;             // InvocationID of the unit
    std::uint64_t restarts = 0;         // by lakebedd
    std::uint64_t systemd_restarts = 0; // by systemd itself, since the unit was last started
    std::uint64_t retry_at = 0;
    // Spans of the last start: asked for, process running, serving.
    std::uint64_t queued_at = 0;
    std::uint64_t started_at = 0;
    std::uint64_t ready_at = 0;
    std::string needs;          // names it needs, separated by spaces
    std::uint32_t main_pid = 0; // 0: no process
    bool hold = false;
    std::string path;           // names from itself to the root of its trouble, separated by spaces
    std::uint32_t failures = 0; // in a row
    std::uint32_t spent = 0;    // restarts that count against its budget
    std::uint32_t budget = 0;   // restarts it may have before it gets the slow lane
    bool operator==(const ServiceStatus&) const = default;
};

struct SupervisorInfo {
    std::string site;
    std::string site_id;
    std::uint32_t generation = 0; // 0: nothing is applied yet
    std::string version;
    bool target_active = false; // lakebed.target is up
    bool ready = false;         // every service is ready and every job done
    std::string problem;        // what lakebedd itself complains of (a graph it cannot read)
    // Restarts that count against the budget of the whole stack; not on the bus.
    std::uint32_t spent = 0, budget = 0;
    bool operator==(const SupervisorInfo&) const = default;
};

// One entry of ListServices. Negative errno on error; read_service gives 0 at the end of the array.
int append_service(sd_bus_message* message, const ServiceStatus& service);
int read_service(sd_bus_message* message, ServiceStatus& into);

} // namespace lakebed
