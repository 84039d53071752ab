#include "cli/applying.h"

#include <iostream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/progress.h"
#include "client/client.h"
#include "host/apply.h"

namespace lakebed {
namespace {

Result<void> ask_about_restarts(const Context& context, const Plan& plan) {
    auto units = disturbed_units(plan);
    if (units.empty()) return {};
    std::string list = fmt::format("{}", fmt::join(units, ", "));
    if (context.globals.yes || !context.io.can_ask) {
        context.say("will be restarted or stopped: " + list);
        return {};
    }
    *context.io.err << fmt::format("this restarts or stops {}; go on? [y/N] ", list) << std::flush;
    std::string answer;
    std::getline(std::cin, answer);
    if (answer == "y" || answer == "yes") return {};
    return fail(Errc::refused, "nothing has been changed", "lakebed apply --yes does not ask");
}

// Reading the artifacts and writing what is in them, as the host counts it.
std::uint64_t bytes_to_do(const Plan& plan) {
    std::uint64_t sum = 0;
    for (const Step& step : plan.steps)
        if (const auto* unpack = std::get_if<Unpack>(&step)) {
            sum += unpack->entry.unpacked.bytes;
            for (const DepotEntry& entry : unpack->from) sum += entry.size.bytes;
        }
    return sum;
}

std::string doing(const Step& step) {
    if (const auto* unpack = std::get_if<Unpack>(&step)) return "unpack " + unpack->entry.component;
    return to_string(step);
}

void show(Context& context, const Plan& plan, Progress& progress, const ApplyProgress& at) {
    const Step& step = plan.steps[at.step];
    std::string item = std::to_string(at.step);
    auto now = std::chrono::steady_clock::now();
    switch (at.phase) {
    case ApplyProgress::Phase::begin:
        if (context.globals.verbose) progress.note(to_string(step));
        progress.update(item, doing(step), 0, 0, now);
        break;
    case ApplyProgress::Phase::bytes:
        progress.update(item, doing(step), at.done, at.total, now);
        break;
    case ApplyProgress::Phase::end:
        progress.finish(item, now);
        break;
    }
}

// lakebedd follows the link `current`; it need not run for apply to be complete.
void reload_lakebedd(const Context& context) {
    if (!require_running_system(context)) return;
    auto client = Client::connect();
    if (!client) return;
    if (auto reloaded = client->reload(); !reloaded)
        context.say("lakebedd could not read the new graph: " + reloaded.error().message);
}

} // namespace

Result<int> apply_to_host(Context& context) {
    TRY(require_root(context));
    auto lock = TRY(lock_host(context.paths, context.command->name));
    auto planned = TRY(plan_for_host(context));
    const Plan& plan = planned.plan;
    merge(context.document, plan_document(planned.loaded.stack, plan));
    set(context.document, "applied", false);
    TRY(require_fit_host(context, planned));
    for (const std::string& path : plan.drift)
        context.say(fmt::format("edited by hand, kept as it is: {}", path));
    if (is_empty(plan)) {
        context.say(fmt::format("nothing to do: generation {} is current", plan.from_generation));
        return plan.from_generation;
    }
    TRY(ask_about_restarts(context, plan));
    Progress progress(context.io, context.globals.quiet, "apply", plan.steps.size(),
                      bytes_to_do(plan));
    ApplyOptions options;
    options.cancel = context.cancel;
    options.progress = [&](const ApplyProgress& at) { show(context, plan, progress, at); };
    auto report = lakebed::apply(plan, *planned.loaded.host, lock, options);
    progress.clear();
    auto done = TRY(std::move(report));
    set(context.document, "applied", true);
    set(context.document, "seconds", std::chrono::duration<double>(done.took).count());
    reload_lakebedd(context);
    context.say(fmt::format("generation {} is current: {} steps in {}", done.generation,
                            plan.steps.size(), short_duration(done.took)));
    return done.generation;
}

} // namespace lakebed
