#include "driver/bus_service.h"

#include <set>
#include <utility>

#include <systemd/sd-bus.h>

#include "sys/bus.h"
#include "sys/journal.h"

namespace lakebed {
namespace {

constexpr Duration kRetry = std::chrono::seconds(5);

int reply_error(sd_bus_message* message, const Error& error, const char* general) {
    std::string text = error.message;
    if (!error.hint.empty()) text += "; " + error.hint;
    const char* name = error.code == Errc::not_found ? kNoSuchService : general;
    return sd_bus_reply_method_errorf(message, name, "%s", text.c_str());
}

} // namespace

struct BusService::State {
    EventLoop& loop;
    BusServiceHandlers handlers;
    BusPtr bus;
    EventSource retry;
    bool complained = false;
    SupervisorInfo told;        // by PropertiesChanged
    std::set<std::string> kept; // units

    void connect();
    void ask_who(sd_bus_message* command, Verb verb, const std::string& name);
    Result<void> open();
    void retry_later();
    void settle();
    void refer(const char* method, const std::string& unit) const;

    static State& from(void* userdata) { return *static_cast<State*>(userdata); }
    static int list(sd_bus_message* message, void* userdata, sd_bus_error*);
    static int command(sd_bus_message* message, void* userdata, sd_bus_error*);
    static int reload(sd_bus_message* message, void* userdata, sd_bus_error*);
    static int property(sd_bus*, const char*, const char*, const char* name, sd_bus_message* reply,
                        void* userdata, sd_bus_error*);
    static int on_name(sd_bus_message* message, void* userdata, sd_bus_error*);
    static int on_disconnected(sd_bus_message*, void* userdata, sd_bus_error*);
    static const sd_bus_vtable kTable[];
};

int BusService::State::list(sd_bus_message* message, void* userdata, sd_bus_error*) {
    sd_bus_message* raw = nullptr;
    int r = sd_bus_message_new_method_return(message, &raw);
    BusMessagePtr reply(raw);
    if (r >= 0) r = sd_bus_message_open_container(raw, 'a', kServiceList + 1);
    for (const ServiceStatus& service : from(userdata).handlers.services())
        if (r >= 0) r = append_service(raw, service);
    if (r >= 0) r = sd_bus_message_close_container(raw);
    return r < 0 ? r : sd_bus_send(nullptr, raw, nullptr);
}

int BusService::State::command(sd_bus_message* message, void* userdata, sd_bus_error*) {
    const char* name = nullptr;
    int r = sd_bus_message_read(message, "s", &name);
    if (r < 0) return r;
    std::string_view member = sd_bus_message_get_member(message);
    Verb verb = member == "Start"     ? Verb::start
                : member == "Stop"    ? Verb::stop
                : member == "Restart" ? Verb::restart
                : member == "Hold"    ? Verb::hold
                                      : Verb::release;
    State& state = from(userdata);
    if (Result<void> done = state.handlers.command(verb, name); !done)
        return reply_error(message, done.error(), SD_BUS_ERROR_FAILED);
    state.ask_who(message, verb, name);
    return sd_bus_reply_method_return(message, "");
}

namespace {

struct Order {
    std::function<void(Verb, const std::string&, const std::string&)> tell;
    Verb verb = Verb::start;
    std::string name;
};

int on_who(sd_bus_message* reply, void* userdata, sd_bus_error*) {
    const auto& order = *static_cast<Order*>(userdata);
    std::uint32_t uid = 0;
    std::string who = "somebody";
    if (sd_bus_message_get_error(reply) == nullptr && sd_bus_message_read(reply, "u", &uid) >= 0)
        who = uid == 0 ? "root" : "uid " + std::to_string(uid);
    order.tell(order.verb, order.name, who);
    return 0;
}

void drop_order(void* order) {
    delete static_cast<Order*>(order);
}

} // namespace

// The order does not wait for the answer.
void BusService::State::ask_who(sd_bus_message* command, Verb verb, const std::string& name) {
    auto order = std::make_unique<Order>(Order{handlers.ordered, verb, name});
    sd_bus_slot* slot = nullptr;
    int r = sd_bus_call_method_async(sd_bus_message_get_bus(command), &slot, "org.freedesktop.DBus",
                                     "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                     "GetConnectionUnixUser", on_who, order.get(), "s",
                                     sd_bus_message_get_sender(command));
    if (r < 0) return order->tell(verb, name, "somebody");
    sd_bus_slot_set_destroy_callback(slot, drop_order);
    (void)order.release(); // the slot's
    sd_bus_slot_set_floating(slot, 1);
    sd_bus_slot_unref(slot);
}

int BusService::State::reload(sd_bus_message* message, void* userdata, sd_bus_error*) {
    if (Result<void> done = from(userdata).handlers.reload(); !done)
        return reply_error(message, done.error(), kBadGraph);
    return sd_bus_reply_method_return(message, "");
}

int BusService::State::property(sd_bus*, const char*, const char*, const char* name,
                                sd_bus_message* reply, void* userdata, sd_bus_error*) {
    SupervisorInfo info = from(userdata).handlers.info();
    std::string_view property = name;
    if (property == "Site") return sd_bus_message_append(reply, "s", info.site.c_str());
    if (property == "SiteId") return sd_bus_message_append(reply, "s", info.site_id.c_str());
    if (property == "Version") return sd_bus_message_append(reply, "s", info.version.c_str());
    if (property == "Problem") return sd_bus_message_append(reply, "s", info.problem.c_str());
    if (property == "Generation") return sd_bus_message_append(reply, "u", info.generation);
    bool value = property == "Ready" ? info.ready : info.target_active;
    return sd_bus_message_append(reply, "b", value ? 1 : 0);
}

// Who may call what is the bus policy's business (io.lakebed.Supervisor1.conf), hence UNPRIVILEGED.
const sd_bus_vtable BusService::State::kTable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD_WITH_NAMES("ListServices", nullptr, , kServiceList, SD_BUS_PARAM(services), list,
                             SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_NAMES("Start", "s", SD_BUS_PARAM(service), nullptr, , command,
                             SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_NAMES("Stop", "s", SD_BUS_PARAM(service), nullptr, , command,
                             SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_NAMES("Restart", "s", SD_BUS_PARAM(service), nullptr, , command,
                             SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_NAMES("Hold", "s", SD_BUS_PARAM(service), nullptr, , command,
                             SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_NAMES("Release", "s", SD_BUS_PARAM(service), nullptr, , command,
                             SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("Reload", nullptr, nullptr, reload, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_PROPERTY("Site", "s", property, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("SiteId", "s", property, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("Generation", "u", property, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("Version", "s", property, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_PROPERTY("TargetActive", "b", property, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("Ready", "b", property, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("Problem", "s", property, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_SIGNAL_WITH_NAMES("ServiceChanged", "ss", SD_BUS_PARAM(service) SD_BUS_PARAM(state), 0),
    SD_BUS_SIGNAL_WITH_NAMES(
        "IncidentSeen", "ssss",
        SD_BUS_PARAM(service) SD_BUS_PARAM(cause) SD_BUS_PARAM(detail) SD_BUS_PARAM(evidence), 0),
    SD_BUS_VTABLE_END,
};

int BusService::State::on_name(sd_bus_message* message, void* userdata, sd_bus_error*) {
    State& state = from(userdata);
    if (const sd_bus_error* error = sd_bus_message_get_error(message)) {
        log_event(LogLevel::warning, std::string("cannot own ") + kSupervisorName +
                                         " on the system bus: " + error->message +
                                         "; lakebed cannot reach lakebedd");
        state.complained = true;
        state.retry_later();
        return 0;
    }
    if (state.complained) log_event(LogLevel::notice, "serving on the system bus again");
    state.complained = false;
    state.settle();
    return 0;
}

int BusService::State::on_disconnected(sd_bus_message*, void* userdata, sd_bus_error*) {
    State& state = from(userdata);
    if (!state.complained)
        log_event(LogLevel::warning, "the system bus is gone; supervision goes on");
    state.complained = true;
    state.retry_later();
    return 0;
}

void BusService::State::settle() {
    if (auto tell = std::exchange(handlers.settled, nullptr)) tell();
}

void BusService::State::retry_later() {
    settle();
    // Dropping the connection waits for the timer: we may be called from one of its handlers.
    if (Result<EventSource> timer = loop.after(kRetry, std::chrono::seconds(1), [this] {
            bus.reset();
            connect();
        }))
        retry = std::move(*timer);
}

void BusService::State::connect() {
    if (Result<void> opened = open(); !opened) {
        if (!complained)
            log_event(LogLevel::warning, opened.error().message + "; supervision goes on");
        complained = true;
        retry_later();
    }
}

Result<void> BusService::State::open() {
    BusPtr opened = TRY(open_system_bus());
    sd_bus* raw = opened.get();
    int r = sd_bus_attach_event(raw, loop.get(), 0);
    if (r >= 0)
        r = sd_bus_match_signal_async(raw, nullptr, nullptr, "/org/freedesktop/DBus/Local",
                                      "org.freedesktop.DBus.Local", "Disconnected", on_disconnected,
                                      nullptr, this);
    if (r >= 0)
        r = sd_bus_add_object_vtable(raw, nullptr, kSupervisorPath, kSupervisorName, kTable, this);
    if (r >= 0) r = sd_bus_request_name_async(raw, nullptr, kSupervisorName, 0, on_name, this);
    if (r < 0) return fail_errno("cannot serve on the system bus", -r);
    bus = std::move(opened);
    for (const std::string& unit : kept) refer("RefUnit", unit);
    return {};
}

// Nothing hangs on the answer.
void BusService::State::refer(const char* method, const std::string& unit) const {
    if (bus == nullptr) return;
    (void)sd_bus_call_method_async(bus.get(), nullptr, kSystemdName, kManagerPath,
                                   kManagerInterface, method, nullptr, nullptr, "s", unit.c_str());
}

BusService::BusService(EventLoop& loop, BusServiceHandlers handlers)
    : state_(new State{loop, std::move(handlers), {}, {}, false, {}, {}}) {
    state_->connect();
}

BusService::~BusService() = default;

void BusService::keep_loaded(const std::set<std::string>& units) {
    for (const std::string& unit : units)
        if (!state_->kept.contains(unit)) state_->refer("RefUnit", unit);
    for (const std::string& unit : state_->kept)
        if (!units.contains(unit)) state_->refer("UnrefUnit", unit);
    state_->kept = units;
}

void BusService::service_changed(const std::string& name, std::string_view state) {
    if (state_->bus == nullptr) return;
    // Nobody hears it while the bus is not up yet; clients ask again anyway.
    (void)sd_bus_emit_signal(state_->bus.get(), kSupervisorPath, kSupervisorName, "ServiceChanged",
                             "ss", name.c_str(), std::string(state).c_str());
}

void BusService::incident_seen(const IncidentRecord& record, const std::string& evidence) {
    if (state_->bus == nullptr) return;
    (void)sd_bus_emit_signal(state_->bus.get(), kSupervisorPath, kSupervisorName, "IncidentSeen",
                             "ssss", record.service.c_str(), record.cause.c_str(),
                             record.detail.c_str(), evidence.c_str());
}

void BusService::changed() {
    SupervisorInfo now = state_->handlers.info();
    const SupervisorInfo& told = state_->told;
    std::vector<char*> names;
    auto compare = [&](const char* name, bool same) {
        if (!same) names.push_back(const_cast<char*>(name)); // the C signature lacks the const
    };
    compare("Site", now.site == told.site);
    compare("SiteId", now.site_id == told.site_id);
    compare("Generation", now.generation == told.generation);
    compare("TargetActive", now.target_active == told.target_active);
    compare("Ready", now.ready == told.ready);
    compare("Problem", now.problem == told.problem);
    state_->told = std::move(now);
    if (names.empty() || state_->bus == nullptr) return;
    names.push_back(nullptr);
    (void)sd_bus_emit_properties_changed_strv(state_->bus.get(), kSupervisorPath, kSupervisorName,
                                              names.data());
}

} // namespace lakebed
