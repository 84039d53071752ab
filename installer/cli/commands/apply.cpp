#include "cli/applying.h"
#include "cli/class_archives.h"
#include "cli/commands/commands.h"

namespace lakebed {
namespace {

Result<int> run_apply(Context& context) {
    TRY(apply_to_host(context));
    start_class_archives(context);
    return 0;
}

} // namespace

Command apply_command() {
    return {
        .name = "apply",
        .summary = "make the host what the configuration says",
        .description =
            "Carries out exactly what `lakebed plan` prints, as a new generation. Starts nothing "
            "that did not run, apart from new instances of a service that runs; services whose "
            "unit changed are restarted. Stopped or killed at any point, run it again: it goes on "
            "from there. A second apply does nothing.",
        .options = {kOverwriteEdited},
        .examples = {"lakebed apply", "lakebed apply --yes --json"},
        .run = run_apply};
}

} // namespace lakebed
