// FakeHost: a machine in memory. It carries out steps on an Inventory and answers questions from
// it.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "base/digest.h"
#include "host/host.h"

namespace lakebed::test {

class FakeHost final : public Host {
  public:
    Paths paths;
    HostFacts facts{{std::uint64_t{16} << 30}, "x86_64", "0123456789abcdef0123456789abcdef", true};
    Inventory now;
    std::vector<Step> performed;
    std::vector<std::string> journal_lines;
    std::optional<std::size_t> fail_at; // perform() fails once this many steps are done

    // An empty machine with a depot that has all of `artifacts`, and one roomy file system.
    explicit FakeHost(const std::vector<Artifact>& artifacts = {}) {
        now.architecture = "x86_64";
        for (const Artifact& artifact : artifacts) {
            std::string digest = artifact.sha256.empty() ? std::string(64, '0') : artifact.sha256;
            now.depot[artifact.name] = {artifact.name, digest, artifact.size, "/depot/" + digest};
        }
    }

    [[nodiscard]] Result<HostFacts> read_facts() override { return facts; }

    // Only what was asked for, as the real one: a plan that forgets to ask must fail here too.
    [[nodiscard]] Result<Inventory> read_inventory(const InventoryQuery& query) override {
        Inventory seen = now;
        seen.paths.clear();
        seen.units.clear();
        auto see_path = [&](const std::string& path) {
            if (auto it = now.paths.find(path); it != now.paths.end()) seen.paths.insert(*it);
        };
        auto see_unit = [&](const std::string& unit) {
            if (auto it = now.units.find(unit); it != now.units.end()) seen.units.insert(*it);
        };
        for (const std::string& path : query.paths) see_path(path);
        for (const std::string& unit : query.units) see_unit(unit);
        std::erase_if(seen.brought,
                      [&](const auto& file) { return !has(query.brought, file.first); });
        for (const auto& [path, sha256] : now.manifest) {
            see_path(path);
            if (path.starts_with("unit:")) see_unit(path.substr(5));
            if (path.starts_with(paths.units + "/")) see_unit(path.substr(paths.units.size() + 1));
        }
        std::erase_if(seen.users, [&](const std::string& user) { return !has(query.users, user); });
        std::erase_if(seen.store,
                      [&](const std::string& entry) { return !has(query.store, entry); });
        std::erase_if(seen.ports, [&](const PortHolder& holder) {
            return std::ranges::find(query.ports, holder.port) == query.ports.end();
        });
        for (const std::string& path : query.mounts)
            if (!seen.mounts.contains(path))
                seen.mounts[path] = {"/", "8:1", {std::uint64_t{100} << 30}};
        return seen;
    }

    [[nodiscard]] Result<void> perform(const Step& step, const StepProgress&) override {
        if (fail_at && performed.size() >= *fail_at) return fail("killed");
        std::visit([&](const auto& s) { on(s); }, step);
        performed.push_back(step);
        return {};
    }

    [[nodiscard]] Result<void> journal(std::string_view line) override {
        journal_lines.emplace_back(line);
        return {};
    }

    // What an operator's `systemctl start lakebed.target` brings about.
    void start_everything() {
        for (auto& [name, unit] : now.units) unit.active = true;
    }

  private:
    static bool has(const std::vector<std::string>& list, const std::string& item) {
        return std::ranges::find(list, item) != list.end();
    }
    static PathInfo file(std::uint32_t mode, const std::string& group, const std::string& content) {
        return {PathInfo::Type::file, mode, "root", group.empty() ? "root" : group,
                sha256_hex(content)};
    }

    void on(const EnsureUser& s) { now.users.insert(s.name); }
    void on(const EnsureDir& s) {
        PathInfo info{PathInfo::Type::directory, s.mode, s.owner, s.group};
        info.empty = s.marker.empty();
        info.marker = s.marker;
        now.paths[s.path] = info;
    }
    void on(const EnsureSecret& s) {
        now.paths.emplace(s.secret.path, file(0600, "", s.secret.name));
    }
    void on(const Unpack& s) { now.store.insert(s.entry.path); }
    void on(const WriteFile& s) {
        now.paths[s.file.path] = file(s.file.mode, s.file.group, s.file.content);
        now.unfinished[s.file.path] = sha256_hex(s.file.content);
    }
    void on(const RemoveFile& s) { now.paths.erase(s.path); }
    void on(const InstallUnit& s) {
        std::string path = paths.units + "/" + s.unit.name;
        now.paths[path] = file(0644, "", s.unit.content);
        now.unfinished[path] = sha256_hex(s.unit.content);
        for (const std::string& name : unit_names(s.unit)) now.units[name];
        // Of a template systemd knows the instances only, those of former generations too.
        for (auto& [name, unit] : now.units)
            if (unit_file_of(name) == s.unit.name) unit.outdated = unit.active;
    }
    void on(const ReloadUnits&) {}
    void on(const EnableUnit& s) { now.units[s.unit].enabled = true; }
    void on(const StartUnit& s) { now.units[s.unit].active = true; }
    void on(const StopUnit& s) { now.units[s.unit].active = false; }
    void on(const RestartUnit& s) { now.units[s.unit] = {true, now.units[s.unit].enabled, false}; }
    void on(const SwitchGeneration& s) {
        now.generation = s.generation;
        now.manifest = s.manifest;
        now.unfinished.clear();
    }
};

} // namespace lakebed::test
