// layout_bench: how long it takes to lay out all components of the catalog from a depot, against
// tar, unzip and ln by hand over the same files; both end with the data synced to disk.
//
//   layout_bench --share DIR --depot DIR [--work DIR] [--rounds N]
//   layout_bench --share DIR --depot DIR --store DIR     lays out what is missing there, and no
//   more
#include <algorithm>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <map>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "depot/depot.h"
#include "host/apply.h"
#include "plan/store_entry.h"
#include "sys/files.h"
#include "sys/process.h"

namespace lakebed {
namespace {

struct Options {
    std::string share = "/usr/share/lakebed";
    std::string depot = "/var/lib/lakebed/depot";
    std::string work = "/var/tmp/lakebed-layout-bench";
    std::string store;
    int rounds = 5;
};

Result<Catalog> read_all(const std::string& share) {
    Catalog catalog;
    Diagnostics diagnostics;
    for (const auto& [path, text] : TRY(read_toml_directory(share + "/catalog")))
        read_catalog(text, path, catalog, diagnostics);
    check_catalog(catalog, diagnostics);
    TRY(diagnostics.result());
    return catalog;
}

Result<Plan> plan_all(const Catalog& catalog, const Options& options, const Paths& paths) {
    std::map<std::string, IndexEntry> held = TRY(read_depot(options.depot));
    Plan plan;
    plan.to_generation = 1;
    for (const Component& component : catalog.components) {
        Unpack step;
        step.entry = make_store_entry(component, catalog, paths);
        for (const Artifact& artifact : step.entry.artifacts) {
            if (!held.contains(artifact.name))
                return fail(fmt::format("{} is not in {}", artifact.name, options.depot));
            const IndexEntry& entry = held[artifact.name];
            step.from.push_back({artifact.name, entry.sha256, entry.size,
                                 stored_path(options.depot, entry.sha256)});
        }
        plan.steps.emplace_back(std::move(step));
    }
    return plan;
}

// One layout step as somebody would type it.
std::string by_hand(const LayoutStep& step, const Artifact& artifact, const std::string& file,
                    const std::string& root) {
    const std::string to = step.to.empty() ? root : root + '/' + step.to;
    std::string script = fmt::format("mkdir -p {0}\n", to);
    if (!step.unpack) {
        const std::string name = step.rename.empty() ? artifact.file : step.rename;
        return script +
               fmt::format("ln {0} {1}/{2} 2>/dev/null || cp {0} {1}/{2}\n", file, to, name);
    }
    auto quoted = [](const std::vector<std::string>& globs, std::string_view prefix) {
        std::string text;
        for (const std::string& glob : globs) text += fmt::format(" '{}{}'", prefix, glob);
        return text;
    };
    if (artifact.type == ContentType::tar_gz || artifact.type == ContentType::tar_xz)
        return script + fmt::format("tar -xf {} -C {} --strip-components={} --wildcards{}{}\n",
                                    file, to, step.strip, quoted(step.include, ""),
                                    quoted(step.exclude, "--exclude="));
    if (!step.inner.empty())
        return script + fmt::format("mkdir {0}/.t; unzip -qoj {1} '{2}' -d {0}/.t; tar -xf "
                                    "{0}/.t/* -C {0}; rm -r {0}/.t\n",
                                    to, file, step.inner);
    std::string strip;
    for (int i = 0; i < step.strip; ++i) strip += "/*";
    // mv cannot merge what several archives bring into one directory.
    const std::string_view put = step.rename.empty() ? "cp -al" : "mv";
    script += fmt::format(
        "mkdir {0}/.t; unzip -qo {1}{2} -d {0}/.t; {5} {0}/.t{3}/* {0}/{4}; rm -r {0}/.t\n", to,
        file, quoted(step.include, ""), strip, step.rename, put);
    return script;
}

std::string script_of(const Plan& plan, const std::string& root) {
    std::string script = "set -e\n";
    for (const Step& step : plan.steps) {
        const auto& unpack = std::get<Unpack>(step);
        for (const LayoutStep& layout : unpack.entry.layout)
            for (std::size_t i = 0; i < unpack.from.size(); ++i)
                if (unpack.from[i].artifact == layout.artifact)
                    script += by_hand(layout, unpack.entry.artifacts[i], unpack.from[i].path,
                                      root + '/' + unpack.entry.component);
    }
    return script + fmt::format("sync -f {}\n", root);
}

struct Tree {
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;
};

Tree size_of(const std::string& root) {
    Tree tree;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
        std::string name = entry.path().filename().string();
        bool own =
            entry.path().string().find("/.blobs/") != std::string::npos || name == ".lakebed-entry";
        if (own || !entry.is_regular_file() || entry.is_symlink()) continue;
        ++tree.files;
        tree.bytes += entry.file_size();
    }
    return tree;
}

void start_even(const std::string& root) {
    std::filesystem::remove_all(root);
    std::filesystem::create_directories(root);
    ::sync(); // what the last run left to write is not this one's to wait for
}

using Seconds = std::chrono::duration<double>;

Result<double> time_layout(const Plan& plan, const Paths& paths, const Options& options,
                           const std::string& root) {
    start_even(root);
    std::unique_ptr<Host> host = TRY(make_real_host({paths, options.depot}));
    FileLock lock = TRY(lock_host(paths, "bench"));
    auto begin = std::chrono::steady_clock::now();
    ApplyReport report = TRY(apply(plan, *host, lock));
    for (const StepTime& step : report.steps)
        std::cerr << fmt::format("  {:5} ms  {}\n", step.took.count(),
                                 std::get<Unpack>(plan.steps[step.step]).entry.component);
    return Seconds(std::chrono::steady_clock::now() - begin).count();
}

Result<double> time_by_hand(const Plan& plan, const std::string& root) {
    start_even(root);
    auto begin = std::chrono::steady_clock::now();
    ChildExit exit = TRY(run_child({.argv = {"sh", "-c", script_of(plan, root)}}));
    double seconds = Seconds(std::chrono::steady_clock::now() - begin).count();
    if (!exit.ok()) return fail("by hand: " + exit.errors);
    return seconds;
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

Result<void> fill_store(const Options& options) {
    Paths paths;
    paths.store = options.store;
    paths.state = options.work + "/state";
    paths.run = options.work + "/run";
    Catalog catalog = TRY(read_all(options.share));
    Plan plan = TRY(plan_all(catalog, options, paths));
    std::erase_if(plan.steps, [](const Step& step) {
        return std::filesystem::exists(std::get<Unpack>(step).entry.path + "/.lakebed-entry");
    });
    std::filesystem::create_directories(options.store);
    std::unique_ptr<Host> host = TRY(make_real_host({paths, options.depot}));
    FileLock lock = TRY(lock_host(paths, "tests"));
    TRY(apply(plan, *host, lock));
    return {};
}

Result<void> run(const Options& options) {
    if (!options.store.empty()) return fill_store(options);
    Paths paths;
    const std::string root = options.work + "/lakebed", hand = options.work + "/hand";
    paths.store = root + "/store";
    paths.state = root + "/state";
    paths.run = options.work + "/run";
    Catalog catalog = TRY(read_all(options.share));
    Plan plan = TRY(plan_all(catalog, options, paths));
    std::vector<double> ours, theirs;
    for (int i = 0; i < options.rounds; ++i) {
        theirs.push_back(TRY(time_by_hand(plan, hand)));
        ours.push_back(TRY(time_layout(plan, paths, options, root)));
        std::cerr << fmt::format("round {}: layout {:.2f} s, tar and unzip {:.2f} s\n", i + 1,
                                 ours.back(), theirs.back());
    }
    Tree made = size_of(paths.store), expected = size_of(hand);
    std::cout << fmt::format(
        "{{\"layout_s\": {:.3f}, \"tar_unzip_s\": {:.3f}, \"rounds\": {}, \"components\": {}, "
        "\"files\": {}, \"bytes\": {}, \"files_by_hand\": {}, \"bytes_by_hand\": {}}}\n",
        median(ours), median(theirs), options.rounds, plan.steps.size(), made.files, made.bytes,
        expected.files, expected.bytes);
    std::filesystem::remove_all(options.work);
    return {};
}

} // namespace
} // namespace lakebed

int main(int argc, char** argv) {
    lakebed::Options options;
    for (int i = 1; i + 1 < argc; i += 2) {
        std::string name = argv[i];
        if (name == "--share")
            options.share = argv[i + 1];
        else if (name == "--depot")
            options.depot = argv[i + 1];
        else if (name == "--work")
            options.work = argv[i + 1];
        else if (name == "--store")
            options.store = argv[i + 1];
        else if (name == "--rounds")
            options.rounds = std::max(1, std::atoi(argv[i + 1]));
        else {
            std::cerr << "layout_bench: unknown option " << name << '\n';
            return 2;
        }
    }
    lakebed::Result<void> result = lakebed::run(options);
    if (result) return 0;
    std::cerr << "layout_bench: " << result.error().message << '\n';
    return static_cast<int>(result.error().code);
}
