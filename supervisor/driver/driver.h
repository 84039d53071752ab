// Driver: the edge of lakebedd. What happens on the machine becomes Events of the engine, and the
// engine's Actions are carried out. One loop, one thread (HeadStart's own only waits), no blocking
// call but to write the state.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "driver/bus_service.h"
#include "driver/event_gate.h"
#include "driver/guard_watch.h"
#include "driver/incident_saver.h"
#include "driver/probe_times.h"
#include "driver/recorder.h"
#include "driver/state_store.h"
#include "driver/target_watch.h"
#include "engine/supervisor.h"
#include "probe/probe.h"
#include "sys/event_loop.h"
#include "sys/head_start.h"
#include "sys/journal.h"
#include "sys/systemd_connection.h"

namespace lakebed {

struct DriverOptions {
    std::string graph = "/var/lib/lakebed/current/graph.toml";
    std::string state_directory = "/var/lib/lakebed/supervisor";
    std::string runtime_directory; // $RUNTIME_DIRECTORY
    std::string version;
    std::string record; // file; empty: none
    ByteSize record_limit = Recorder::kLimit;
};

// Who shows the services to people; called when a change has been dealt with.
struct DriverListener {
    std::function<void(const ServiceStatus& service)> service_changed; // another state
    std::function<void()> changed;                                     // anything may have
};

class Driver {
  public:
    // `loop` must outlive it.
    Driver(EventLoop& loop, DriverOptions options);
    Driver(const Driver&) = delete;
    Driver& operator=(const Driver&) = delete;

    // Loads graph and state and begins to connect. Fails where the state directory cannot be used.
    [[nodiscard]] Result<void> start();

    // Reads the graph again; when it cannot be used the old one stays, and the Error says why.
    [[nodiscard]] Result<void> reload();

    // Writes what must be remembered. The services stay as they are.
    void shut_down();

    void set_listener(DriverListener listener) { listener_ = std::move(listener); }
    // Something beside supervision does not work: part of info().problem while there is no worse.
    void set_side_problem(std::string problem) { side_problem_ = std::move(problem); }

    [[nodiscard]] const ServiceGraph& graph() const { return state().graph; }
    [[nodiscard]] std::vector<ServiceStatus> services() const;
    [[nodiscard]] SupervisorInfo info() const;
    [[nodiscard]] const ProbeTimes& probe_times() const { return probe_times_; }
    [[nodiscard]] std::string incident_directory() const;

  private:
    // Events in (watch.cpp what systemd says, driver.cpp the rest).
    void handle(Event event);
    void drain();
    void connected();
    void disconnected(const std::string& why);
    void unit_told(const std::string& unit, const UnitProperties& now);
    void unit_hint(const std::string& unit);
    void job_new(std::uint32_t id, const std::string& unit);
    void job_removed(std::uint32_t id, const std::string& unit, const std::string& result,
                     const std::optional<UnitProperties>& now);
    void ask_job_type(std::uint32_t id, const std::string& unit);
    void refresh(const std::string& unit);
    void read_unit(const std::string& unit);
    void refresh_all();
    [[nodiscard]] std::set<std::string> units() const; // of the graph; guards have none
    void take_from_gate();
    void target_settled();
    void unit_changed(UnitChanged event);
    [[nodiscard]] bool is_watched(const std::string& unit) const;
    [[nodiscard]] Result<ServiceGraph> load_graph() const;
    void use_graph(ServiceGraph graph);
    void relist_later();
    void save_soon();
    void complain_of_saving(const std::string& why);
    void tell_status();

    // Actions out (perform.cpp).
    void perform(const Action& action);
    void queue_job(JobVerb verb, const std::string& unit);
    void job_queued(const std::string& unit, std::optional<std::uint32_t> ours);
    void run_probe(const std::string& unit, bool liveness);
    void ask_again_later(const std::string& unit, bool liveness, const std::string& why);
    void set_deadline(const act::SetDeadline& deadline);
    void trigger_watchdog(const std::string& unit);
    void explain(const std::string& unit, const std::string& sentence);
    void log_state(const std::string& unit, const NodeState& now) const;
    void tell_what_lasts_soon(Duration delay);
    void tell_what_lasts();
    void announce(const std::string& unit, State state);
    void tell_announced();
    void tell_soon();
    void tell_now();
    void look_for_fatal_lines(const std::string& unit, const UnitSnapshot& failed, bool again);
    bool has_fatal_line(const GraphNode& node, const UnitSnapshot& failed);
    [[nodiscard]] bool report(const GraphNode& node, FailureKind kind, const std::string& run,
                              const std::string& line);

    // What people are told (tell.cpp).
    void note_incident(const std::string& unit, const std::optional<Incident>& before);
    void note_hang(const std::string& unit);
    void incident_saved(const IncidentRecord& record, const std::string& name);
    [[nodiscard]] IncidentRecord record_of(const GraphNode& spec, const NodeState& now) const;
    [[nodiscard]] std::vector<LogField> fields_of(const std::string& unit,
                                                  std::vector<LogField> more = {}) const;
    void tell_order(Verb verb, const std::string& name, const std::string& who) const;
    [[nodiscard]] const std::string& data_directory(const GraphNode& node) const;

    [[nodiscard]] ServiceStatus service(const GraphNode& node) const;
    [[nodiscard]] const SupervisorState& state() const { return supervisor_.state(); }
    [[nodiscard]] const NodeState* node(const std::string& unit) const;
    [[nodiscard]] const GraphNode* spec(const std::string& unit) const;

    EventLoop& loop_;
    DriverOptions options_;
    StateStore store_;
    Recorder recorder_;
    DurableState remembered_; // until the first graph is there
    Supervisor supervisor_;
    bool has_graph_ = false;
    std::string problem_;
    std::string side_problem_;
    DriverListener listener_;

    std::unique_ptr<SystemdConnection> systemd_;
    HeadStart head_start_; // of the start that may follow
    std::unique_ptr<BusService> bus_service_;
    IncidentSaver incidents_; // tells over the bus
    GuardWatch guards_;
    SpaceReader spaces_; // of disks that a log line speaks of
    EventGate gate_;
    std::set<std::string> reading_; // units
    struct Asked {
        int calls = 0;                   // of ours for a job, without an answer yet
        std::vector<std::uint32_t> jobs; // that appeared meanwhile: ours, most likely
    };
    std::map<std::string, Asked> queueing_; // by unit
    std::set<std::string> unread_;          // since the connection was made
    TargetWatch target_;
    bool shutdown_told_ = false;
    bool bus_settled_ = false; // as far as it will be before we call ourselves ready
    bool ready_told_ = false;

    std::deque<Event> events_;
    bool draining_ = false;

    std::map<std::pair<std::string, bool>, Prober> probers_;           // unit, liveness
    std::map<std::pair<std::string, bool>, EventSource> asking_again_; // unit, liveness
    std::string ask_problem_;
    ProbeTimes probe_times_;
    std::map<std::pair<std::string, Deadline>, EventSource> deadlines_;
    std::map<std::string, EventSource> dumps_; // thread dumps that precede a kill
    std::map<std::string, std::pair<std::string, TimePoint>>
        killed_; // run let killed as hung, when
    std::map<std::string, EventSource> log_looks_;
    std::map<std::string, std::string> refused_; // last complaint of systemd, by unit
    EventSource relist_;
    EventSource bus_patience_;
    EventSource save_;
    std::string status_;
    std::set<std::string> announced_; // units of which it is to be told
    EventSource telling_;
    std::set<std::string> lasting_; // the same, should it last
    EventSource tell_lasting_;
    std::string save_problem_;
};

} // namespace lakebed
