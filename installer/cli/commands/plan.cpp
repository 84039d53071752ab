#include "cli/commands/commands.h"
#include "cli/planning.h"

namespace lakebed {
namespace {

constexpr int kChangesPending = 4;

Result<int> run_plan(Context& context) {
    auto planned = TRY(plan_for_host(context));
    context.document = plan_document(planned.loaded.stack, planned.plan);
    context.print(describe_plan(planned.loaded.stack, planned.plan));
    TRY(require_fit_host(context, planned));
    return context.has("--detailed-exitcode") && !is_empty(planned.plan) ? kChangesPending : 0;
}

} // namespace

Command plan_command() {
    return {.name = "plan",
            .summary = "show exactly what apply would do",
            .description =
                "Prints the steps in their order (programs, files, units, restarts), what "
                "each service gets of the memory, ports, the most disk space needed, files "
                "edited by hand, and the host's problems. Changes nothing.",
            .options = {{"--detailed-exitcode", "", "exit with 4 when there is something to do"},
                        kOverwriteEdited},
            .examples = {"lakebed plan", "lakebed plan --json --detailed-exitcode"},
            .run = run_plan};
}

} // namespace lakebed
