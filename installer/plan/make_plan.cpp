#include "plan/plan.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/digest.h"
#include "plan/planning.h"
#include "plan/unit_limits.h"

namespace lakebed {
namespace {

struct Planning {
    const Stack& stack;
    const Desired& desired;
    const Inventory& inventory;
    const PlanOptions& options;
    Diagnostics& diagnostics;
    Plan plan;

    [[nodiscard]] const PathInfo* on_disk(const std::string& path) const {
        auto it = inventory.paths.find(path);
        return it == inventory.paths.end() ? nullptr : &it->second;
    }
    [[nodiscard]] const std::string* last(const std::string& key) const {
        auto it = inventory.manifest.find(key);
        return it == inventory.manifest.end() ? nullptr : &it->second;
    }
    void add(Step step) { plan.steps.push_back(std::move(step)); }
};

void plan_users(Planning& p) {
    std::set<std::string> done;
    for (const StackService& service : p.stack.services)
        if (!service.user.empty() && !p.inventory.users.contains(service.user) &&
            done.insert(service.user).second)
            p.add(EnsureUser{service.user, service.title});
}

void plan_directory(Planning& p, const EnsureDir& dir) {
    const PathInfo* now = p.on_disk(dir.path);
    if (now && now->type != PathInfo::Type::directory) {
        p.diagnostics.error({}, fmt::format("\"{}\" is there, but is no directory", dir.path),
                            "move it away");
        return;
    }
    bool as_wanted =
        now && now->mode == dir.mode && now->owner == dir.owner && now->group == dir.group;
    if (!as_wanted || now->marker != dir.marker) p.add(dir);
}

// A directory that holds someone else's files is never taken over, and data that were there once
// are never replaced by an empty directory: the file system may just not be mounted.
void plan_data_directory(Planning& p, const StackService& service) {
    EnsureDir dir = data_directory(p.stack, service);
    const PathInfo* now = p.on_disk(dir.path);
    const std::string* before = p.last("data:" + service.name);
    bool ours = now && now->marker == dir.marker;
    if (ours) {
        plan_directory(p, dir);
    } else if (now && !now->marker.empty()) {
        p.diagnostics.error({},
                            fmt::format("data directory \"{}\" of {} belongs to another site ({})",
                                        dir.path, service.name, now->marker),
                            fmt::format("[service.{}] data_dir = another directory", service.name));
    } else if (before && *before == dir.path) {
        p.diagnostics.error(
            {},
            fmt::format(
                "data directory \"{}\" of {} is {}, though generation {} had its data there",
                dir.path, service.name, now ? "without our marker" : "gone",
                p.inventory.generation),
            "mount its file system, or restore it, and run again");
    } else if (before) {
        p.diagnostics.error(
            {},
            fmt::format("data of {} are to move from \"{}\" to \"{}\", where there are none",
                        service.name, *before, dir.path),
            fmt::format(
                "lakebed does not move data: systemctl stop {} && cp -a {}/. {}/ and run again",
                service.instances > 0 ? fmt::format("'lakebed-{}@*'", service.name) : service.unit,
                *before, dir.path));
    } else if (now && now->type == PathInfo::Type::directory && !now->empty) {
        p.diagnostics.error(
            {},
            fmt::format("data directory \"{}\" of {} is not empty and has no marker of ours",
                        dir.path, service.name),
            fmt::format("move what is in it away, or [service.{}] data_dir = another directory",
                        service.name));
    } else {
        plan_directory(p, dir);
    }
}

void plan_secrets(Planning& p) {
    for (const StackSecret& secret : p.stack.secrets) {
        const PathInfo* now = p.on_disk(secret.path);
        bool brought = secret.generate == 0 && secret.value.empty();
        if (!now && brought)
            p.diagnostics.error(
                {},
                fmt::format("file \"{}\" of secret {} does not exist", secret.path, secret.name),
                fmt::format("create it, or remove {} from [secrets] to have it generated",
                            secret.name));
        else if (!now)
            p.add(EnsureSecret{secret});
        else if ((now->mode & 077) != 0)
            p.diagnostics.warning(
                {},
                fmt::format("file \"{}\" of secret {} is open to others than its owner ({:04o})",
                            secret.path, secret.name, now->mode),
                fmt::format("chmod 0600 {}", secret.path));
    }
}

void plan_store(Planning& p) {
    std::vector<std::string> missing;
    for (const StoreEntry& entry : p.stack.store) {
        if (p.inventory.store.contains(entry.path)) continue;
        Unpack unpack{entry, {}};
        for (const Artifact& artifact : entry.artifacts) {
            auto it = p.inventory.depot.find(artifact.name);
            bool there = it != p.inventory.depot.end() &&
                         (artifact.sha256.empty() || it->second.sha256 == artifact.sha256);
            if (there)
                unpack.from.push_back(it->second);
            else if (std::ranges::find(missing, artifact.name) == missing.end())
                missing.push_back(artifact.name);
        }
        p.add(std::move(unpack));
    }
    if (!missing.empty())
        p.diagnostics.error(
            {},
            fmt::format("{} {} not in the depot: {}", missing.size(),
                        missing.size() == 1 ? "artifact is" : "artifacts are",
                        fmt::join(missing, ", ")),
            "run `lakebed fetch` where there is a network, and give its depot with --depot DIR");
}

// What to do about one file of ours.
enum class FileState { as_wanted, write, keep_edited, refuse };

FileState file_state(Planning& p, const std::string& path, const std::string& wanted) {
    const PathInfo* now = p.on_disk(path);
    if (!now) return FileState::write;
    if (now->sha256 == wanted) return FileState::as_wanted;
    const std::string* before = p.last(path);
    auto unfinished = p.inventory.unfinished.find(path);
    bool as_we_left_it =
        (before && now->sha256 == *before) ||
        (unfinished != p.inventory.unfinished.end() && now->sha256 == unfinished->second);
    if (as_we_left_it) return FileState::write;
    if (p.options.overwrite_edited) return FileState::write;
    return before && *before == wanted ? FileState::keep_edited : FileState::refuse;
}

bool plan_file(Planning& p, const std::string& path, const std::string& wanted) {
    switch (file_state(p, path, wanted)) {
    case FileState::as_wanted:
        return false;
    case FileState::write:
        return true;
    case FileState::keep_edited:
        p.plan.drift.push_back(path);
        return false;
    case FileState::refuse:
        p.plan.drift.push_back(path);
        p.diagnostics.error({},
                            fmt::format("\"{}\" was edited by hand and would have to change", path),
                            "move the edit into lakebed.toml (or `systemctl edit` for a unit), or "
                            "give --overwrite-edited");
        return false;
    }
    return false;
}

void plan_config_files(Planning& p) {
    for (const EnsureDir& dir : config_directories(p.stack, p.desired)) plan_directory(p, dir);
    for (const DesiredFile& file : p.desired.config_files)
        if (plan_file(p, file.path, sha256_hex(file.content))) p.add(WriteFile{file});
}

[[nodiscard]] bool is_active(const Planning& p, const std::string& unit) {
    auto it = p.inventory.units.find(unit);
    return it != p.inventory.units.end() && it->second.active;
}

// Instances of the last generation: unit to the file it is an instance of.
std::map<std::string, std::string> last_instances(const Planning& p) {
    std::map<std::string, std::string> instances;
    for (const auto& [key, file] : p.inventory.manifest)
        if (key.starts_with(kUnitRecord)) instances[key.substr(kUnitRecord.size())] = file;
    return instances;
}

// Instances that are no more, of templates that stay or go. A template that goes and was edited
// keeps its instances: plan_removals() refuses it.
void plan_stops_of_instances(Planning& p, const std::set<std::string>& refused) {
    std::set<std::string> wanted;
    for (const DesiredUnit& unit : p.desired.units)
        wanted.insert(unit.instances.begin(), unit.instances.end());
    for (const auto& [unit, file] : last_instances(p))
        if (!wanted.contains(unit) && !refused.contains(file) && is_active(p, unit))
            p.add(StopUnit{unit});
}

// Units that the last generation had and this one has not. True when there are any.
bool plan_removals(Planning& p) {
    std::vector<std::string> paths;
    std::set<std::string> refused;
    for (const auto& [path, sha256] : p.inventory.manifest) {
        if (!path.starts_with(p.stack.paths.units + "/")) continue;
        std::string unit = path.substr(p.stack.paths.units.size() + 1);
        if (std::ranges::find(p.desired.units, unit, &DesiredUnit::name) != p.desired.units.end())
            continue;
        const PathInfo* now = p.on_disk(path);
        if (now && now->sha256 != sha256 && !p.options.overwrite_edited) {
            p.plan.drift.push_back(path);
            p.diagnostics.error(
                {}, fmt::format("\"{}\" was edited by hand and would have to be removed", path),
                "give --overwrite-edited");
            refused.insert(unit);
            continue;
        }
        if (is_active(p, unit)) p.add(StopUnit{unit});
        paths.push_back(path);
    }
    plan_stops_of_instances(p, refused);
    for (const std::string& path : paths) p.add(RemoveFile{path});
    return !paths.empty();
}

// New instances of a service of which others run. Before the switch: killed after it, the next
// apply could not tell them from such as an operator has stopped.
void plan_starts_of_instances(Planning& p) {
    std::map<std::string, std::string> before = last_instances(p);
    for (const DesiredUnit& unit : p.desired.units) {
        bool runs = std::ranges::any_of(unit.instances, [&](const std::string& instance) {
            return before.contains(instance) && is_active(p, instance);
        });
        if (!runs) continue;
        for (const std::string& instance : unit.instances)
            if (!before.contains(instance) && !is_active(p, instance)) p.add(StartUnit{instance});
    }
}

void plan_restarts(Planning& p, const std::set<std::string>& rewritten) {
    for (const DesiredUnit& file : p.desired.units) {   // they come in the order of the graph
        if (!file.name.ends_with(".service")) continue; // a target has no process to restart
        for (const std::string& unit : unit_names(file))
            if (is_active(p, unit) &&
                (rewritten.contains(file.name) || p.inventory.units.at(unit).outdated))
                p.add(RestartUnit{unit});
    }
}

void plan_units(Planning& p) {
    bool changed = plan_removals(p);
    std::set<std::string> rewritten;
    for (const DesiredUnit& unit : p.desired.units) {
        if (!plan_file(p, unit_path(p.stack, unit.name), sha256_hex(unit.content))) continue;
        p.add(InstallUnit{unit});
        rewritten.insert(unit.name);
    }
    if (changed || !rewritten.empty()) p.add(ReloadUnits{});

    auto target = p.inventory.units.find(std::string(kTarget));
    bool enabled = target != p.inventory.units.end() && target->second.enabled;
    // Later on, a disabled target is the operator's decision.
    if (!enabled && p.inventory.generation == 0) p.add(EnableUnit{std::string(kTarget)});
    plan_starts_of_instances(p);

    auto manifest = make_manifest(p.stack, p.desired);
    if (manifest != p.inventory.manifest || p.inventory.generation == 0) {
        p.plan.to_generation = p.inventory.generation + 1;
        p.add(SwitchGeneration{p.plan.to_generation, p.desired.graph, p.desired.verify,
                               std::move(manifest)});
    }
    plan_restarts(p, rewritten);
}

} // namespace

std::map<std::string, std::string> make_manifest(const Stack& stack, const Desired& desired) {
    std::map<std::string, std::string> manifest;
    for (const DesiredFile& file : desired.config_files)
        manifest[file.path] = sha256_hex(file.content);
    for (const DesiredUnit& unit : desired.units) {
        manifest[unit_path(stack, unit.name)] = sha256_hex(unit.content);
        for (const std::string& instance : unit.instances)
            manifest[std::string(kUnitRecord) + instance] = unit.name;
    }
    manifest["graph.toml"] = sha256_hex(desired.graph);
    manifest["verify.toml"] = sha256_hex(desired.verify);
    for (const StackService& service : stack.services)
        if (!service.data_dir.empty()) manifest["data:" + service.name] = service.data_dir;
    return manifest;
}

Plan make_plan(const Stack& stack, const Desired& desired, const Inventory& inventory,
               Diagnostics& diagnostics, const PlanOptions& options) {
    Planning p{stack, desired, inventory, options, diagnostics, {}};
    p.plan.from_generation = p.plan.to_generation = inventory.generation;
    check_host(stack, inventory, diagnostics);
    check_open_files(desired.units, inventory.most_open_files, diagnostics);
    plan_users(p);
    for (const EnsureDir& dir : own_directories(stack)) {
        // An operator may have tightened those that hold nothing secret.
        const PathInfo* now = p.on_disk(dir.path);
        bool fine = now && now->type == PathInfo::Type::directory && dir.mode == 0755;
        if (!fine) plan_directory(p, dir);
    }
    for (const StackService& service : stack.services)
        if (!service.data_dir.empty()) plan_data_directory(p, service);
    plan_secrets(p);
    plan_store(p);
    plan_config_files(p);
    plan_units(p);
    check_disk(stack, inventory, p.plan, diagnostics);
    return std::move(p.plan);
}

} // namespace lakebed
