#include <iostream>

#include <fmt/format.h>

#include "cli/commands/commands.h"
#include "cli/planning.h"
#include "cli/stack_status.h"
#include "sys/files.h"
#include "sys/systemd_manager.h"

namespace lakebed {
namespace {

void list_jobs(Context& context, const ServiceGraph& graph, const StackStatus& status) {
    TextTable table{{"job", "state", "reason"}, {}, {}};
    Array rows;
    for (const ServiceStatus& service : status.services) {
        const GraphNode* node = find_node(graph, service.unit);
        if (!node || node->kind != NodeKind::job) continue;
        table.rows.push_back({service.name, state_words(service), reason_words(service)});
        rows.emplace_back(status_row(service, node));
    }
    set(context.document, "jobs", std::move(rows));
    context.print(format_table(table));
}

Result<void> confirm(const Context& context, const std::string& job) {
    if (context.globals.yes) return {};
    if (!context.io.can_ask)
        return fail(Errc::refused, "nothing has been changed",
                    fmt::format("without a terminal, say lakebed init --recreate {} --yes", job));
    *context.io.err << fmt::format(
                           "{} will make anew, and empty, what it had made and what is gone now.\n"
                           "Is it on a volume that is only not mounted? Then mount that instead.\n"
                           "Type the job's name to go on: ",
                           job)
                    << std::flush;
    std::string answer;
    std::getline(std::cin, answer);
    if (answer == job) return {};
    return fail(Errc::refused, "nothing has been changed");
}

Result<void> recreate(Context& context, const ServiceGraph& graph, const std::string& name) {
    TRY(require_root(context));
    const GraphNode* node = TRY(select_services(graph, {name})).front();
    if (node->kind != NodeKind::job)
        return fail(Errc::usage, fmt::format("\"{}\" is a service, not an init job", name),
                    "lakebed init lists the jobs");
    TRY(confirm(context, node->name));
    std::string record = fmt::format("{}/init/{}", context.paths.state, node->name);
    if (TRY(list_directory(record)).empty())
        return fail(Errc::not_found, fmt::format("{} has not made anything yet", node->name),
                    fmt::format("lakebed start {} runs it", node->name));
    // lakebed-init takes the token once: a text that it has not seen is what counts.
    auto now = std::chrono::system_clock::now().time_since_epoch();
    std::string token = fmt::format("{}\n", std::chrono::nanoseconds(now).count());
    TRY(write_file_durably(record + "/recreate", token));
    auto manager = TRY(SystemdManager::connect());
    TRY(manager.restart_unit(node->unit,
                             context.globals.timeout.value_or(std::chrono::minutes(10))));
    set(context.document, "recreated", node->name);
    context.print(fmt::format("{} has run\n", node->name));
    return {};
}

Result<int> run_init(Context& context) {
    TRY(require_running_system(context));
    auto graph = TRY(read_current_graph(context));
    if (auto name = context.option("--recreate"))
        TRY(recreate(context, graph, *name));
    else
        list_jobs(context, graph, TRY(read_status(graph)));
    return 0;
}

} // namespace

Command init_command() {
    return {
        .name = "init",
        .summary = "list the init jobs, or let one make anew what is gone",
        .description =
            "Init jobs make what is missing at the first start (database cluster, roles, buckets, "
            "schema) and delete nothing. What a job has made once and is gone since, it refuses "
            "to make again, for that is a volume that is not mounted or data that is lost. "
            "--recreate lets it do so, once; it asks for the job's name or wants --yes.",
        .options = {{"--recreate", "JOB", "let the job make it again, empty"}},
        .examples = {"lakebed init", "lakebed init --recreate init-buckets"},
        .run = run_init};
}

} // namespace lakebed
