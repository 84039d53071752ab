#include "sys/systemd_connection.h"

#include <cerrno>
#include <deque>
#include <set>
#include <unordered_map>
#include <utility>

#include <systemd/sd-bus.h>

#include "sys/bus.h"

namespace lakebed {
namespace {

constexpr Duration kRetry = std::chrono::milliseconds(100);
constexpr Duration kPasses = std::chrono::milliseconds(3);
constexpr int kReadsAtOnce = 8;
constexpr std::uint64_t kCallTimeout = 90'000'000; // PID 1 is mute while it reloads
constexpr const char* kUnitInterface = "org.freedesktop.systemd1.Unit";
constexpr const char* kProperties = "org.freedesktop.DBus.Properties";

// Called with the reply, or with the Error of the call.
using Handler = std::function<void(Result<sd_bus_message*>)>;
using Append = std::function<int(sd_bus_message*)>; // the arguments of a call
struct Call {
    std::string what;
    Handler handler;
};

int on_reply(sd_bus_message* message, void* userdata, sd_bus_error*) {
    auto* call = static_cast<Call*>(userdata);
    Handler handler = std::move(call->handler); // its owner may drop the connection meanwhile
    if (const sd_bus_error* error = sd_bus_message_get_error(message); error != nullptr)
        handler(tl::unexpected<Error>(
            bus_error(call->what, error->name, error->message, sd_bus_error_get_errno(error))));
    else
        handler(message);
    return 0;
}

Append strings(std::vector<std::string> texts) {
    return [texts = std::move(texts)](sd_bus_message* message) {
        int r = 0;
        for (const std::string& text : texts)
            if (r >= 0) r = sd_bus_message_append(message, "s", text.c_str());
        return r;
    };
}

void destroy_call(void* userdata) {
    delete static_cast<Call*>(userdata);
}

// `failed` comes before `auto-restart`, and `inactive` in the middle of a restart: the end of a job
// has them signalled, while no read shows them.
bool may_be_in_passing(const UnitProperties& unit) {
    return unit.active_state == "inactive" || unit.active_state == "failed";
}

// `list`: the answer to ListUnitsByNames of that unit.
bool is_as(const UnitProperties& unit, sd_bus_message* list) {
    if (sd_bus_message_enter_container(list, 'a', "(ssssssouso)") < 0) return false;
    const char *name, *description, *load, *active, *sub, *following, *path, *job_type, *job_path;
    std::uint32_t job = 0;
    if (sd_bus_message_read(list, "(ssssssouso)", &name, &description, &load, &active, &sub,
                            &following, &path, &job, &job_type, &job_path) <= 0)
        return false;
    return unit.load_state == load && unit.active_state == active && unit.sub_state == sub &&
           unit.job_id == job;
}

} // namespace

std::string_view to_string(JobVerb verb) {
    switch (verb) {
    case JobVerb::start:
        return "start";
    case JobVerb::stop:
        return "stop";
    case JobVerb::restart:
        return "restart";
    }
    return "";
}

struct SystemdConnection::State {
    EventLoop& loop;
    SystemdEvents events;
    BusPtr bus;
    bool ready = false;                                        // Subscribe has been answered
    std::unordered_map<std::string, UnitProperties> known;     // by unit, as last read or signalled
    std::unordered_map<std::string, UnitProperties> half_told; // the rest of a signal is to come
    std::set<std::string> doubtful;                            // units that may be in passing
    EventSource ask_of_doubtful;
    std::deque<std::pair<std::string, Reply<UnitProperties>>> to_read;
    int being_read = 0;
    std::string last_error;
    EventSource retry;

    void connect();
    Result<void> open();
    Result<void> watch(sd_bus* on, bool direct);
    void lost(const std::string& why);
    std::optional<UnitProperties> up_after(std::uint32_t job, const std::string& unit);
    void doubt(const std::string& unit);
    void read_all(const std::string& unit, Reply<UnitProperties> reply);
    void read_next();
    void call(std::string what, const std::string& path, const char* interface, const char* method,
              const Append& append, Handler handler);

