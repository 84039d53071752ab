#include "cli/class_archives.h"

#include <sys/stat.h>

#include <fmt/format.h>

#include "cli/planning.h"
#include "cli/stack_status.h"
#include "model/class_archive.h"
#include "sys/files.h"
#include "sys/systemd_manager.h"

namespace lakebed {
namespace {

Result<void> start_if_missing(const Context& context) {
    TRY(require_running_system(context));
    auto graph = TRY(read_current_graph(context));
    if (missing_class_archives(context.paths, graph).empty()) return {};
    auto manager = TRY(SystemdManager::connect());
    if (TRY(manager.unit("lakebed.target")).active_state != "active") return {};
    return manager.queue_start(std::string(kClassArchiveUnit));
}

} // namespace

std::vector<std::string> missing_class_archives(const Paths& paths, const ServiceGraph& graph) {
    std::vector<std::string> missing;
    for (const GraphNode& node : graph.nodes) {
        if (!node.jvm) continue;
        auto text = read_file(paths.units + "/" + unit_file_of_node(node.unit));
        if (!text) continue;
        auto archive = class_archive_of_unit(*text);
        struct stat file {};
        if (archive && ::stat(archive->c_str(), &file) != 0) missing.push_back(node.name);
    }
    return missing;
}

void start_class_archives(const Context& context) {
    auto started = start_if_missing(context);
    if (!started && context.globals.verbose)
        context.say(fmt::format("no class archives are made: {}", started.error().message));
}

} // namespace lakebed
