#include "host/host.h"

#include <cerrno>
#include <ctime>
#include <filesystem>
#include <optional>

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <fmt/format.h>

#include "depot/depot.h"
#include "host/host_paths.h"
#include "host/ip_fence.h"
#include "host/steps.h"
#include "plan/planning.h"
#include "sys/files.h"
#include "sys/process.h"
#include "sys/systemd_manager.h"

namespace lakebed {
namespace {

Result<std::string> fresh_site_id() {
    unsigned char bytes[8];
    if (::getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
        return fail_errno("cannot get random bytes", errno);
    std::string text;
    for (unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
    return text;
}

// A clock that is compared with CLOCK_MONOTONIC stamps of systemd, in microseconds.
std::int64_t to_monotonic(const timespec& real) {
    timespec now_real{}, now_monotonic{};
    ::clock_gettime(CLOCK_REALTIME, &now_real);
    ::clock_gettime(CLOCK_MONOTONIC, &now_monotonic);
    auto micros = [](const timespec& t) {
        return std::int64_t{t.tv_sec} * 1'000'000 + t.tv_nsec / 1000;
    };
    return micros(real) - (micros(now_real) - micros(now_monotonic));
}

class RealHost final : public Host {
  public:
    explicit RealHost(RealHostOptions options) : options_(std::move(options)) {}

    Result<HostFacts> read_facts() override {
        HostFacts facts;
        facts.ram.bytes = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                          static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
        struct utsname system {};
        ::uname(&system);
        facts.architecture = system.machine;
        std::optional<std::string> id = read_site_id(site_path(options_.paths));
        // A fresh one is written down by the first step that is performed: reading changes nothing.
        if (!id && site_id_.empty()) site_id_ = TRY(fresh_site_id());
        facts.site_id = id.value_or(site_id_);
        facts.ip_fence = kernel_enforces_ip_fence();
        return facts;
    }

    Result<Inventory> read_inventory(const InventoryQuery& query) override {
        Inventory inventory = TRY(read_files_inventory(options_.paths, query));
        for (auto& [name, entry] : TRY(read_depot(options_.depot)))
            inventory.depot[name] = {name, entry.sha256, entry.size,
                                     stored_path(options_.depot, entry.sha256)};
        if (inventory.has_systemd) TRY(read_units(query, inventory));
        return inventory;
    }

    Result<void> perform(const Step& step, const StepProgress& progress) override {
        TRY(remember_site());
        return std::visit([&](const auto& one) { return carry_out(one, progress); }, step);
    }

    Result<void> journal(std::string_view line) override {
        if (!journal_.valid()) {
            TRY(make_directories(options_.paths.state));
            journal_ = TRY(open_file(journal_path(options_.paths),
                                     O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0640));
            TRY(fsync_directory(options_.paths.state));
        }
        std::time_t now = std::time(nullptr);
        std::tm parts{};
        ::gmtime_r(&now, &parts);
        char time[32];
        std::strftime(time, sizeof time, "%Y-%m-%dT%H:%M:%SZ", &parts);
        TRY(write_all(journal_.get(), fmt::format("{} {}\n", time, line)).context("journal"));
        if (::fdatasync(journal_.get()) != 0) return fail_errno("cannot sync the journal", errno);
        return {};
    }

  private:
    // Data directories are marked with this id, so it must not be another one after a kill.
    Result<void> remember_site() {
        std::lock_guard hold(site_mutex_);
        if (site_id_.empty()) return {};
        TRY(make_directories(options_.paths.state));
        if (!read_site_id(site_path(options_.paths)))
            TRY(write_file_durably(site_path(options_.paths), site_id_text(site_id_)));
        site_id_.clear();
        return {};
    }

    Result<SystemdManager*> systemd() {
        if (!systemd_) systemd_ = TRY(SystemdManager::connect());
        return &*systemd_;
    }

    Result<void> read_units(const InventoryQuery& query, Inventory& inventory) {
        SystemdManager* manager = TRY(systemd());
        std::set<std::string> names(query.units.begin(), query.units.end());
        for (const auto& [key, value] : inventory.manifest) {
            if (key.starts_with(kUnitRecord)) names.insert(key.substr(kUnitRecord.size()));
            // Of a template systemd knows the instances only.
            bool is_template = key.find("@.") != std::string::npos;
            if (parent_of(key) == options_.paths.units && !is_template) names.insert(name_of(key));
        }
        for (const std::string& name : names) {
            UnitProperties unit = TRY(manager->unit(name));
            if (unit.load_state == "not-found") continue;
            UnitInfo info;
            info.active = unit.active_state != "inactive" && unit.active_state != "failed";
            info.enabled = unit.unit_file_state.starts_with("enabled");
            struct stat file {};
            if (unit.active_state == "active" &&
                ::stat((options_.paths.units + '/' + unit_file_of(name)).c_str(), &file) == 0)
                info.outdated =
                    to_monotonic(file.st_mtim) > static_cast<std::int64_t>(unit.active_enter);
            inventory.units[name] = info;
        }
        return {};
    }

    Result<void> carry_out(const EnsureUser& step, const StepProgress&) {
        if (user_exists(step.name)) return {};
        std::string title = step.title;
        std::erase_if(title, [](char c) { return c == '"' || c == '\\' || c == ':' || c == '\n'; });
        ChildSpec child;
        child.argv = {"systemd-sysusers", "--inline",
                      fmt::format("u {} - \"{}\"", step.name, title)};
        child.timeout = std::chrono::seconds(60);
        ChildExit exit = TRY(run_child(child));
        if (!exit.ok() || !user_exists(step.name))
            return fail(
                fmt::format("systemd-sysusers did not make user {}: {}", step.name, exit.errors));
        return {};
    }
    Result<void> carry_out(const EnsureDir& step, const StepProgress&) {
        return ensure_directory(step);
    }
    Result<void> carry_out(const EnsureSecret& step, const StepProgress&) {
        return ensure_secret(step.secret);
    }
    Result<void> carry_out(const Unpack& step, const StepProgress& progress) {
        return unpack(step, blobs_, progress);
    }
    Result<void> carry_out(const WriteFile& step, const StepProgress&) {
        FileOwner owner;
        if (!step.file.group.empty() && ::geteuid() == 0)
            owner.gid = TRY(look_up_owner("root", step.file.group)).gid;
        TRY(make_directories(parent_of(step.file.path)));
        return write_file_durably(step.file.path, step.file.content, step.file.mode, owner);
    }
    Result<void> carry_out(const RemoveFile& step, const StepProgress&) {
        struct stat info {};
        if (::lstat(step.path.c_str(), &info) != 0 && errno == ENOENT) return {};
        if (!S_ISREG(info.st_mode))
            return fail(Errc::refused, fmt::format("\"{}\" is no regular file", step.path));
        if (::unlink(step.path.c_str()) != 0)
            return fail_errno("cannot remove " + step.path, errno);
        return fsync_directory(parent_of(step.path));
    }
    Result<void> carry_out(const InstallUnit& step, const StepProgress&) {
        const std::string& name = step.unit.name;
        if (!name.starts_with("lakebed") || name.find('/') != std::string::npos)
            return fail(Errc::refused, fmt::format("\"{}\" is no unit of ours", name));
        TRY(make_directories(options_.paths.units));
        return write_file_durably(options_.paths.units + '/' + name, step.unit.content);
    }
    Result<void> carry_out(const ReloadUnits&, const StepProgress&) {
        return TRY(systemd())->daemon_reload();
    }
    Result<void> carry_out(const EnableUnit& step, const StepProgress&) {
        return TRY(systemd())->enable_unit(step.unit);
    }
    Result<void> carry_out(const StartUnit& step, const StepProgress&) {
        return TRY(systemd())->start_unit(step.unit);
    }
    Result<void> carry_out(const StopUnit& step, const StepProgress&) {
        return TRY(systemd())->stop_unit(step.unit);
    }
    Result<void> carry_out(const RestartUnit& step, const StepProgress&) {
        return TRY(systemd())->restart_unit(step.unit);
    }
    Result<void> carry_out(const SwitchGeneration& step, const StepProgress&) {
        return switch_generation(options_.paths, step);
    }

    RealHostOptions options_;
    KnownBlobs blobs_;
    std::mutex site_mutex_;
    std::string site_id_; // fresh and not yet written down
    UniqueFd journal_;
    std::optional<SystemdManager> systemd_;
};

} // namespace

Result<std::unique_ptr<Host>> make_real_host(RealHostOptions options) {
    for (const std::string* path :
         {&options.paths.etc, &options.paths.store, &options.paths.state, &options.paths.units})
        if (!path->starts_with('/'))
            return fail(Errc::usage, fmt::format("\"{}\" is no absolute path", *path));
    return std::unique_ptr<Host>(std::make_unique<RealHost>(std::move(options)));
}

} // namespace lakebed