    static State& from(void* userdata) { return *static_cast<State*>(userdata); }
    static int on_properties(sd_bus_message* message, void* userdata, sd_bus_error*);
    static int on_job(sd_bus_message* message, void* userdata, sd_bus_error*);
    static int on_reloading(sd_bus_message* message, void* userdata, sd_bus_error*);
    static int on_disconnected(sd_bus_message* message, void* userdata, sd_bus_error*);
    static int on_owner(sd_bus_message* message, void* userdata, sd_bus_error*);
};

int SystemdConnection::State::on_properties(sd_bus_message* message, void* userdata,
                                            sd_bus_error*) {
    State& state = from(userdata);
    std::string unit = unit_of_path(sd_bus_message_get_path(message));
    if (unit.empty()) return 0;
    const char* interface = nullptr;
    if (sd_bus_message_read(message, "s", &interface) < 0) return 0;
    auto known = state.known.find(unit);
    if (known == state.known.end()) { // nothing to lay it over
        if (interface == std::string_view(kUnitInterface)) state.events.unit_hint(unit);
        return 0;
    }
    // Those of the Service come first; what may change of the Unit follows each time (systemd,
    // bus_unit_send_change_signal). A target has the latter only.
    if (interface != std::string_view(kUnitInterface)) {
        UnitProperties& half = state.half_told[unit];
        half = known->second;
        if (read_unit_properties(message, half) < 0) state.half_told.erase(unit);
        return 0;
    }
    auto half = state.half_told.extract(unit);
    std::optional<UnitProperties> told;
    if (!half.empty())
        told = std::move(half.mapped());
    else if (!unit.ends_with(".service"))
        told = known->second;
    if (!told || read_unit_properties(message, *told) < 0) {
        state.known.erase(known);
        state.events.unit_hint(unit);
        return 0;
    }
    UnitProperties before = std::exchange(known->second, std::move(*told));
    const UnitProperties& now = known->second;
    before.status_text = now.status_text;
    if (now == before) return 0; // another STATUS= only
    const bool came_up = now.active_state == "active" && before.active_state != "active";
    if (came_up || (now.active_state == "failed" && now.job_id == 0))
        state.events.unit_turned(unit);
    // It came up under a job, and next comes the end of that, which no read would come between.
    if (came_up && now.job_id != 0) return 0;
    if (may_be_in_passing(now)) {
        state.doubt(unit);
    } else {
        state.doubtful.erase(unit);
        state.events.unit_changed(unit, UnitProperties(now));
    }
    return 0;
}

// What it passes to comes with the next signal, in the same breath, and a question would stand in
// the way of our order.
void SystemdConnection::State::doubt(const std::string& unit) {
    doubtful.insert(unit);
    if (ask_of_doubtful.active()) return;
    Result<EventSource> source = loop.after(kPasses, kPasses / 2, [this] {
        ask_of_doubtful = {};
        for (const std::string& doubted : std::exchange(doubtful, {})) events.unit_hint(doubted);
    });
    if (source)
        ask_of_doubtful = std::move(*source);
    else
        events.unit_hint(unit);
}

// PID 1 tells what a unit has become before it tells that the job which brought it there has ended
// (systemd, bus_job_send_removed_signal), so a unit that is up under that job is up.
std::optional<UnitProperties> SystemdConnection::State::up_after(std::uint32_t job,
                                                                 const std::string& unit) {
    auto told = known.find(unit);
    if (told == known.end() || told->second.job_id != job || told->second.active_state != "active")
        return {};
    told->second.job_id = 0;
    return told->second;
}

int SystemdConnection::State::on_job(sd_bus_message* message, void* userdata, sd_bus_error*) {
    std::uint32_t id = 0;
    const char* path = nullptr;
    const char* unit = nullptr;
    const char* result = nullptr;
    if (sd_bus_message_is_signal(message, kManagerInterface, "JobRemoved") > 0) {
        if (sd_bus_message_read(message, "uoss", &id, &path, &unit, &result) >= 0) {
            State& state = from(userdata);
            const bool done = result == std::string_view("done");
            state.events.job_removed(id, unit, result,
                                     done ? state.up_after(id, unit) : std::nullopt);
        }
    } else if (sd_bus_message_read(message, "uos", &id, &path, &unit) >= 0) {
        from(userdata).events.job_new(id, unit);
    }
    return 0;
}

int SystemdConnection::State::on_reloading(sd_bus_message* message, void* userdata, sd_bus_error*) {
    int active = 0;
    if (sd_bus_message_read(message, "b", &active) >= 0 && active == 0)
        from(userdata).events.reloaded();
    return 0;
}

int SystemdConnection::State::on_disconnected(sd_bus_message*, void* userdata, sd_bus_error*) {
    from(userdata).lost("the connection to systemd was closed");
    return 0;
}

int SystemdConnection::State::on_owner(sd_bus_message*, void* userdata, sd_bus_error*) {
    from(userdata).lost("systemd has left the bus or come back to it");
    return 0;
}

void SystemdConnection::State::connect() {
    known.clear();
    half_told.clear();
    doubtful.clear();
    to_read.clear();
    being_read = 0;
    if (Result<void> opened = open(); !opened) {
        if (opened.error().message != last_error) events.disconnected(opened.error().message);
        last_error = opened.error().message;
        bus.reset();
        if (Result<EventSource> timer = loop.after(kRetry, kRetry, [this] { connect(); }))
            retry = std::move(*timer);
    }
}

Result<void> SystemdConnection::State::open() {
    ManagerBus opened = TRY(open_manager_bus());
    sd_bus* raw = opened.bus.get();
    if (int r = sd_bus_attach_event(raw, loop.get(), 0); r < 0)
        return fail_errno("cannot attach the connection to the loop", -r);
    TRY(watch(raw, opened.direct));
    bus = std::move(opened.bus);
    call("cannot subscribe to systemd's signals", kManagerPath, kManagerInterface, "Subscribe",
         strings({}), [this](Result<sd_bus_message*> reply) {
             if (!reply) {
                 lost(reply.error().message);
                 return;
             }
             ready = true;
             last_error.clear();
             events.connected();
         });
    return {};
}

Result<void> SystemdConnection::State::watch(sd_bus* on, bool direct) {
    const char* sender = direct ? nullptr : kSystemdName;
    struct Match {
        const char* sender;
        const char* path;
        const char* interface;
        const char* member;
        sd_bus_message_handler_t handler;
    };
    std::vector<Match> matches = {
        {sender, nullptr, kProperties, "PropertiesChanged", on_properties},
        {sender, kManagerPath, kManagerInterface, "JobNew", on_job},
        {sender, kManagerPath, kManagerInterface, "JobRemoved", on_job},
        {sender, kManagerPath, kManagerInterface, "Reloading", on_reloading},
        {nullptr, "/org/freedesktop/DBus/Local", "org.freedesktop.DBus.Local", "Disconnected",
         on_disconnected},
    };
    for (const Match& match : matches) {
        int r = sd_bus_match_signal_async(on, nullptr, match.sender, match.path, match.interface,
                                          match.member, match.handler, nullptr, this);
        if (r < 0) return fail_errno("cannot watch systemd's signals", -r);
    }
    if (direct) return {};
    int r = sd_bus_add_match_async(on, nullptr,
                                   "type='signal',sender='org.freedesktop.DBus',"
                                   "member='NameOwnerChanged',arg0='org.freedesktop.systemd1'",
                                   on_owner, nullptr, this);
    if (r < 0) return fail_errno("cannot watch systemd's signals", -r);
    return {};
}

void SystemdConnection::State::lost(const std::string& why) {
    if (ready) events.disconnected(why);
    ready = false;
    // Not from here: we are called from one of its own handlers.
    if (Result<EventSource> timer = loop.after(kRetry, Duration(1000), [this] {
            bus.reset();
            connect();
        }))
        retry = std::move(*timer);
}

void SystemdConnection::State::call(std::string what, const std::string& path,
                                    const char* interface, const char* method, const Append& append,
                                    Handler handler) {
    auto call = std::make_unique<Call>(Call{std::move(what), std::move(handler)});
    sd_bus_message* raw = nullptr;
    int r = bus == nullptr ? -ENOTCONN
                           : sd_bus_message_new_method_call(bus.get(), &raw, kSystemdName,
                                                            path.c_str(), interface, method);
    BusMessagePtr message(raw);
    if (r >= 0) r = append(raw);
    sd_bus_slot* slot = nullptr;
    if (r >= 0) r = sd_bus_call_async(bus.get(), &slot, raw, on_reply, call.get(), kCallTimeout);
    if (r >= 0) {
        sd_bus_slot_set_destroy_callback(slot, destroy_call);
        sd_bus_slot_set_floating(slot, 1);
        sd_bus_slot_unref(slot);
        (void)call.release(); // the slot owns it
        return;
    }
    call->handler(tl::unexpected<Error>(bus_error(call->what, nullptr, nullptr, r)));
}

SystemdConnection::SystemdConnection(EventLoop& loop, SystemdEvents events)
    : state_(new State{.loop = loop, .events = std::move(events)}) {
    if (Result<EventSource> timer =
            loop.after(Duration(1), Duration(1), [state = state_.get()] { state->connect(); }))
        state_->retry = std::move(*timer);
}

SystemdConnection::~SystemdConnection() = default;

bool SystemdConnection::connected() const {
    return state_->ready;
}

// A few at a time: each answer has 20 KB, and other calls are to come between.
void SystemdConnection::State::read_all(const std::string& unit, Reply<UnitProperties> reply) {
    to_read.push_back({unit, std::move(reply)});
    read_next();
}

void SystemdConnection::State::read_next() {
    if (to_read.empty() || being_read == kReadsAtOnce) return;
    auto [unit, reply] = std::move(to_read.front());
    to_read.pop_front();
    ++being_read;
    std::string what = "cannot read the state of " + unit;
    // An empty interface name asks for the properties of all of them, as one snapshot.
    call(what, unit_path(unit), kProperties, "GetAll", strings({""}),
         [this, unit, what, reply = std::move(reply)](Result<sd_bus_message*> message) {
             --being_read;
             read_next();
             if (!message) return reply(tl::unexpected<Error>(message.error()));
             UnitProperties properties;
             if (int r = read_unit_properties(*message, properties); r < 0)
                 return reply(fail_errno(what, -r));
             known[unit] = properties;
             half_told.erase(unit);
             reply(std::move(properties));
         });
}

void SystemdConnection::read_unit(const std::string& unit, Reply<UnitProperties> reply) {
    if (!state_->known.contains(unit)) return state_->read_all(unit, std::move(reply));
    // What the signals told is what it is when its state and its job are still the same.
    state_->call(
        "cannot list " + unit, kManagerPath, kManagerInterface, "ListUnitsByNames",
        [unit](sd_bus_message* message) {
            return sd_bus_message_append(message, "as", 1, unit.c_str());
        },
        [state = state_.get(), unit,
         reply = std::move(reply)](Result<sd_bus_message*> message) mutable {
            auto told = state->known.find(unit);
            if (message && told != state->known.end() && is_as(told->second, *message))
                return reply(told->second);
            state->read_all(unit, std::move(reply));
        });
}

void SystemdConnection::read_job_type(std::uint32_t id, Reply<std::string> reply) {
    constexpr const char* kWhat = "cannot read the type of a job";
    state_->call(kWhat, kJobPrefix + std::to_string(id), kProperties, "Get",
                 strings({"org.freedesktop.systemd1.Job", "JobType"}),
                 [reply = std::move(reply)](Result<sd_bus_message*> message) {
                     if (!message) return reply(tl::unexpected<Error>(message.error()));
                     const char* type = nullptr;
                     if (int r = sd_bus_message_read(*message, "v", "s", &type); r < 0)
                         return reply(fail_errno(kWhat, -r));
                     reply(std::string(type));
                 });
}

void SystemdConnection::list_jobs(Reply<std::vector<SystemdJob>> reply) {
    constexpr const char* kWhat = "cannot list systemd's jobs";
    state_->call(kWhat, kManagerPath, kManagerInterface, "ListJobs", strings({}),
                 [reply = std::move(reply)](Result<sd_bus_message*> message) {
                     if (!message) return reply(tl::unexpected<Error>(message.error()));
                     std::vector<SystemdJob> jobs;
                     int r = sd_bus_message_enter_container(*message, 'a', "(usssoo)");
                     while (r >= 0) {
                         std::uint32_t id = 0;
                         const char *unit, *type, *state, *job_path, *unit_object;
                         r = sd_bus_message_read(*message, "(usssoo)", &id, &unit, &type, &state,
                                                 &job_path, &unit_object);
                         if (r <= 0) break;
                         jobs.push_back({id, unit, type});
                     }
                     if (r < 0) return reply(fail_errno(kWhat, -r));
                     reply(std::move(jobs));
                 });
}

void SystemdConnection::read_system_state(Reply<std::string> reply) {
    constexpr const char* kWhat = "cannot read the state of the system";
    state_->call(kWhat, kManagerPath, kProperties, "Get",
                 strings({kManagerInterface, "SystemState"}),
                 [reply = std::move(reply)](Result<sd_bus_message*> message) {
                     if (!message) return reply(tl::unexpected<Error>(message.error()));
                     const char* state = nullptr;
                     if (int r = sd_bus_message_read(*message, "v", "s", &state); r < 0)
                         return reply(fail_errno(kWhat, -r));
                     reply(std::string(state));
                 });
}

void SystemdConnection::queue_job(JobVerb verb, const std::string& unit,
                                  Reply<std::uint32_t> reply) {
    const char* method = verb == JobVerb::start  ? "StartUnit"
                         : verb == JobVerb::stop ? "StopUnit"
                                                 : "RestartUnit";
    std::string what = "cannot " + std::string(to_string(verb)) + ' ' + unit;
    state_->call(what, kManagerPath, kManagerInterface, method, strings({unit, "fail"}),
                 [what, reply = std::move(reply)](Result<sd_bus_message*> message) {
                     if (!message) return reply(tl::unexpected<Error>(message.error()));
                     const char* path = nullptr;
                     if (int r = sd_bus_message_read(*message, "o", &path); r < 0)
                         return reply(fail_errno(what, -r));
                     std::string_view text = path;
                     text.remove_prefix(std::min(text.size(), std::string_view(kJobPrefix).size()));
                     reply(static_cast<std::uint32_t>(std::strtoul(text.data(), nullptr, 10)));
                 });
}

void SystemdConnection::reset_failed(const std::string& unit, Reply<void> reply) {
    state_->call("cannot reset the failed state of " + unit, kManagerPath, kManagerInterface,
                 "ResetFailedUnit", strings({unit}),
                 [reply = std::move(reply)](Result<sd_bus_message*> m) {
                     if (!m) return reply(tl::unexpected<Error>(m.error()));
                     reply({});
                 });
}

void SystemdConnection::signal_main(const std::string& unit, int signal, Reply<void> reply) {
    state_->call(
        "cannot signal " + unit, kManagerPath, kManagerInterface, "KillUnit",
        [&](sd_bus_message* message) {
            return sd_bus_message_append(message, "ssi", unit.c_str(), "main", signal);
        },
        [reply = std::move(reply)](Result<sd_bus_message*> m) {
            if (!m) return reply(tl::unexpected<Error>(m.error()));
            reply({});
        });
}

} // namespace lakebed
