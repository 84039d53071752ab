#include "driver/driver.h"

#include <sys/random.h>

#include <fmt/format.h>

#include "driver/event_facts.h"
#include "driver/status.h"
#include "sys/files.h"
#include "sys/journal.h"
#include "sys/supervisor_events.h"

namespace lakebed {
namespace {

// So that `systemctl start lakebedd && lakebed status` finds us, and a dead bus costs no more.
constexpr Duration kBusPatience = std::chrono::seconds(2);
constexpr Duration kSaveEvery = std::chrono::seconds(1);

std::string read_boot_id() {
    Result<std::string> text = read_file("/proc/sys/kernel/random/boot_id", 64);
    if (!text) return {};
    return text->substr(0, text->find('\n'));
}

std::uint64_t random_seed() {
    std::uint64_t seed = 0;
    if (::getrandom(&seed, sizeof seed, 0) == static_cast<ssize_t>(sizeof seed)) return seed;
    return static_cast<std::uint64_t>(EventLoop::boot_time().count());
}

TimePoint now() {
    return TimePoint(EventLoop::boot_time());
}

std::chrono::microseconds wall_minus_boot() {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::system_clock::now().time_since_epoch()) -
           EventLoop::boot_time();
}

} // namespace

Driver::Driver(EventLoop& loop, DriverOptions options)
    : loop_(loop), options_(std::move(options)),
      store_(options_.state_directory, options_.runtime_directory, read_boot_id()),
      incidents_(loop, incident_directory(),
                 [this](const IncidentRecord& record, const std::string& name) {
                     incident_saved(record, name);
                 }),
      guards_(loop, options_.graph,
              {.state = [this]() -> const SupervisorState& { return state(); },
               .tell = [this](GuardChecked checked) { handle(std::move(checked)); }}) {}

Result<void> Driver::start() {
    TRY(make_directories(options_.state_directory, 0711));
    if (!options_.record.empty()) {
        Result<Recorder> recorder = Recorder::open(options_.record, options_.record_limit);
        if (recorder)
            recorder_ = std::move(*recorder);
        else
            log_event(LogLevel::error, "nothing is recorded: " + recorder.error().message);
    }
    std::string forgotten;
    remembered_ = store_.load(forgotten);
    if (!forgotten.empty()) log_event(LogLevel::error, forgotten);

    Result<ServiceGraph> graph = load_graph();
    if (graph)
        use_graph(std::move(*graph));
    else if (graph.error().code == Errc::not_found)
        problem_ = "nothing applied yet";
    else
        problem_ = graph.error().message;
    if (!problem_.empty())
        log_event(graph.error().code == Errc::not_found ? LogLevel::notice : LogLevel::error,
                  problem_, {{"GRAPH", options_.graph}}, kSelfEvent.message_id);

    if (!has_graph_) recorder_.life(state(), options_.version);

    systemd_ = std::make_unique<SystemdConnection>(
        loop_,
        SystemdEvents{
            .connected = [this] { connected(); },
            .disconnected = [this](const std::string& why) { disconnected(why); },
            .unit_changed = [this](const std::string& unit,
                                   const UnitProperties& now) { unit_told(unit, now); },
            .unit_turned =
                [this](const std::string& unit) {
                    if (is_watched(unit)) head_start_.give();
                },
            .unit_hint = [this](const std::string& unit) { unit_hint(unit); },
            .job_new = [this](std::uint32_t id, const std::string& unit) { job_new(id, unit); },
            .job_removed =
                [this](std::uint32_t id, const std::string& unit, const std::string& result,
                       const std::optional<UnitProperties>& now) {
                    job_removed(id, unit, result, now);
                },
            .reloaded = [this] { refresh_all(); },
        });
    bus_service_ = std::make_unique<BusService>(
        loop_, BusServiceHandlers{
                   .services = [this] { return services(); },
                   .info = [this] { return info(); },
                   .command = [this](Verb verb, const std::string& name) -> Result<void> {
                       UserCommand command{.verb = verb, .unit = {}};
                       if (!name.empty()) command.unit = TRY(find_unit(state(), name));
                       if (const GraphNode* spec = find_node(state().graph, command.unit);
                           spec != nullptr && is_guard(*spec))
                           return fail(fmt::format("{} is no service but a resource guard: it has "
                                                   "nothing to start or stop",
                                                   name));
                       handle(command);
                       return {};
                   },
                   .ordered = [this](Verb verb, const std::string& name,
                                     const std::string& who) { tell_order(verb, name, who); },
                   .reload = [this] { return reload(); },
                   .settled =
                       [this] {
                           bus_settled_ = true;
                           if (unread_.empty()) target_settled();
                       },
               });
    bus_patience_ = TRY(loop_.after(kBusPatience, kBusPatience / 10, [this] {
        bus_settled_ = true;
        if (unread_.empty()) target_settled();
    }));
    bus_service_->keep_loaded(units());
    relist_later();
    tell_status();
    log_event(LogLevel::info, fmt::format("lakebedd {} begins", options_.version), {},
              kSelfEvent.message_id);
    return {};
}

std::vector<ServiceStatus> Driver::services() const {
    return list_status(state(), now(), wall_minus_boot());
}

