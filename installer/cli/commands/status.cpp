#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/commands/commands.h"
#include "cli/planning.h"
#include "cli/stack_status.h"

namespace lakebed {
namespace {

constexpr int kNotRunning = 3; // as the LSB has it for `status`

std::string age(std::uint64_t since) {
    if (since == 0) return "";
    auto now =
        std::chrono::duration_cast<Duration>(std::chrono::system_clock::now().time_since_epoch());
    return short_duration(std::max(Duration(0), now - Duration(since)));
}

std::string table_of(const Context& context, const ServiceGraph& graph,
                     const std::vector<ServiceStatus>& services) {
    TextTable table{{"service", "state", "for", "restarts", "address", "reason"},
                    {},
                    {false, false, true, true}};
    for (const ServiceStatus& service : services) {
        const GraphNode* node = find_node(graph, service.unit);
        table.rows.push_back({service.name, state_words(service), age(service.since),
                              std::to_string(service.restarts + service.systemd_restarts),
                              node ? fmt::format("{}", fmt::join(node->addresses, " ")) : "",
                              reason_words(service)});
    }
    std::string text = format_table(table);
    if (!context.io.out_color) return text;
    // The state is painted after the columns have been laid out.
    std::string painted;
    std::size_t row = 0;
    for (std::size_t begin = 0; begin < text.size(); ++row) {
        std::size_t end = text.find('\n', begin) + 1;
        std::string line = text.substr(begin, end - begin);
        if (row > 0) {
            const ServiceStatus& service = services[row - 1];
            std::string words = state_words(service);
            if (auto at = line.find("  " + words); at != line.npos)
                line.replace(at + 2, words.size(), paint(words, state_color(service), true));
        }
        painted += line;
        begin = end;
    }
    return painted;
}

Result<int> run_status(Context& context) {
    TRY(require_running_system(context));
    auto graph = TRY(read_current_graph(context));
    auto nodes = TRY(select_services(graph, context.arguments));
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
    Array rows;
    for (const ServiceStatus& service : chosen)
        rows.emplace_back(status_row(service, find_node(graph, service.unit)));
    set(context.document, "services", std::move(rows));

    context.print(table_of(context, graph, chosen));
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
                "lakebedd too, from what systemd knows.",
            .examples = {"lakebed status", "lakebed status postgres --json"},
            .max_arguments = 100,
            .run = run_status};
}

} // namespace lakebed
