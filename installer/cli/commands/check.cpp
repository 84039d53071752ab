#include "cli/commands/commands.h"
#include "cli/planning.h"

namespace lakebed {
namespace {

Result<int> run_check(Context& context) {
    set(context.document, "ok", false);
    auto planned = TRY(plan_for_host(context));
    TRY(require_fit_host(context, planned));
    set(context.document, "ok", true);
    context.print("configuration and host are fit\n");
    return 0;
}

} // namespace

Command check_command() {
    return {.name = "check",
            .summary = "look for what would keep the stack from running here",
            .description =
                "Reads the configuration and the host, changes nothing, and reports every "
                "problem: mistakes with file, line and column, ports held by others, too "
                "little disk or memory, artifacts that the depot lacks.",
            .examples = {"lakebed check", "lakebed check --json"},
            .run = run_check};
}

} // namespace lakebed
