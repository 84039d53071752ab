// make_class_archives(): all services of the current generation.
#include "init/class_archives.h"

#include <cerrno>
#include <filesystem>
#include <optional>
#include <set>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "model/class_archive.h"
#include "model/service_graph.h"
#include "sys/files.h"
#include "sys/systemd_manager.h"

namespace lakebed {
namespace {

using Say = std::function<void(const std::string&)>;

struct Candidate {
    const GraphNode* node = nullptr;
    std::string archive;
};

Result<std::vector<Candidate>> read_candidates(const ServiceGraph& graph,
                                               const std::string& units) {
    std::vector<Candidate> found;
    for (const GraphNode& node : graph.nodes) {
        if (!node.jvm) continue;
        std::string text = TRY(read_file(units + "/" + unit_file_of_node(node.unit)));
        if (auto archive = class_archive_of_unit(text)) found.push_back({&node, *archive});
    }
    return found;
}

// Of a service that is ready; an invalid descriptor: it is not.
Result<UniqueFd> open_process(SystemdManager& systemd, const std::string& unit) {
    UnitProperties now = TRY(systemd.unit(unit));
    if (now.active_state != "active" || now.main_pid <= 1) return UniqueFd();
    UniqueFd process =
        TRY(open_file(fmt::format("/proc/{}", now.main_pid), O_RDONLY | O_DIRECTORY));
    // Asked again with the process held: a number that was used anew in between is found.
    if (TRY(systemd.unit(unit)).main_pid != now.main_pid) return UniqueFd();
    return process;
}

class Run {
  public:
    Run(SystemdManager& systemd, const ArchivePlaces& places, const ArchiveOptions& options,
        const Say& say)
        : systemd_(systemd), places_(places), options_(options), say_(say) {}

    // False: it is not ready yet.
    bool handle(const Candidate& candidate) {
        if (done_.contains(candidate.archive)) return true; // another instance's
        const GraphNode& node = *candidate.node;
        auto outcome = make(candidate);
        if (!outcome) {
            ++failed_;
            say_(fmt::format("{}: no class archive: {}{}{}", node.unit, outcome.error().message,
                             outcome.error().hint.empty() ? "" : "; ", outcome.error().hint));
            return true;
        }
        if (!outcome->has_value()) return false;
        done_.insert(candidate.archive);
        made_ += **outcome == ArchiveOutcome::made ? 1 : 0;
        if (**outcome == ArchiveOutcome::stale)
            say_(fmt::format("{}: removed {}, which its JVM did not take; its next start records "
                             "anew",
                             node.unit, candidate.archive));
        return true;
    }

    [[nodiscard]] Result<void> result() const {
        if (failed_ == 0 || made_ > 0) return {};
        return fail(fmt::format("none of {} class archives could be made", failed_));
    }

  private:
    Result<std::optional<ArchiveOutcome>> make(const Candidate& candidate) {
        const GraphNode& node = *candidate.node;
        UniqueFd process = TRY(open_process(systemd_, node.unit));
        if (!process.valid()) return std::optional<ArchiveOutcome>();
        return std::optional(TRY(make_class_archive({.unit = node.unit,
                                                     .service = service_of_node(node.name),
                                                     .process = process.get(),
                                                     .runtime = places_.run + "/" + node.name,
                                                     .archive = candidate.archive},
                                                    options_, say_)));
    }

    SystemdManager& systemd_;
    const ArchivePlaces& places_;
    const ArchiveOptions& options_;
    const Say& say_;
    std::set<std::string> done_;
    int made_ = 0;
    int failed_ = 0;
};

} // namespace

Result<void> sweep_class_archives(const std::string& directory,
                                  const std::function<bool(const std::string&)>& keep,
                                  const Say& say) {
    for (const std::string& name : TRY(list_directory(directory))) {
        bool remains = name.starts_with('.') && name.ends_with(".jsa.part");
        if (!remains && (!name.ends_with(".jsa") || keep(name))) continue;
        const std::string path = directory + "/" + name;
        if (::unlink(path.c_str()) != 0) return fail_errno("cannot remove " + path, errno);
        say(fmt::format("removed {}: no unit names it", path));
    }
    return {};
}

Result<void> make_class_archives(const ArchivePlaces& places, const ArchiveOptions& options,
                                 const Say& say) {
    Diagnostics diagnostics;
    ServiceGraph graph = read_graph(TRY(read_file(places.graph)), places.graph, diagnostics);
    TRY(diagnostics.result());
    auto candidates = TRY(read_candidates(graph, places.units));
    std::set<std::string> named;
    for (const Candidate& candidate : candidates)
        named.insert(std::filesystem::path(candidate.archive).filename());
    TRY(sweep_class_archives(
        options.directory, [&](const std::string& name) { return named.contains(name); }, say));

    auto systemd = TRY(SystemdManager::connect());
    const auto deadline = std::chrono::steady_clock::now() + places.patience;
    Run run(systemd, places, options, say);
    while (true) {
        std::erase_if(candidates, [&](const Candidate& one) { return run.handle(one); });
        if (candidates.empty() || std::chrono::steady_clock::now() >= deadline) break;
        std::this_thread::sleep_for(std::chrono::seconds(2));
    }
    for (const Candidate& candidate : candidates) say(candidate.node->unit + ": is not ready");
    return run.result();
}

} // namespace lakebed
