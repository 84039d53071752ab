#include "cli/commands/commands.h"

namespace lakebed {
namespace {

Result<int> run_version(Context& context) {
    set(context.document, "version", LAKEBED_VERSION);
    context.print("lakebed " LAKEBED_VERSION "\n");
    return 0;
}

} // namespace

Command version_command() {
    return {.name = "version",
            .summary = "print the version",
            .examples = {"lakebed version --json"},
            .run = run_version};
}

} // namespace lakebed
