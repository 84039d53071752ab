#include "render/render.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/digest.h"
#include "plan/variables.h"
#include "render/formats.h"
#include "render/parts.h"

namespace lakebed {
namespace {

std::string probe_file(const StackService& service) {
    Table root;
    // One file for all instances: lakebed-probe --instance fills in which one it is.
    std::string which = service.instances > 0 ? "@" + std::string(kInstance) : "";
    set(root, "service", service.name + which);
    set(root, "user", service.user.empty() ? "root" : service.user);
    set(root, "start_timeout", to_string(service.start_timeout));
    set(root, "probe", write_probe_spec(*service.probe));
    return std::string(kFileHeader) + write_toml(root);
}

} // namespace

std::string with_config_path(std::string_view text, const std::string& path) {
    std::vector<std::string> others;
    return interpolate(
        text,
        [&](std::string_view name) -> std::optional<std::string> {
            if (name == "config" && !path.empty()) return path;
            return {};
        },
        others); // what is left is for lakebed-init
}

Value value_with_config_path(const Value& value, const std::string& path) {
    return interpolate_value(
        value,
        [&](std::string_view name) -> std::optional<Value> {
            if (name == "config" && !path.empty()) return Value(path);
            return {};
        },
        [](std::string_view, const SourcePos&) {});
}

ConfigDir render_config_dir(const Stack& stack, const StackService& service,
                            Diagnostics& diagnostics) {
    ConfigDir dir;
    for (const StackFile& file : service.files) {
        auto content = render_file(file);
        if (!content) {
            diagnostics.error({}, fmt::format("{}: {}", service.name, content.error().message),
                              content.error().hint);
            continue;
        }
        dir.files.push_back({file.path, *std::move(content), 0640, service.user});
    }
    if (service.probe) dir.files.push_back({"probe.toml", probe_file(service), 0640, service.user});
    if (dir.files.empty()) return dir;

    // The digest covers the files as they are before they learn their own directory.
    Array parts;
    for (const DesiredFile& file : dir.files)
        parts.emplace_back(Array{file.path, file.content, file.group});
    Table root;
    set(root, "files", std::move(parts));
    dir.digest = service.name + "-" + digest8(write_toml(root));
    dir.path = stack.paths.state + "/config/" + dir.digest;
    for (DesiredFile& file : dir.files) {
        file.path = dir.path + "/" + file.path;
        file.content = with_config_path(file.content, dir.path);
    }
    return dir;
}

Desired render(const Stack& stack, const UnitTemplates& templates, Diagnostics& diagnostics) {
    Desired desired;
    std::map<std::string, ConfigDir> configs;
    std::map<std::string, DesiredUnit> units;
    for (const StackService& service : stack.services) {
        ConfigDir dir = render_config_dir(stack, service, diagnostics);
        DesiredUnit unit = render_unit(service, stack, dir, templates, diagnostics);
        for (const std::string& name : unit_names(service)) units[name] = unit;
        desired.config_files.insert(desired.config_files.end(), dir.files.begin(), dir.files.end());
        configs[service.name] = std::move(dir);
    }
    ServiceGraph graph = make_graph(stack, configs);
    check_graph(graph, diagnostics);
    desired.graph = write_graph(graph);
    desired.verify = render_verify(stack, configs);
    if (auto order = start_order(graph)) // a cycle has been reported by check_graph
        for (const std::string& name : *order) {
            if (!units.contains(name)) continue; // a guard
            const DesiredUnit& unit = units.at(name);
            if (unit_names(unit).front() == name) desired.units.push_back(unit);
        }
    desired.units.push_back(render_direct_target(stack));
    return desired;
}

} // namespace lakebed