ServiceStatus Driver::service(const GraphNode& node) const {
    return service_status(state(), node, now(), wall_minus_boot());
}

SupervisorInfo Driver::info() const {
    const StackBudget budget = stack_budget(state().graph);
    return {.site = state().graph.site,
            .site_id = state().graph.site_id,
            .generation = static_cast<std::uint32_t>(state().graph.generation),
            .version = options_.version,
            .target_active = state().target_up,
            .ready = all_ready(state()),
            .problem = problem_.empty() ? side_problem_ : problem_,
            .spent = spent_within(state().restarts, budget.window, now()),
            .budget = static_cast<std::uint32_t>(std::max(budget.restarts, 0))};
}

Result<ServiceGraph> Driver::load_graph() const {
    std::string text = TRY(read_file(options_.graph));
    Diagnostics diagnostics;
    ServiceGraph graph = read_graph(text, options_.graph, diagnostics);
    if (!diagnostics.has_errors()) check_graph(graph, diagnostics);
    TRY(diagnostics.result(Errc::usage));
    return graph;
}

void Driver::use_graph(ServiceGraph graph) {
    SupervisorState initial = restore_state(std::move(graph), remembered_, store_.boot_id());
    initial.random ^= random_seed();
    supervisor_ = Supervisor(std::move(initial));
    has_graph_ = true;
    recorder_.life(state(), options_.version);
    log_event(LogLevel::info,
              fmt::format("supervising site {}, generation {}: {} units", state().graph.site,
                          state().graph.generation, units().size()));
    guards_.check_all();
}

Result<void> Driver::reload() {
    Result<ServiceGraph> graph = load_graph();
    if (!graph) {
        problem_ =
            graph.error().code == Errc::not_found && !has_graph_
                ? "nothing applied yet"
                : (has_graph_ ? "the old graph stays in force: " : "") + graph.error().message;
        log_event(LogLevel::error, problem_, {{"GRAPH", options_.graph}}, kSelfEvent.message_id);
        tell_status();
        return tl::unexpected<Error>(
            Error{graph.error().code == Errc::not_found ? Errc::failed : graph.error().code,
                  problem_, graph.error().hint});
    }
    problem_.clear();
    if (!has_graph_) {
        use_graph(std::move(*graph));
        bus_service_->keep_loaded(units());
        if (systemd_->connected()) connected();
        return {};
    }
    probers_.clear(); // their specs may have changed; the next probe makes them again
    handle(GraphReloaded{std::move(*graph)});
    log_event(LogLevel::info,
              fmt::format("generation {} is in force, with {} units", state().graph.generation,
                          units().size()),
              {}, kSelfEvent.message_id);
    guards_.check_all();
    bus_service_->keep_loaded(units());
    refresh_all();
    return {};
}

void Driver::shut_down() {
    recorder_.flush();
    if (!has_graph_) return;
    Result<void> saved = store_.save(state());
    complain_of_saving(saved ? "" : saved.error().message);
}

void Driver::complain_of_saving(const std::string& why) {
    if (why == save_problem_) return; // once, not at each event while the disk is full
    save_problem_ = why;
    if (!why.empty()) log_event(LogLevel::error, why);
}

const NodeState* Driver::node(const std::string& unit) const {
    auto found = state().nodes.find(unit);
    return found == state().nodes.end() ? nullptr : &found->second;
}

const GraphNode* Driver::spec(const std::string& unit) const {
    const NodeState* known = node(unit);
    return known == nullptr ? nullptr : &state().graph.nodes[known->place];
}

void Driver::handle(Event event) {
    for (GuardChecked& checked : guards_.before(event)) events_.push_back(std::move(checked));
    events_.push_back(std::move(event));
    if (!draining_) drain();
}

void Driver::drain() {
    draining_ = true;
    bool news = false;
    while (!events_.empty()) {
        Event event = std::move(events_.front());
        events_.pop_front();
        const std::string unit = unit_of(event);
        const NodeState* concerned = node(unit);
        std::optional<Incident> incident = concerned ? concerned->last_incident : std::nullopt;
        const TimePoint at = now();
        std::vector<Action> actions = supervisor_.on(event, at);
        const bool routine = is_routine(event, actions);
        if (!routine && has_graph_ && store_.is_urgent(state())) {
            bool wish = std::holds_alternative<UserCommand>(event);
            // A full disk must not end supervision: go on with what is in memory.
            if (Result<void> saved = wish ? store_.save(state()) : store_.note(state()); !saved)
                complain_of_saving(saved.error().message);
        }
        if (!routine) {
            news = true;
            save_soon();
            note_incident(unit, incident);
        }
        for (const Action& action : actions) perform(action);
        recorder_.turn(at, event, actions);
    }
    draining_ = false;
    if (news) tell_status();
}

void Driver::save_soon() {
    if (save_.active() || !has_graph_) return;
    Result<EventSource> timer = loop_.after(kSaveEvery, kSaveEvery / 2, [this] {
        save_ = {};
        shut_down();
    });
    if (timer) save_ = std::move(*timer);
}

void Driver::tell_status() {
    if (problem_.empty())
        tell_soon();
    else
        tell_now();
}

} // namespace lakebed
