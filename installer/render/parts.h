// Parts of render().
#pragma once

#include <map>
#include <string>
#include <vector>

#include "plan/desired.h"
#include "plan/stack.h"
#include "render/render.h"

namespace lakebed {

// The config directory of a service, its path and files; no path when it has neither files nor
// probe.
struct ConfigDir {
    std::string path;
    std::string digest; // "redis-1a2b3c4d"; empty when there is no directory
    std::vector<DesiredFile> files;
};
[[nodiscard]] ConfigDir render_config_dir(const Stack& stack, const StackService& service,
                                          Diagnostics& diagnostics);

// Replaces @config@ by `path` in every string; render knows it only once the files are there.
[[nodiscard]] std::string with_config_path(std::string_view text, const std::string& path);
[[nodiscard]] Value value_with_config_path(const Value& value, const std::string& path);

// lakebed-direct.target, which wants every unit.
[[nodiscard]] DesiredUnit render_direct_target(const Stack& stack);

[[nodiscard]] DesiredUnit render_unit(const StackService& service, const Stack& stack,
                                      const ConfigDir& config, const UnitTemplates& templates,
                                      Diagnostics& diagnostics);

[[nodiscard]] ServiceGraph make_graph(const Stack& stack,
                                      const std::map<std::string, ConfigDir>& configs);
// The guards of its disks, ports and clock, and who needs them.
void add_guards(const Stack& stack, ServiceGraph& graph);
[[nodiscard]] std::string render_verify(const Stack& stack,
                                        const std::map<std::string, ConfigDir>& configs);

} // namespace lakebed
