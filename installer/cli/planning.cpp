#include "cli/planning.h"

#include <algorithm>

#include <fmt/format.h>

#include "plan/summary.h"

#include <unistd.h>

namespace lakebed {
namespace {

ByteSize memory_sum(const Stack& stack) {
    ByteSize sum;
    for (const StackService& service : stack.services)
        sum.bytes += service.memory.bytes * node_names(service).size();
    return sum;
}

// Heading of the group that a step is shown under; neighbours of one group share it.
std::string_view group_of(const Step& step) {
    static constexpr std::string_view kGroups[] = {"users and directories",
                                                   "users and directories",
                                                   "secrets",
                                                   "programs",
                                                   "files",
                                                   "files",
                                                   "units",
                                                   "units",
                                                   "units",
                                                   "services",
                                                   "services",
                                                   "services",
                                                   "generation"};
    return kGroups[step.index()];
}

// "\nHEADING\nTEXT", or nothing.
std::string section(std::string_view heading, const std::string& text) {
    return text.empty() ? text : fmt::format("\n{}\n{}", heading, text);
}

std::string disk_table(const Plan& plan) {
    TextTable table{{"file system", "needs at most", "free"}, {}, {false, true, true}};
    for (const DiskNeed& need : plan.disk)
        table.rows.push_back({need.mount_point, to_string(need.peak), to_string(need.free)});
    return table.rows.empty() ? std::string() : format_table(table);
}

Array strings(const std::vector<std::string>& texts) {
    return Array(texts.begin(), texts.end());
}

// What a step works on, under a key of its own for programs.
struct StepSubject {
    Table& row;
    void operator()(const EnsureUser& step) const { set(row, "user", step.name); }
    void operator()(const EnsureDir& step) const { set(row, "path", step.path); }
    void operator()(const EnsureSecret& step) const { set(row, "path", step.secret.path); }
    void operator()(const Unpack& step) const { set(row, "path", step.entry.path); }
    void operator()(const WriteFile& step) const { set(row, "path", step.file.path); }
    void operator()(const RemoveFile& step) const { set(row, "path", step.path); }
    void operator()(const InstallUnit& step) const { set(row, "unit", step.unit.name); }
    void operator()(const ReloadUnits&) const {}
    void operator()(const EnableUnit& step) const { set(row, "unit", step.unit); }
    void operator()(const StartUnit& step) const { set(row, "unit", step.unit); }
    void operator()(const StopUnit& step) const { set(row, "unit", step.unit); }
    void operator()(const RestartUnit& step) const { set(row, "unit", step.unit); }
    void operator()(const SwitchGeneration& step) const {
        set(row, "generation", std::int64_t{step.generation});
    }
};

Value size_value(ByteSize size) {
    return static_cast<std::int64_t>(size.bytes);
}

Table memory_document(const Stack& stack) {
    Table table;
    set(table, "ram", size_value(stack.ram));
    set(table, "budget", size_value(stack.memory_budget));
    set(table, "sum", size_value(memory_sum(stack)));
    Table services;
    for (const StackService& service : stack.services)
        for (const std::string& name : node_names(service))
            if (service.memory.bytes > 0) set(services, name, size_value(service.memory));
    set(table, "services", std::move(services));
    return table;
}

Array port_document(const Stack& stack) {
    Array array;
    for (const StackService& service : stack.services)
        for (const StackPort& port : service.ports) {
            Table row;
            set(row, "service", service.name);
            set(row, "address", port.address);
            set(row, "port", std::int64_t{port.number});
            set(row, "key", fmt::format("service.{}.{}", service.name, port.key));
            array.emplace_back(std::move(row));
        }
    return array;
}

Array not_configured_document(const Stack& stack) {
    Array array;
    for (const NotConfigured& service : stack.not_configured) {
        Table row;
        set(row, "name", service.name);
        set(row, "title", service.title);
        set(row, "reason", service.reason);
        array.emplace_back(std::move(row));
    }
    return array;
}

} // namespace

Result<Planned> plan_for_host(Context& context) {
    Planned planned;
    planned.loaded = TRY(load(context));
    const Loaded& loaded = planned.loaded;
    planned.inventory =
        TRY(loaded.host->read_inventory(inventory_query(loaded.stack, loaded.desired)));
    planned.plan = make_plan(loaded.stack, loaded.desired, planned.inventory, planned.host,
                             {.overwrite_edited = context.has(kOverwriteEdited.name)});
    return planned;
}

std::vector<std::string> missing_artifacts(const Stack& stack, const Inventory& inventory) {
    std::vector<std::string> missing;
    for (const StoreEntry& entry : stack.store) {
        if (inventory.store.count(entry.path) > 0) continue;
        for (const Artifact& artifact : entry.artifacts)
            if (inventory.depot.count(artifact.name) == 0 &&
                std::find(missing.begin(), missing.end(), artifact.name) == missing.end())
                missing.push_back(artifact.name);
    }
    return missing;
}

Result<void> require_fit_host(Context& context, const Planned& planned) {
    auto fit = take_problems(context, planned.host, Errc::checks_failed, "with this host");
    if (fit) return {};
    Error error = fit.error();
    if (!missing_artifacts(planned.loaded.stack, planned.inventory).empty())
        error.hint = "lakebed fetch brings the missing artifacts into the depot";
    return tl::unexpected<Error>(error);
}

std::string describe_plan(const Stack& stack, const Plan& plan) {
    std::string out;
    if (is_empty(plan))
        out = fmt::format("nothing to do: generation {} is current\n", plan.from_generation);
    else
        out = plan.from_generation == 0 ? fmt::format("generation {}, the first, of site {}\n",
                                                      plan.to_generation, stack.site)
                                        : fmt::format("generation {} after {}\n",
                                                      plan.to_generation, plan.from_generation);
    std::string_view group;
    for (const Step& step : plan.steps) {
        if (group_of(step) != group) {
            group = group_of(step);
            out += fmt::format("\n{}\n", group);
        }
        out += fmt::format("  {}\n", to_string(step));
    }
    out += section("memory", memory_table(stack)) + section("ports", ports_table(stack)) +
           section("disk", disk_table(plan)) +
           section("not configured", not_configured_table(stack));
    if (!plan.drift.empty()) out += "\nedited by hand, kept as they are\n";
    for (const std::string& path : plan.drift) out += fmt::format("  {}\n", path);
    return out;
}

Table plan_document(const Stack& stack, const Plan& plan) {
    Table document;
    set(document, "changes", !is_empty(plan));
    set(document, "site", stack.site);
    set(document, "profile", stack.profile);
    set(document, "from_generation", std::int64_t{plan.from_generation});
    set(document, "to_generation", std::int64_t{plan.to_generation});
    Array steps;
    for (const Step& step : plan.steps) {
        Table row;
        set(row, "kind", std::string(kind_name(step)));
        set(row, "text", to_string(step));
        std::visit(StepSubject{row}, step);
        steps.emplace_back(std::move(row));
    }
    set(document, "steps", std::move(steps));
    set(document, "restarts", strings(disturbed_units(plan)));
    set(document, "sizing", stack.sizing);
    set(document, "memory", memory_document(stack));
    set(document, "ports", port_document(stack));
    Array disk;
    for (const DiskNeed& need : plan.disk) {
        Table row;
        set(row, "mount_point", need.mount_point);
        set(row, "peak", size_value(need.peak));
        set(row, "free", size_value(need.free));
        disk.emplace_back(std::move(row));
    }
    set(document, "disk", std::move(disk));
    set(document, "drift", strings(plan.drift));
    set(document, "not_configured", not_configured_document(stack));
    return document;
}

std::vector<std::string> disturbed_units(const Plan& plan) {
    std::vector<std::string> units;
    for (const Step& step : plan.steps) {
        if (const auto* restart = std::get_if<RestartUnit>(&step)) units.push_back(restart->unit);
        if (const auto* stop = std::get_if<StopUnit>(&step)) units.push_back(stop->unit);
    }
    return units;
}

Result<void> require_root(const Context& context) {
    if (::geteuid() == 0) return {};
    return fail(Errc::checks_failed, fmt::format("{} needs root", context.command->name),
                fmt::format("sudo lakebed {}", context.command->name));
}

Result<void> require_running_system(const Context& context) {
    if (context.globals.root.empty() || context.globals.root == "/") return {};
    return fail(Errc::refused,
                fmt::format("{} works on the running system, not below --root {}",
                            context.command->name, context.globals.root),
                "leave --root out");
}

} // namespace lakebed
