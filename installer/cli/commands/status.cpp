#include <algorithm>

#include <fmt/format.h>

#include "cli/commands/commands.h"
#include "cli/planning.h"
#include "cli/stack_status.h"
#include "cli/startup.h"
#include "cli/status_table.h"
#include "cli/status_watch.h"

namespace lakebed {
namespace {

constexpr int kNotRunning = 3; // as the LSB has it for `status`

Result<int> show_startup(Context& context, const ServiceGraph& graph, const StackStatus& status,
                         bool ready) {
    if (!context.arguments.empty())
        return fail(Errc::usage, "--startup is of the whole stack: it takes no service");
    if (!status.from_lakebedd)
        return fail("lakebedd is not running, and only it knows when each service was started",
                    "systemctl start lakebedd; the services go on running");
    StartupReport report = make_startup_report(graph, start_spans(status.services));
    if (report.services.empty())
        return fail("no service has been ready yet", "lakebed status says what each waits for");
    for (Member& member : startup_document(report))
        set(context.document, member.key, std::move(member.value));
    context.print(startup_text(report, context.io.width));
    return ready ? 0 : kNotRunning;
}

// Takes from `names` those of services that the site leaves out; no names: all of them.
std::vector<const NotConfigured*> take_not_configured(const ServiceGraph& graph,
                                                      std::vector<std::string>& names) {
    const bool all = names.empty();
    std::vector<const NotConfigured*> taken;
    for (const NotConfigured& service : graph.not_configured)
        if (std::erase(names, service.name) > 0 || all) taken.push_back(&service);
    return taken;
}

Array not_configured_rows(const std::vector<const NotConfigured*>& services) {
    Array rows;
    for (const NotConfigured* service : services) {
        Table row;
        set(row, "name", service->name);
        set(row, "title", service->title);
        set(row, "reason", service->reason);
        rows.emplace_back(std::move(row));
    }
    return rows;
}

Result<int> run_status(Context& context) {
    TRY(require_running_system(context));
    auto graph = TRY(read_graph_in_force(context));
    auto names = context.arguments;
    auto left_out = take_not_configured(graph, names);
    std::vector<const GraphNode*> nodes;
    if (!names.empty() || context.arguments.empty()) nodes = TRY(select_services(graph, names));
    auto status = TRY(read_status(graph));
    std::vector<ServiceStatus> chosen;
    for (const GraphNode* node : nodes)
        for (const ServiceStatus& service : status.services)
            if (service.unit == node->unit) chosen.push_back(service);
    bool ready =
        chosen.size() == nodes.size() && std::all_of(chosen.begin(), chosen.end(), is_ready);

    set(context.document, "site", graph.site);
    set(context.document, "generation", std::int64_t{graph.generation});
    set(context.document, "ready", ready);
    set(context.document, "source", status.from_lakebedd ? "lakebedd" : "systemd");
    if (context.has("--startup")) return show_startup(context, graph, status, ready);
    if (context.has("--watch")) return watch_status(context, graph, nodes, left_out);
    Array rows;
    for (const ServiceStatus& service : chosen)
        rows.emplace_back(status_row(service, find_node(graph, service.unit)));
    set(context.document, "services", std::move(rows));
    set(context.document, "not_configured", not_configured_rows(left_out));

    Array guards;
    for (const ServiceStatus& guard : status.guards) guards.emplace_back(guard_row(guard));
    set(context.document, "guards", std::move(guards));

    context.print(status_table(graph, chosen, left_out, context.io.out_color));
    for (const ServiceStatus& guard : status.guards)
        if (std::string line = guard_line(guard); !line.empty() && context.arguments.empty())
            context.print(fmt::format("{}: {}\n", guard.name, line));
    if (!status.from_lakebedd)
        context.say("lakebedd is not running: this is what systemd knows; restarts follow its own "
                    "rules until lakebedd is back (systemctl start lakebedd)");
    return ready ? 0 : kNotRunning;
}

} // namespace

Command status_command() {
    return {.name = "status",
            .summary = "how each service is, and why",
            .arguments = "[SERVICE...]",
            .description =
                "Exits with 0 when all services are ready, with 3 when not. Works without "
                "lakebedd too, from what systemd knows. Below the services it tells of each "
                "resource guard that is not ready: a disk nearly full, a port taken by somebody "
                "else, a clock that cannot be right. With --startup it shows where the time of "
                "the last start went: each service from its start to ready, the chain of needs "
                "that decided when the stack was ready, how much later each other service could "
                "have been, and the time that a start with nothing lost in between would take.",
            .options = {{"--startup", "", "the times of the last start instead"},
                        {"--watch", "",
                         "go on showing it: drawn again at each change on a terminal, else a line "
                         "for each change; Ctrl-C ends it"}},
            .examples = {"lakebed status", "lakebed status postgres --json",
                         "lakebed status --startup", "lakebed status --watch"},
            .max_arguments = 100,
            .run = run_status};
}

} // namespace lakebed
