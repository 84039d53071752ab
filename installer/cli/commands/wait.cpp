#include "cli/commands/commands.h"
#include "cli/planning.h"
#include "cli/stack_status.h"

namespace lakebed {
namespace {

Result<int> run_wait(Context& context) {
    TRY(require_running_system(context));
    auto graph = TRY(read_current_graph(context));
    TRY(wait_until_ready(context, graph, context.arguments,
                         context.globals.timeout.value_or(std::chrono::minutes(10))));
    set(context.document, "ready", true);
    return 0;
}

} // namespace

Command wait_command() {
    return {.name = "wait",
            .summary = "wait until services are ready",
            .arguments = "[SERVICE...]",
            .description =
                "Waits for the named services, or for all. Starts nothing. After --timeout "
                "(default 10min) it ends with 75 and the reason of each that is not ready.",
            .examples = {"lakebed wait", "lakebed wait postgres redis --timeout 90s"},
            .max_arguments = 100,
            .run = run_wait};
}

} // namespace lakebed
