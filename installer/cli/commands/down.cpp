#include "cli/commands/commands.h"
#include "cli/planning.h"
#include "sys/systemd_manager.h"

namespace lakebed {
namespace {

Result<int> run_down(Context& context) {
    TRY(require_running_system(context));
    TRY(require_root(context));
    auto begin = std::chrono::steady_clock::now();
    auto manager = TRY(SystemdManager::connect());
    // Every unit is PartOf= the target, so the job ends when all of them are down.
    TRY(manager.stop_unit("lakebed.target",
                          context.globals.timeout.value_or(std::chrono::minutes(10))));
    auto took = std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - begin);
    set(context.document, "stopped", true);
    set(context.document, "seconds", std::chrono::duration<double>(took).count());
    context.print("all services are stopped after " + short_duration(took) + "\n");
    return 0;
}

} // namespace

Command down_command() {
    return {.name = "down",
            .summary = "stop everything, in reverse order, and wait",
            .description = "The same as `systemctl stop lakebed.target`. Data stays.",
            .examples = {"lakebed down"},
            .run = run_down};
}

} // namespace lakebed
