#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "cli/applying.h"
#include "cli/class_archives.h"
#include "cli/commands/commands.h"
#include "cli/stack_status.h"
#include "client/client.h"
#include "sys/systemd_manager.h"

namespace lakebed {
namespace {

constexpr Duration kDefaultTimeout = std::chrono::minutes(10);

// Only when nothing else stands in the way: no download before a problem that stops the apply.
Result<void> fetch_what_is_missing(Context& context) {
    auto planned = TRY(plan_for_host(context));
    auto missing = missing_artifacts(planned.loaded.stack, planned.inventory);
    auto errors = std::ranges::count(planned.host.all(), Severity::error, &Diagnostic::severity);
    if (missing.empty() || errors > 1) return {};
    return fetch_artifacts(context, planned.loaded.inputs.catalog, std::move(missing));
}

Result<int> run_up(Context& context) {
    TRY(require_running_system(context));
    TRY(require_root(context));
    auto begin = std::chrono::steady_clock::now();
    if (!context.has("--offline")) TRY(fetch_what_is_missing(context));
    int generation = TRY(apply_to_host(context));
    auto timeout = context.globals.timeout.value_or(kDefaultTimeout);
    auto manager = TRY(SystemdManager::connect());
    TRY(manager.start_unit("lakebed.target", timeout));
    // What an operator had stopped is to run again, also when the target was up already.
    if (auto client = Client::connect()) TRY(client->start(""));
    auto graph = TRY(read_current_graph(context));
    TRY(wait_until_ready(context, graph, {}, timeout));
    start_class_archives(context);
    auto took = std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - begin);
    set(context.document, "ready", true);
    set(context.document, "generation", std::int64_t{generation});
    set(context.document, "seconds", std::chrono::duration<double>(took).count());
    context.print(fmt::format("all {} services are ready after {}\n",
                              std::ranges::count_if(graph.nodes, std::not_fn(is_guard)),
                              short_duration(took)));
    return 0;
}

} // namespace

Command up_command() {
    return {.name = "up",
            .summary = "apply, start everything, and wait until it is ready",
            .description =
                "Check, fetch of what the depot lacks, apply, start of lakebed.target, and a live "
                "view of what waits for what until "
                "every service is ready, at most --timeout (default 10min). Ends early when a "
                "service cannot start as it is configured. Ctrl-C ends the wait, not the start.",
            .options = {{"--offline", "", "do not fetch what the depot lacks"}, kOverwriteEdited},
            .examples = {"lakebed up", "lakebed up --offline --depot /mnt/usb/depot"},
            .run = run_up};
}

} // namespace lakebed
