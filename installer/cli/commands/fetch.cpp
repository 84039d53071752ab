#include "depot/fetch.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "cli/applying.h"
#include "cli/commands/commands.h"
#include "cli/progress.h"

namespace lakebed {
namespace {

std::uint64_t known_bytes(const Catalog& catalog, const std::vector<std::string>& artifacts) {
    std::uint64_t sum = 0;
    for (const Artifact& artifact : catalog.artifacts)
        if (artifacts.empty() ||
            std::find(artifacts.begin(), artifacts.end(), artifact.name) != artifacts.end())
            sum += artifact.size.bytes;
    return sum;
}

void show(Progress& progress, const FetchProgress& at) {
    auto now = std::chrono::steady_clock::now();
    if (at.phase == FetchPhase::done || at.phase == FetchPhase::failed)
        progress.finish(at.artifact, now);
    else if (at.phase != FetchPhase::waiting)
        progress.update(at.artifact, fmt::format("{} {}", to_string(at.phase), at.artifact),
                        at.done, at.total, now);
}

// Those of every component that a service of the profile uses, unless it is left out.
Result<std::vector<std::string>> artifacts_of_profile(Context& context, const Inputs& inputs) {
    std::vector<std::string> components, artifacts;
    for (const AssembledService& service : TRY(assemble_services(context, inputs))) {
        if (!service.unset.empty()) continue;
        const ServiceConf& conf = service.conf;
        if (!conf.component.empty()) components.push_back(conf.component);
        components.insert(components.end(), conf.components.begin(), conf.components.end());
    }
    for (const std::string& name : components)
        if (const Component* component = find_component(inputs.catalog, name))
            for (const LayoutStep& step : component->layout)
                if (std::find(artifacts.begin(), artifacts.end(), step.artifact) == artifacts.end())
                    artifacts.push_back(step.artifact);
    return artifacts;
}

Result<int> jobs_of(const Context& context) {
    auto text = context.option("--jobs");
    int jobs = FetchOptions().jobs;
    if (!text) return jobs;
    auto parsed = std::from_chars(text->data(), text->data() + text->size(), jobs);
    if (parsed.ec != std::errc() || parsed.ptr != text->data() + text->size() || jobs < 1 ||
        jobs > 64)
        return fail(Errc::usage, fmt::format("--jobs is \"{}\"", *text), "a number from 1 to 64");
    return jobs;
}

Result<int> run_fetch(Context& context) {
    if (context.has("--all") && !context.arguments.empty())
        return fail(Errc::usage, "--all and names of artifacts exclude each other");
    auto artifacts = context.arguments;
    Catalog catalog;
    if (artifacts.empty() && !context.has("--all")) {
        auto inputs = TRY(read_inputs(context));
        artifacts = TRY(artifacts_of_profile(context, inputs));
        catalog = std::move(inputs.catalog);
    } else {
        catalog = TRY(read_shipped_catalog(context));
    }
    TRY(fetch_artifacts(context, catalog, std::move(artifacts)));
    return 0;
}

} // namespace

Result<void> fetch_artifacts(Context& context, const Catalog& catalog,
                             std::vector<std::string> artifacts) {
    std::size_t count = artifacts.empty() ? catalog.artifacts.size() : artifacts.size();
    Progress progress(context.io, context.globals.quiet, "fetch", count,
                      known_bytes(catalog, artifacts));
    FetchOptions options;
    options.depot = context.depot;
    options.jobs = TRY(jobs_of(context));
    options.offline = context.has("--offline");
    options.verify = context.has("--verify");
    options.cancel = context.cancel;
    options.progress = [&](const FetchProgress& at) { show(progress, at); };
    auto fetched = fetch(catalog, std::move(artifacts), options);
    progress.clear();
    auto report = TRY(std::move(fetched));

    set(context.document, "depot", context.depot);
    set(context.document, "fetched", Array(report.fetched.begin(), report.fetched.end()));
    set(context.document, "present", Array(report.present.begin(), report.present.end()));
    Array failed;
    for (const FetchFailure& failure : report.failed) {
        Table row;
        set(row, "artifact", failure.artifact);
        set(row, "message", failure.error.message);
        set(row, "hint", failure.error.hint);
        failed.emplace_back(std::move(row));
    }
    set(context.document, "failed", std::move(failed));
    if (report.cancelled)
        return fail(Errc::temporary,
                    fmt::format("interrupted; {} artifacts are in the depot and whole",
                                report.present.size() + report.fetched.size()),
                    "run it again to go on");
    TRY(check(report));
    context.say(fmt::format("{} artifacts fetched, {} were there already, depot {}",
                            report.fetched.size(), report.present.size(), context.depot));
    return {};
}

Command fetch_command() {
    return {.name = "fetch",
            .summary = "bring the pinned artifacts into the depot",
            .arguments = "[ARTIFACT...]",
            .description =
                "Fetches what the profile needs (or the named artifacts, or with --all the whole "
                "catalog) from its sources, each checked against its pinned size and digest. Needs "
                "no root when --depot is a directory of your own. Interrupted, run it again.",
            .options = {{"--all", "", "the whole catalog"},
                        {"--offline", "", "only files and the caches of the clients"},
                        {"--verify", "", "read and hash again what the depot has"},
                        {"--jobs", "COUNT", "at the same time; default 4"}},
            .examples = {"lakebed fetch", "lakebed fetch --profile core --depot ./depot"},
            .max_arguments = 1000,
            .run = run_fetch};
}

} // namespace lakebed
