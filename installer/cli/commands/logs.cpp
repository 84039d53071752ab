#include <cerrno>

#include "cli/commands/commands.h"
#include "cli/planning.h"
#include "cli/stack_status.h"
#include "sys/process.h"

#include <unistd.h>

namespace lakebed {
namespace {

Result<int> run_logs(Context& context) {
    TRY(require_running_system(context));
    auto graph = TRY(read_current_graph(context));
    auto nodes = TRY(select_services(graph, context.arguments));
    std::vector<std::string> words{TRY(find_program("journalctl"))};
    for (const GraphNode* node : nodes) words.push_back("--unit=" + node->unit);
    if (context.arguments.empty()) words.emplace_back("--unit=lakebedd.service");
    words.push_back("--lines=" + context.option("--lines").value_or("50"));
    if (context.has("--follow")) words.emplace_back("--follow");
    if (context.globals.json) words.emplace_back("--output=json");
    words.emplace_back("--no-pager");
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    ::execv(argv[0], argv.data());
    return fail_errno("run journalctl", errno);
}

} // namespace

Command logs_command() {
    return {.name = "logs",
            .summary = "the last lines that services wrote",
            .arguments = "[SERVICE...]",
            .description = "Runs journalctl for the units of the named services, or of all and "
                           "lakebedd. With --json, journalctl's JSON lines.",
            .options = {{"--follow", "", "go on printing new lines (-f)"},
                        {"--lines", "COUNT", "how many lines to begin with (-n); default 50"}},
            .examples = {"lakebed logs postgres", "lakebed logs -f"},
            .max_arguments = 100,
            .run = run_logs};
}

} // namespace lakebed
