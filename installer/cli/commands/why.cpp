#include <algorithm>

#include <fmt/format.h>

#include "cli/commands/commands.h"
#include "cli/planning.h"
#include "cli/stack_status.h"
#include "cli/why.h"
#include "client/client.h"
#include "sys/incident_files.h"

namespace lakebed {
namespace {

constexpr int kNotReady = 3; // as of `status`
// A hang is saved before the kill, which may take its time; a crash a moment after it was seen.
constexpr std::uint64_t kEarlier = 180'000'000;

std::string incident_directory(const Context& context) {
    return context.paths.state + "/supervisor/incidents";
}

// What lakebedd saved of the failure; else what the journal still has of the last run.
std::optional<Evidence> read_evidence(const Context& context, const ServiceStatus& root) {
    if (!has_failed(root)) return {};
    const std::string directory = incident_directory(context);
    auto names = list_incidents(directory, root.name);
    if (names && !names->empty() &&
        parse_incident_name(names->front()).at + kEarlier >= root.cause_at) {
        Evidence evidence{fmt::format("{}/{}.log", directory, names->front()), {}};
        auto log = read_incident_log(directory, names->front());
        evidence.lines = log ? end_of_log(*log) : std::vector<std::string>{log.error().message};
        return evidence;
    }
    auto lines = read_last_lines(root.unit, root.invocation, kEndOfLog);
    if (!lines || lines->empty()) return {};
    return Evidence{"the journal", std::move(*lines)};
}

std::uint64_t wall_clock() {
    auto now = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::duration_cast<Duration>(now).count());
}

std::string ready_text(const Context& context, const ServiceStatus& service, std::uint64_t now) {
    std::string text = fmt::format("{} is {}\n", service.name, state_words(service));
    if (service.cause_at == 0 || service.cause == "none") return text;
    text +=
        fmt::format("  last      {}, {} ago: {}\n", service.cause,
                    short_duration(Duration(now > service.cause_at ? now - service.cause_at : 0)),
                    service.cause_detail);
    if (auto names = list_incidents(incident_directory(context), service.name);
        names && !names->empty())
        text += fmt::format("  evidence  {}/{}.log\n", incident_directory(context), names->front());
    return text;
}

// Nobody started the stack, or somebody stopped all of it: one thing to say, not one of each.
bool is_all_stopped(const std::vector<ServiceStatus>& services) {
    return std::all_of(services.begin(), services.end(), [](const ServiceStatus& service) {
        return service.state == "stopped" && !has_failed(service) && !service.hold;
    });
}

// What lakebedd complains of itself; empty when it is well or not there.
std::string own_problem() {
    auto client = Client::connect();
    if (!client) return {};
    auto info = client->info();
    return info ? info->problem : std::string();
}

Result<int> run_why(Context& context) {
    TRY(require_running_system(context));
    auto graph = TRY(read_graph_in_force(context));
    auto nodes = TRY(select_services(graph, context.arguments));
    auto status = TRY(read_status(graph));
    std::vector<std::string> asked;
    std::vector<ServiceStatus> chosen;
    for (const GraphNode* node : nodes) {
        if (!context.arguments.empty()) asked.push_back(node->name);
        for (const ServiceStatus& service : status.services)
            if (service.unit == node->unit) chosen.push_back(service);
    }
    const bool ready =
        chosen.size() == nodes.size() && std::all_of(chosen.begin(), chosen.end(), is_ready);
    const std::uint64_t now = wall_clock();
    Array rows;
    std::string text;
    for (Trouble& trouble : find_troubles(graph, status.services, asked)) {
        trouble.evidence = read_evidence(context, trouble.root);
        text += (text.empty() ? "" : "\n") + why_text(trouble, now);
        rows.emplace_back(why_row(trouble));
    }
    const std::string problem = status.from_lakebedd ? own_problem() : std::string();
    set(context.document, "ready", ready);
    set(context.document, "source", status.from_lakebedd ? "lakebedd" : "systemd");
    set(context.document, "problem", problem);
    set(context.document, "troubles", std::move(rows));

    if (ready && asked.empty())
        context.print(fmt::format("all {} services are ready\n", chosen.size()));
    for (const ServiceStatus& service : chosen)
        if (!asked.empty() && is_ready(service)) context.print(ready_text(context, service, now));
    if (!ready && is_all_stopped(chosen) && asked.empty())
        text = "the stack is stopped\n  to do     lakebed up, or systemctl start lakebed.target\n";
    context.print(text);
    if (!problem.empty()) context.print(fmt::format("lakebedd complains: {}\n", problem));
    if (!status.from_lakebedd)
        context.say("lakebedd is not running: this is what systemd knows; restarts follow its own "
                    "rules until lakebedd is back (systemctl start lakebedd)");
    return ready ? 0 : kNotReady;
}

} // namespace

Command why_command() {
    return {.name = "why",
            .summary = "why services are not ready: the root, its last words, what to do",
            .arguments = "[SERVICE...]",
            .description =
                "Without a service: of all that are not ready the roots, and who waits for each. "
                "Shows the path from the service to the root of its trouble, the failure, the last "
                "lines that were saved of it and where the rest lies. Exits with 0 when all that "
                "was asked for is ready, with 3 when not. Works without lakebedd too, from what "
                "systemd knows.",
            .examples = {"lakebed why", "lakebed why flink-jobmanager", "lakebed why --json"},
            .max_arguments = 100,
            .run = run_why};
}

} // namespace lakebed
