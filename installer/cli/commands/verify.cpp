#include <algorithm>

#include <fmt/format.h>

#include "cli/commands/commands.h"
#include "cli/live_block.h"
#include "cli/planning.h"
#include "cli/stack_status.h"
#include "verify/verify.h"

namespace lakebed {
namespace {

double seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

Array step_rows(const VerifyReport& report) {
    Array rows;
    for (const StepResult& step : report.steps) {
        Table row;
        set(row, "name", step.name);
        set(row, "service", step.service);
        set(row, "ok", step.ok);
        set(row, "seconds", seconds(step.took));
        set(row, "detail", step.detail);
        rows.emplace_back(std::move(row));
    }
    return rows;
}

// Steps of the services named, or of all. A step may also belong to the profile, or to a service
// with instances as a whole: neither is a node of the graph.
Result<std::vector<VerifyStep>> chosen_steps(const Context& context, const ServiceGraph& graph,
                                             std::vector<VerifyStep> steps) {
    if (context.arguments.empty()) return steps;
    std::vector<std::string> services, nodes;
    for (const std::string& name : context.arguments) {
        bool known = std::any_of(steps.begin(), steps.end(),
                                 [&](const VerifyStep& step) { return step.service == name; });
        (known ? services : nodes).push_back(name);
    }
    if (!nodes.empty())
        for (const GraphNode* node : TRY(select_services(graph, nodes)))
            services.push_back(node->name.substr(0, node->name.find('@')));
    std::erase_if(steps, [&](const VerifyStep& step) {
        return std::find(services.begin(), services.end(), step.service) == services.end();
    });
    return steps;
}

Result<int> run_verify_command(Context& context) {
    TRY(require_root(context));
    auto graph = TRY(read_current_graph(context));
    auto text = TRY(read_generation_file(context, "verify.toml"));
    Diagnostics diagnostics;
    auto steps = read_verify(text, context.paths.state + "/current/verify.toml", diagnostics);
    TRY(take_problems(context, diagnostics, Errc::failed, "in the acceptance steps"));
    steps = TRY(chosen_steps(context, graph, std::move(steps)));
    std::size_t left_out = 0;
    if (!context.has("--deep"))
        left_out = std::erase_if(steps, [](const VerifyStep& step) { return step.deep; });

    LiveBlock block(context.io);
    VerifyHooks hooks;
    hooks.interrupted = context.cancel;
    if (context.io.err_live && !context.globals.quiet)
        hooks.started = [&](const VerifyStep& step) {
            block.draw({fmt::format("  {}: {}", step.service, step.name)});
        };
    hooks.finished = [&](const StepResult& step) {
        block.clear();
        bool color = context.io.out_color;
        context.print(fmt::format("{} {:>6}  {:<16} {}\n                        {}\n",
                                  step.ok ? paint("ok    ", Color::green, color)
                                          : paint("FAILED", Color::red, color),
                                  short_duration(step.took), step.service, step.name, step.detail));
    };
    auto report = run_verify(steps, hooks);

    set(context.document, "ok", report.ok);
    set(context.document, "generation", std::int64_t{graph.generation});
    set(context.document, "steps", step_rows(report));
    set(context.document, "left_out", static_cast<std::int64_t>(left_out));
    Duration total{};
    int failed = 0;
    for (const StepResult& step : report.steps) {
        total += step.took;
        failed += !step.ok;
    }
    if (!report.ok)
        return fail(fmt::format("{} of {} acceptance steps failed", failed, report.steps.size()),
                    "lakebed status and lakebed logs SERVICE show more");
    context.print(fmt::format("{} acceptance steps passed in {}\n", report.steps.size(),
                              short_duration(total)));
    if (left_out > 0)
        context.print(
            fmt::format("{} deep steps left out: lakebed verify --deep runs them too\n", left_out));
    return 0;
}

} // namespace

Command verify_command() {
    return {
        .name = "verify",
        .summary = "prove that the services do what they are for",
        .arguments = "[SERVICE...]",
        .description =
            "Runs the acceptance steps of the current generation against the running services: "
            "strangers are refused, a key, an object, a database can be made, read and removed, "
            "both "
            "engines read and change the same tables. Everything is made under a random name and "
            "removed again. Steps that take long or disturb the services, such as killing the "
            "JobManager under a running job, are run with --deep only.",
        .options = {{"--deep", "", "also run the steps that take long or disturb the services"}},
        .examples = {"lakebed verify", "lakebed verify --deep", "lakebed verify redis --json"},
        .max_arguments = 100,
        .run = run_verify_command};
}

} // namespace lakebed
