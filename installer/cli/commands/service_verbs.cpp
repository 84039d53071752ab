#include <fmt/format.h>

#include "cli/commands/commands.h"
#include "cli/planning.h"
#include "cli/stack_status.h"
#include "client/client.h"
#include "sys/systemd_manager.h"

namespace lakebed {
namespace {

using ManagerVerb = Result<void> (SystemdManager::*)(const std::string&, Duration);
using ClientVerb = Result<void> (Client::*)(const std::string&);

Duration timeout_of(const Context& context) {
    return context.globals.timeout.value_or(std::chrono::minutes(10));
}

// start, stop and restart are systemctl's own: no hidden state, and lakebedd sees them as what they
// are, an operator's decision.
Result<int> by_systemd(Context& context, ManagerVerb verb, std::string_view done) {
    TRY(require_running_system(context));
    TRY(require_root(context));
    auto graph = TRY(read_current_graph(context));
    auto nodes = TRY(select_services(graph, context.arguments));
    auto manager = TRY(SystemdManager::connect());
    for (const GraphNode* node : nodes) {
        TRY((manager.*verb)(node->unit, timeout_of(context)));
        context.print(fmt::format("{} {}\n", node->name, done));
    }
    set(context.document, "ok", true);
    return 0;
}

Result<int> by_lakebedd(Context& context, ClientVerb verb, std::string_view done) {
    TRY(require_running_system(context));
    auto graph = TRY(read_current_graph(context));
    auto nodes = TRY(select_services(graph, context.arguments));
    auto client = TRY(Client::connect());
    for (const GraphNode* node : nodes) {
        TRY((client.*verb)(node->name));
        context.print(fmt::format("{} {}\n", node->name, done));
    }
    set(context.document, "ok", true);
    return 0;
}

// What starts into a full disk may never start again; lakebedd would have it wait as well.
Result<void> refuse_without_guard(const Context& context) {
    auto graph = TRY(read_current_graph(context));
    auto status = TRY(read_status(graph));
    for (const GraphNode* node : TRY(select_services(graph, context.arguments)))
        if (const ServiceStatus* guard = missing_guard(status, *node))
            return fail(fmt::format("{} is not started: {}", node->name, guard->sentence),
                        fmt::format("lakebedd starts it by itself once that is over; to start it "
                                    "all the same: systemctl start {}",
                                    node->unit));
    return {};
}

Result<int> run_start(Context& context) {
    TRY(require_running_system(context));
    TRY(refuse_without_guard(context));
    return by_systemd(context, &SystemdManager::start_unit, "is ready");
}
Result<int> run_stop(Context& context) {
    return by_systemd(context, &SystemdManager::stop_unit, "is stopped");
}
Result<int> run_restart(Context& context) {
    return by_systemd(context, &SystemdManager::restart_unit, "is ready again");
}
Result<int> run_hold(Context& context) {
    return by_lakebedd(context, &Client::hold, "is held");
}
Result<int> run_release(Context& context) {
    return by_lakebedd(context, &Client::release, "is released");
}

Command verb(std::string_view name, std::string_view summary, std::string_view description,
             std::string_view example, Result<int> (*run)(Context&)) {
    return {.name = name,
            .summary = summary,
            .arguments = "SERVICE...",
            .description = description,
            .examples = {example},
            .min_arguments = 1,
            .max_arguments = 100,
            .run = run};
}

} // namespace

Command start_command() {
    return verb("start", "start a service and wait until it is ready",
                "The same as `systemctl start` of its unit, but refused while a resource guard of "
                "it is not ready: its disk nearly full, its port taken by somebody else.",
                "lakebed start redis", run_start);
}
Command stop_command() {
    return verb("stop", "stop a service until it is started again or the machine reboots",
                "The same as `systemctl stop` of its unit: lakebedd leaves it stopped.",
                "lakebed stop redis", run_stop);
}
Command restart_command() {
    return verb("restart", "restart a service and wait until it is ready",
                "The same as `systemctl restart` of its unit.", "lakebed restart hive-metastore",
                run_restart);
}
Command hold_command() {
    return verb("hold", "stop a service and keep it stopped, also over a reboot",
                "For maintenance: lakebedd leaves it alone until `lakebed release`.",
                "lakebed hold postgres", run_hold);
}
Command release_command() {
    return verb("release", "end a hold", "lakebedd starts the service and looks after it again.",
                "lakebed release postgres", run_release);
}

} // namespace lakebed
