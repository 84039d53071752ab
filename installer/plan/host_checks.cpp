// Preflight: what speaks against carrying out a plan on this host.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "input/shapes.h"
#include "plan/planning.h"

namespace lakebed {
namespace {

void check_port(const StackService& service, const StackPort& port, const Inventory& inventory,
                Diagnostics& diagnostics) {
    for (const PortHolder& holder : inventory.ports) {
        bool meet = holder.address == port.address || is_wildcard(holder.address) ||
                    is_wildcard(port.address);
        if (holder.port != port.number || !meet || holder.unit.starts_with("lakebed")) continue;
        std::string who = holder.program.empty() ? "a process" : holder.program;
        if (holder.pid > 0) who += fmt::format(" (pid {})", holder.pid);
        if (!holder.unit.empty()) who += " of " + holder.unit;
        diagnostics.error(
            {},
            fmt::format("port {} on {} for {} is taken by {}", port.number, holder.address,
                        service.name, who),
            fmt::format("stop that, or [service.{}] {} = another port", service.name, port.key));
        return; // one holder is enough to say
    }
}

void check_mount(const std::string& path, std::string_view what, bool runs_programs,
                 const Inventory& inventory, Diagnostics& diagnostics) {
    auto it = inventory.mounts.find(path);
    if (it == inventory.mounts.end()) return;
    const MountInfo& mount = it->second;
    if (mount.read_only)
        diagnostics.error({},
                          fmt::format("{} (\"{}\") lies on \"{}\", which is mounted read-only",
                                      what, path, mount.mount_point),
                          fmt::format("mount -o remount,rw {}", mount.mount_point));
    if (runs_programs && mount.noexec)
        diagnostics.error(
            {},
            fmt::format(
                "{} (\"{}\") lies on \"{}\", which is mounted noexec: no program there can run",
                what, path, mount.mount_point),
            fmt::format("mount -o remount,exec {}", mount.mount_point));
}

void check_brought(const BroughtFile& file, const Inventory& inventory, Diagnostics& diagnostics) {
    auto it = inventory.brought.find(file.path);
    if (it == inventory.brought.end())
        diagnostics.error(file.pos,
                          fmt::format("file \"{}\" of {} does not exist", file.path, file.key),
                          "put it there, or correct the path");
    else if (it->second != PathInfo::Type::file)
        diagnostics.error(file.pos,
                          fmt::format("\"{}\" of {} is no regular file", file.path, file.key),
                          "name the file itself");
}

} // namespace

void check_host(const Stack& stack, const Inventory& inventory, Diagnostics& diagnostics) {
    if (!inventory.is_root)
        diagnostics.error({}, "only root may change this machine", "run it with sudo");
    if (!inventory.has_systemd)
        diagnostics.error({}, "systemd does not run here",
                          "lakebed runs its services as systemd units");
    if (inventory.architecture != "x86_64")
        diagnostics.error(
            {}, fmt::format("this machine is {}, but the catalog has programs for x86_64 only",
                            inventory.architecture));
    for (const StackService& service : stack.services) {
        for (const StackPort& port : service.ports)
            check_port(service, port, inventory, diagnostics);
        for (const BroughtFile& file : service.brought) check_brought(file, inventory, diagnostics);
        if (!service.data_dir.empty())
            check_mount(service.data_dir, "the data of " + service.name, false, inventory,
                        diagnostics);
    }
    check_mount(stack.paths.store, "the store of programs", true, inventory, diagnostics);
    check_mount(stack.paths.state, "the state of lakebed", false, inventory, diagnostics);
}

void check_disk(const Stack& stack, const Inventory& inventory, Plan& plan,
                Diagnostics& diagnostics) {
    struct Demand {
        const MountInfo* mount = nullptr;
        std::uint64_t peak = 0;
        std::string what;
    };
    std::map<std::string, Demand> needs; // by device
    auto add = [&](const std::string& path, ByteSize size, const std::string& what) {
        auto it = inventory.mounts.find(path);
        if (it == inventory.mounts.end() || size.bytes == 0) return;
        Demand& need = needs[it->second.device];
        if (!need.mount) need.mount = &it->second;
        need.peak += size.bytes;
        need.what +=
            fmt::format("{}{} for {}", need.what.empty() ? "" : ", ", to_string(size), what);
    };
    ByteSize programs;
    for (const Step& step : plan.steps)
        if (const auto* unpack = std::get_if<Unpack>(&step))
            programs.bytes += unpack->entry.unpacked.bytes;
    add(stack.paths.store, programs, "programs");
    for (const Step& step : plan.steps) {
        const auto* dir = std::get_if<EnsureDir>(&step);
        if (!dir || dir->marker.empty()) continue;
        auto service = std::ranges::find(stack.services, dir->path, &StackService::data_dir);
        // Data that are there already have had their room; only new ones ask for it.
        auto now = inventory.paths.find(dir->path);
        bool fresh = now == inventory.paths.end() || now->second.marker.empty();
        if (service != stack.services.end() && fresh)
            add(dir->path, service->min_free, "data of " + service->name);
    }
    for (const auto& [device, need] : needs) {
        plan.disk.push_back({need.mount->mount_point, {need.peak}, need.mount->free});
        if (need.peak > need.mount->free.bytes)
            diagnostics.error({},
                              fmt::format("\"{}\" has {} free, but {} are needed ({})",
                                          need.mount->mount_point, to_string(need.mount->free),
                                          to_string(ByteSize{need.peak}), need.what),
                              "free some space, or move data: [service.NAME] data_dir");
    }
}

} // namespace lakebed
