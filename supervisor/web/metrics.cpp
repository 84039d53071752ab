#include "web/metrics.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "web/escape.h"

namespace lakebed {
namespace {

constexpr std::string_view kStates[] = {"waiting",     "held",      "starting",
                                        "ready",       "degraded",  "restarting",
                                        "backing_off", "slow_lane", "stopped_by_operator",
                                        "stopping",    "stopped"};

using Labels = std::vector<std::pair<std::string_view, std::string_view>>;

struct Text {
    std::string out;
    std::string name;

    void family(std::string_view family_name, std::string_view type, std::string_view help) {
        name = family_name;
        out += fmt::format("# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help);
    }
    void sample(const Labels& labels, double value, std::string_view suffix = "") {
        out += name;
        out += suffix;
        for (std::size_t i = 0; i < labels.size(); ++i)
            out += fmt::format("{}{}=\"{}\"", i == 0 ? "{" : ",", labels[i].first,
                               escape_label(labels[i].second));
        out += fmt::format("{} {}\n", labels.empty() ? "" : "}", value);
    }
    void single(std::string_view family_name, std::string_view help, double value) {
        family(family_name, "gauge", help);
        sample({}, value);
    }
};

double seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

double seconds_between(std::uint64_t from, std::uint64_t to) {
    return to > from ? static_cast<double>(to - from) / 1e6 : 0.0;
}

void add_services(Text& text, const StackView& view, const RestartCounts& restarts) {
    text.family("lakebed_service_state", "gauge", "1 for the state that the service is in");
    for (const ServiceStatus& service : view.services)
        for (std::string_view state : kStates)
            text.sample({{"service", service.name}, {"state", state}}, service.state == state);
    text.family("lakebed_service_ready_seconds", "gauge",
                "For how long the service has been ready; 0 while it is not");
    for (const ServiceStatus& service : view.services)
        text.sample({{"service", service.name}},
                    service.state == "ready" ? seconds_between(service.since, view.now) : 0.0);
    text.family("lakebed_service_restarts_total", "counter",
                "Restarts by lakebedd since it was started, by cause; none: of a running service");
    for (const ServiceStatus& service : view.services) {
        auto counted = restarts.find(service.name);
        bool has_any = counted != restarts.end() && !counted->second.by_cause.empty();
        if (!has_any) text.sample({{"service", service.name}, {"cause", "none"}}, 0);
        if (!has_any) continue;
        for (const auto& [cause, count] : counted->second.by_cause)
            text.sample({{"service", service.name}, {"cause", cause}}, static_cast<double>(count));
    }
    text.family("lakebed_service_backoff_seconds", "gauge",
                "Time until the next try; 0 when none is planned");
    for (const ServiceStatus& service : view.services)
        text.sample({{"service", service.name}}, seconds_between(view.now, service.retry_at));
    text.family("lakebed_service_last_incident_timestamp_seconds", "gauge",
                "When the service last failed, and of what");
    for (const ServiceStatus& service : view.services)
        if (service.cause_at != 0)
            text.sample({{"service", service.name}, {"cause", service.cause}},
                        static_cast<double>(service.cause_at) / 1e6);
    text.family("lakebed_service_failures", "gauge", "Failures in a row; 0 after a good run");
    for (const ServiceStatus& service : view.services)
        text.sample({{"service", service.name}}, service.failures);
    text.family("lakebed_service_restart_budget", "gauge",
                "Restarts after a failure that the service may have before it gets the slow lane");
    for (const ServiceStatus& service : view.services)
        text.sample({{"service", service.name}}, service.budget);
    text.family("lakebed_service_restart_budget_spent", "gauge", "How many of them it has had");
    for (const ServiceStatus& service : view.services)
        text.sample({{"service", service.name}}, service.spent);
    text.family("lakebed_service_held", "gauge", "1 while an operator holds the service");
    for (const ServiceStatus& service : view.services)
        text.sample({{"service", service.name}}, service.hold);
}

template <class Value>
void add_probe_family(Text& text, const StackView& view, std::string_view name,
                      std::string_view type, std::string_view help, Value value,
                      std::string_view suffix = "") {
    if (!name.empty()) text.family(name, type, help);
    for (const ServiceStatus& service : view.services)
        for (bool liveness : {false, true})
            if (auto found = view.probes->find({service.unit, liveness});
                found != view.probes->end())
                text.sample(
                    {{"service", service.name}, {"probe", liveness ? "liveness" : "readiness"}},
                    value(found->second), suffix);
}

void add_probes(Text& text, const StackView& view) {
    if (view.probes == nullptr) return;
    add_probe_family(
        text, view, "lakebed_probe_seconds", "summary", "How long the probes by lakebedd took",
        [](const ProbeTime& time) { return seconds(time.sum); }, "_sum");
    add_probe_family(
        text, view, "", "", "",
        [](const ProbeTime& time) { return static_cast<double>(time.count); }, "_count");
    add_probe_family(text, view, "lakebed_probe_last_seconds", "gauge",
                     "How long the last one took",
                     [](const ProbeTime& time) { return seconds(time.last); });
    add_probe_family(text, view, "lakebed_probe_failures_total", "counter",
                     "How many were not answered as they should",
                     [](const ProbeTime& time) { return static_cast<double>(time.failures); });
}

void add_guards(Text& text, const StackView& view) {
    text.family(
        "lakebed_guard_ready", "gauge",
        "1 while the resource guard is ready: room on a disk, a free port, a clock that can "
        "be right");
    for (const ServiceStatus& guard : view.guards)
        text.sample({{"guard", guard.name}}, guard.state == "ready");
}

void add_startup(Text& text, const StartupReport& report) {
    text.family("lakebed_startup_seconds", "gauge",
                "Last start of the stack: from when the service's needs were ready to its start "
                "(wait), from there to ready (own), and how much later it could have been (slack)");
    for (const ServiceStart& service : report.services) {
        text.sample({{"service", service.name}, {"phase", "wait"}}, seconds(service.wait));
        text.sample({{"service", service.name}, {"phase", "own"}}, seconds(service.own));
        text.sample({{"service", service.name}, {"phase", "slack"}}, seconds(service.slack));
    }
    text.single("lakebed_startup_total_seconds",
                "Last start of the stack, from the first that was queued to the last ready",
                seconds(report.total));
    text.single("lakebed_startup_ideal_seconds", "The same with nothing lost between services",
                seconds(report.ideal));
}

void add_lakebedd(Text& text, const StackView& view, const Gauges& gauges) {
    text.single("lakebed_ready", "1 when every service is ready and every job done",
                view.info.ready);
    text.single("lakebed_target_active", "1 while lakebed.target is up", view.info.target_active);
    text.single("lakebed_generation", "Generation that is supervised", view.info.generation);
    text.single("lakebed_problem",
                "1 while lakebedd itself complains; the status page says of what",
                !view.info.problem.empty());
    text.single("lakebed_stack_restart_budget",
                "Restarts after failures that all services together may have before each further "
                "one takes the slow lane",
                view.info.budget);
    text.single("lakebed_stack_restart_budget_spent", "How many of them they have had",
                view.info.spent);
    text.family("lakebed_info", "gauge", "What is supervised, by which version");
    text.sample({{"site", view.info.site}, {"version", view.info.version}}, 1);
    text.single("lakebed_event_streams", "Clients that follow the stream of events",
                static_cast<double>(gauges.streams));

    text.family("lakebed_loop_turn_seconds", "histogram",
                "How long one handler kept the event loop of lakebedd busy");
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < TurnTimes::kBounds.size(); ++i) {
        count += gauges.turns.counts[i];
        text.sample({{"le", fmt::format("{}", TurnTimes::kBounds[i])}}, static_cast<double>(count),
                    "_bucket");
    }
    count += gauges.turns.counts.back();
    text.sample({{"le", "+Inf"}}, static_cast<double>(count), "_bucket");
    text.sample({}, gauges.turns.sum, "_sum");
    text.sample({}, static_cast<double>(count), "_count");
    text.single("lakebed_loop_turn_max_seconds", "The longest of them", gauges.turns.max);

    text.family("process_cpu_seconds_total", "counter", "Processor time of lakebedd");
    text.sample({}, gauges.process.cpu_seconds);
    text.single("process_resident_memory_bytes", "Resident memory of lakebedd",
                gauges.process.resident_bytes);
    text.single("process_start_time_seconds", "When lakebedd was started",
                gauges.process.start_time);
}

} // namespace

std::string render_metrics(const StackView& view, const Gauges& gauges) {
    Text text;
    add_services(text, view, gauges.restarts);
    add_probes(text, view);
    add_guards(text, view);
    add_startup(text, view.startup);
    add_lakebedd(text, view, gauges);
    return std::move(text.out);
}

} // namespace lakebed
