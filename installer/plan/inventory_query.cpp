// Which paths, units and ports a plan depends on.
#include <algorithm>
#include <set>

#include "plan/planning.h"

namespace lakebed {
namespace {

std::string parent(const std::string& path) {
    return path.substr(0, path.rfind('/'));
}

} // namespace

std::string unit_path(const Stack& stack, const std::string& unit) {
    return stack.paths.units + "/" + unit;
}

std::vector<EnsureDir> own_directories(const Stack& stack) {
    const Paths& paths = stack.paths;
    std::vector<EnsureDir> dirs = {
        {paths.etc},
        {paths.etc + "/secrets", 0700},
        {parent(paths.store)},
        {paths.store},
        {paths.state},
        {paths.state + "/config"},
        {paths.state + "/generations"},
    };
    std::set<std::string> seen;
    for (const EnsureDir& dir : dirs) seen.insert(dir.path);
    // A data directory's parent is made when missing and left as it is when not: it may be a mount
    // point of the operator's.
    for (const StackService& service : stack.services) {
        if (service.data_dir.empty()) continue;
        std::string base = parent(service.data_dir);
        if (base == paths.state + "/data" && seen.insert(base).second) dirs.push_back({base});
    }
    return dirs;
}

std::vector<EnsureDir> config_directories(const Stack& stack, const Desired& desired) {
    std::string base = stack.paths.state + "/config";
    std::vector<EnsureDir> dirs;
    std::set<std::string> seen = {base};
    for (const DesiredFile& file : desired.config_files) {
        std::vector<std::string> chain;
        for (std::string dir = parent(file.path); dir.size() > base.size() && !seen.contains(dir);
             dir = parent(dir))
            chain.push_back(dir);
        for (auto it = chain.rbegin(); it != chain.rend(); ++it) {
            seen.insert(*it);
            dirs.push_back({*it, 0750, "root", file.group.empty() ? "root" : file.group});
        }
    }
    return dirs;
}

EnsureDir data_directory(const Stack& stack, const StackService& service) {
    std::string owner = service.user.empty() ? "root" : service.user;
    return {service.data_dir, service.data_mode, owner, owner, stack.site_id};
}

InventoryQuery inventory_query(const Stack& stack, const Desired& desired) {
    InventoryQuery query;
    for (const EnsureDir& dir : own_directories(stack)) query.paths.push_back(dir.path);
    for (const EnsureDir& dir : config_directories(stack, desired)) query.paths.push_back(dir.path);
    for (const StackSecret& secret : stack.secrets) query.paths.push_back(secret.path);
    for (const DesiredFile& file : desired.config_files) query.paths.push_back(file.path);
    for (const DesiredUnit& unit : desired.units)
        query.paths.push_back(unit_path(stack, unit.name));
    query.mounts = {stack.paths.store, stack.paths.state};
    std::set<std::string> users;
    for (const StackService& service : stack.services) {
        if (!service.data_dir.empty()) {
            query.paths.push_back(service.data_dir);
            query.mounts.push_back(service.data_dir);
        }
        if (!service.user.empty()) users.insert(service.user);
        for (const std::string& unit : unit_names(service)) query.units.push_back(unit);
        for (const BroughtFile& file : service.brought) query.brought.push_back(file.path);
        for (const StackPort& port : service.ports) query.ports.push_back(port.number);
    }
    query.units.emplace_back(kTarget);
    query.users.assign(users.begin(), users.end());
    for (const StoreEntry& entry : stack.store) query.store.push_back(entry.path);
    return query;
}

} // namespace lakebed
