// Another number of instances, with the apply killed at every point of every step and run again.
#include <gmock/gmock.h>

#include "host/steps.h"
#include "host_fixture.h"
#include "input/site.h"
#include "support/small_profile.h"
#include "sys/files.h"

namespace lakebed {
namespace {

using test::small_stack;
using test::SmallStack;

// Real files; a systemd that is a file itself, so that it outlives a killed apply: unit -> the text
// of its unit file at the time it was started. Accounts are those of whoever runs the test.
class HostWithUnits final : public Host {
  public:
    HostWithUnits(const RealHostOptions& options, std::string systemd)
        : paths_(options.paths), systemd_(std::move(systemd)),
          real_(std::move(*make_real_host(options))) {}

    Result<HostFacts> read_facts() override { return real_->read_facts(); }

    Result<Inventory> read_inventory(const InventoryQuery& query) override {
        Inventory inventory = TRY(read_files_inventory(paths_, query));
        std::map<std::string, std::string> running = units();
        std::vector<std::string> names = query.units;
        for (const auto& [key, value] : inventory.manifest) {
            if (key.starts_with("unit:")) names.push_back(key.substr(5));
            if (key.starts_with(paths_.units + "/"))
                names.push_back(key.substr(paths_.units.size() + 1));
        }
        for (const std::string& name : names)
            if (auto it = running.find(name); it != running.end())
                inventory.units[name] = {true, false, it->second != text_of(name)};
        return inventory;
    }

    Result<void> perform(const Step& step, const StepProgress& progress) override {
        if (const auto* start = std::get_if<StartUnit>(&step)) return run_unit(start->unit);
        if (const auto* restart = std::get_if<RestartUnit>(&step)) return run_unit(restart->unit);
        if (const auto* stop = std::get_if<StopUnit>(&step)) {
            auto running = units();
            running.erase(stop->unit);
            return write(running);
        }
        if (const auto* dir = std::get_if<EnsureDir>(&step))
            return real_->perform(
                EnsureDir{dir->path, dir->mode, test::own_user(), test::own_group(), dir->marker},
                progress);
        if (const auto* file = std::get_if<WriteFile>(&step)) {
            WriteFile mine = *file;
            mine.file.group.clear();
            return real_->perform(mine, progress);
        }
        bool of_files = std::holds_alternative<InstallUnit>(step) ||
                        std::holds_alternative<RemoveFile>(step) ||
                        std::holds_alternative<SwitchGeneration>(step);
        return of_files ? real_->perform(step, progress) : Result<void>();
    }

    Result<void> journal(std::string_view line) override { return real_->journal(line); }

    std::map<std::string, std::string> units() {
        Diagnostics diagnostics;
        Value root = parse_toml(read_file(systemd_).value_or(""), systemd_, diagnostics);
        std::map<std::string, std::string> running;
        for (const Member& member : *root.table()) running[member.key] = *member.value.string();
        return running;
    }

    Result<void> run_unit(const std::string& unit) {
        auto running = units();
        running[unit] = text_of(unit);
        return write(running);
    }

  private:
    std::string text_of(const std::string& unit) {
        return read_file(paths_.units + "/" + unit_file_of(unit)).value_or("");
    }
    Result<void> write(const std::map<std::string, std::string>& running) {
        Table table;
        for (const auto& [name, text] : running) set(table, name, text);
        return write_file_durably(systemd_, write_toml(table));
    }

    Paths paths_;
    std::string systemd_;
    std::unique_ptr<Host> real_;
};

struct KilledInstances : test::HostTest {
    HostWithUnits units_host() { return {{paths, depot}, dir / "systemd"}; }

    Desired desired;
    Stack stack;

    void configure(int instances) {
        SmallStack small = small_stack("", {test::kWorkerConf});
        Diagnostics diagnostics;
        Site site = read_site(
            {{"lakebed.toml", "[worker]\ninstances = " + std::to_string(instances) + "\n"}},
            diagnostics);
        ResolveInput input = test::resolve_input(small.data, site);
        input.paths = paths;
        input.facts.site_id = "site-a";
        small.data.templates["worker.service.in"] =
            "[Service]\nExecStart=/bin/work @instance@ @config@\n"; // not how many there are
        stack = resolve(input, diagnostics);
        desired = render(stack, small.data.templates, diagnostics);
        ASSERT_EQ(test::all_text(diagnostics), "");
    }

    Result<Plan> make() {
        HostWithUnits host = units_host();
        Inventory inventory = TRY(host.read_inventory(inventory_query(stack, desired)));
        Diagnostics about_this_machine; // no systemd, no root
        return make_plan(stack, desired, inventory, about_this_machine);
    }

    Result<void> run(const ApplyOptions& options = {}) {
        Plan plan = TRY(make());
        HostWithUnits host = units_host();
        FileLock lock = TRY(lock_host(paths, "apply"));
        TRY(apply(plan, host, lock, options));
        return {};
    }

    // Generation 1 with all its instances running.
    void start_over(int instances) {
        for (const char* part : {"etc", "opt", "var", "units", "run", "systemd"})
            std::filesystem::remove_all(dir / part);
        configure(instances);
        ASSERT_TRUE(run());
        HostWithUnits host = units_host();
        for (const std::string& unit : unit_names(stack.services.at(0)))
            ASSERT_TRUE(host.run_unit(unit));
    }

    // Units that run, units that are installed, generation and what it remembers.
    std::string state() {
        std::string text;
        HostWithUnits host = units_host();
        for (const auto& [name, file] : host.units())
            text += name + (file == test::file_text(paths.units + "/" + unit_file_of(name))
                                ? " runs\n"
                                : " is outdated\n");
        for (const auto& entry : std::filesystem::directory_iterator(paths.units))
            text += entry.path().filename().string() + "\n" + test::file_text(entry.path());
        Result<Generation> generation = read_current_generation(paths);
        text += std::to_string(generation->number) + "\n";
        for (const auto& [key, value] : generation->manifest) text += key + " = " + value + "\n";
        return text;
    }

    void kill_everywhere(int from, int to, std::size_t units_after) {
        start_over(from);
        configure(to);
        const std::size_t steps = make()->steps.size();
        ASSERT_TRUE(run());
        const std::string wanted = state();
        ASSERT_EQ(units_host().units().size(), units_after) << wanted;
        for (std::size_t step = 0; step < steps; ++step)
            for (FaultPoint point : {FaultPoint::before_intent, FaultPoint::after_intent,
                                     FaultPoint::after_step, FaultPoint::after_done}) {
                SCOPED_TRACE("step " + std::to_string(step) + ", point " +
                             std::to_string(static_cast<int>(point)));
                start_over(from);
                configure(to);
                die_at(step, point, [&](const ApplyOptions& options) { (void)run(options); });
                if (HasFatalFailure()) return;
                Result<void> again = run();
                ASSERT_TRUE(again) << again.error().message;
                ASSERT_EQ(state(), wanted);
            }
    }
};

TEST_F(KilledInstances, fewer_of_them_end_the_same_wherever_it_was) {
    kill_everywhere(3, 1, 1);
}

TEST_F(KilledInstances, more_of_them_end_the_same_wherever_it_was) {
    kill_everywhere(1, 3, 3);
}

} // namespace
} // namespace lakebed
