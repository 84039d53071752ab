// lakebed_sim: plays seeds against the supervisor's engine; prints sizes, and for each seed that
// breaks something the shortest list of faults that does.
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <limits>
#include <mutex>
#include <thread>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "sim/play.h"
#include "sim/replay.h"

namespace {

using namespace lakebed;
using namespace lakebed::sim;

void report(const Scenario& scenario, const std::string& broken, Mutant mutant) {
    const Scenario small = shrink(scenario, mutant);
    const Outcome outcome = play(small, mutant);
    fmt::print("seed {}: {}\n  shrunk from {} to {} faults: {}\n", scenario.seed, broken,
               scenario.faults.size(), small.faults.size(), outcome.broken.value_or("?"));
    for (const Fault& fault : small.faults) fmt::print("  {}\n", describe(small, fault));
    std::fflush(stdout);
}

volatile std::sig_atomic_t interrupted = 0;

struct Totals {
    std::atomic<std::uint64_t> next, events{0}, actions{0}, faults{0}, broken{0};
};

int play_all(std::uint64_t first, std::uint64_t seeds, Duration length, int jobs) {
    const auto began = std::chrono::steady_clock::now();
    Totals totals{first};
    std::mutex printing;
    auto work = [&] {
        for (;;) {
            const std::uint64_t seed = totals.next++;
            if (seed - first >= seeds || totals.broken >= 5 || interrupted) {
                --totals.next;
                return;
            }
            const Scenario scenario = make_scenario(seed, length);
            const Outcome outcome = play(scenario);
            totals.events += outcome.events;
            totals.actions += outcome.actions;
            totals.faults += scenario.faults.size();
            if (!outcome.broken) continue;
            ++totals.broken;
            std::lock_guard lock(printing);
            report(scenario, *outcome.broken, Mutant::none);
        }
    };
    std::vector<std::jthread> threads;
    for (int i = 1; i < jobs; ++i) threads.emplace_back(work);
    work();
    threads.clear();
    const double took =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    fmt::print("sim: seeds {} to {}, {} each: {} faults, {} events, {} actions in {:.1f} s; "
               "{} seeds broke an invariant\n",
               first, totals.next.load() - 1, to_string(length), totals.faults.load(),
               totals.events.load(), totals.actions.load(), took, totals.broken.load());
    return totals.broken == 0 ? 0 : 1;
}

// Each engine broken on purpose must be caught within `seeds`.
int play_mutants(std::uint64_t first, std::uint64_t seeds, Duration length) {
    int missed = 0;
    for (int i = 1; i < kMutants; ++i) {
        const auto mutant = static_cast<Mutant>(i);
        std::uint64_t seed = first;
        std::optional<std::string> broken;
        for (; seed < first + seeds && !broken; ++seed)
            broken = play(make_scenario(seed, length), mutant).broken;
        if (broken) {
            fmt::print("mutant caught after {} seeds: {}: {}\n", seed - first, to_string(mutant),
                       *broken);
        } else {
            fmt::print("mutant MISSED in {} seeds: {}\n", seeds, to_string(mutant));
            ++missed;
        }
    }
    return missed == 0 ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
    CLI::App app{"Simulates the supervisor's engine with systemd, services, people and accidents"};
    std::uint64_t seeds = 10000;
    std::uint64_t first = 1;
    double hours = 1;
    int jobs = 1;
    bool mutants = false;
    bool nightly = false;
    bool trace = false;
    std::string recording;
    app.add_option("--seeds", seeds, "number of seeds")->envname("LAKEBED_SIM_SEEDS");
    app.add_option("--first", first, "first seed");
    app.add_option("--hours", hours, "length of each simulated life");
    app.add_option("--jobs", jobs, "threads");
    app.add_flag("--mutants", mutants, "check that engines broken on purpose are caught");
    app.add_flag("--nightly", nightly, "play fresh seeds until interrupted, or five have failed");
    app.add_flag("--trace", trace,
                 "print everything that happens in seed FIRST, shrunk if it breaks");
    app.add_option("--replay", recording, "play a recording of lakebedd --record again");
    CLI11_PARSE(app, argc, argv);
    if (!recording.empty()) return replay_file(recording);
    const Duration length(static_cast<std::int64_t>(hours * 3600e6));
    if (trace) {
        Scenario scenario = make_scenario(first, length);
        if (play(scenario).broken) scenario = shrink(scenario);
        const Outcome outcome = play(scenario, Mutant::none, true);
        fmt::print("{}\n", outcome.broken.value_or("nothing broke"));
        return outcome.broken ? 1 : 0;
    }
    if (mutants) return play_mutants(first, seeds, length);
    if (nightly) {
        std::signal(SIGINT, [](int) { interrupted = 1; });
        std::signal(SIGTERM, [](int) { interrupted = 1; });
        // Another range each night; the seeds that fail are printed, and stay the same.
        if (app.count("--first") == 0)
            first = 1'000'000 * static_cast<std::uint64_t>(std::time(nullptr) / 86400);
        seeds = std::numeric_limits<std::uint64_t>::max();
    }
    return play_all(first, seeds, length, jobs);
}
