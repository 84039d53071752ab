#include "host/steps.h"

#include <cerrno>
#include <charconv>
#include <filesystem>

#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "host/host_paths.h"
#include "model/service_graph.h"
#include "sys/files.h"

namespace lakebed {
namespace {

std::string manifest_text(const std::map<std::string, std::string>& manifest) {
    Table files;
    for (const auto& [path, sha256] : manifest) set(files, path, sha256);
    Table root;
    set(root, "files", files);
    return write_toml(root);
}

Result<std::map<std::string, std::string>> read_manifest(const std::string& path) {
    Diagnostics diagnostics;
    Value root = parse_toml(TRY(read_file(path)), path, diagnostics);
    TableReader reader(root, "", diagnostics);
    std::map<std::string, std::string> manifest;
    const Value* files = reader.table("files");
    if (files && files->table())
        for (const Member& member : *files->table())
            if (const std::string* text = member.value.string()) manifest[member.key] = *text;
    TRY(diagnostics.result(Errc::failed));
    return manifest;
}

Result<std::string> numbered_graph(const std::string& text, int generation) {
    Diagnostics diagnostics;
    ServiceGraph graph = read_graph(text, "graph.toml", diagnostics);
    TRY(diagnostics.result(Errc::failed));
    graph.generation = generation;
    return write_graph(graph);
}

} // namespace

Result<void> switch_generation(const Paths& paths, const SwitchGeneration& step) {
    const std::string final_dir = generation_dir(paths, step.generation);
    const std::string staging =
        fmt::format("{}/generations/.{}.part", paths.state, step.generation);
    std::error_code error;
    // Not TRY: g++ 12 takes its temporary for freed memory here (-Wfree-nonheap-object).
    Result<Generation> current = read_current_generation(paths);
    if (!current) return tl::unexpected(current.error());
    if (current->number != step.generation) {
        std::filesystem::remove_all(staging, error);
        TRY(make_directories(staging));
        std::string graph = TRY(numbered_graph(step.graph, step.generation));
        TRY(write_file_durably(staging + "/graph.toml", graph));
        TRY(write_file_durably(staging + "/verify.toml", step.verify));
        TRY(write_file_durably(staging + "/manifest.toml", manifest_text(step.manifest)));
        // Of a run that was killed between here and the link, so nothing can point to it.
        std::filesystem::remove_all(final_dir, error);
        if (::rename(staging.c_str(), final_dir.c_str()) != 0)
            return fail_errno("cannot rename " + staging + " to " + final_dir, errno);
        TRY(fsync_directory(paths.state + "/generations"));
    }
    return write_link_durably(current_link(paths), fmt::format("generations/{}", step.generation));
}

Result<Generation> read_current_generation(const Paths& paths) {
    Generation generation;
    std::error_code error;
    std::string target = std::filesystem::read_symlink(current_link(paths), error).string();
    if (error == std::errc::no_such_file_or_directory) return generation;
    std::string name = name_of(target);
    auto [end, problem] =
        std::from_chars(name.data(), name.data() + name.size(), generation.number);
    if (error || problem != std::errc{} || end != name.data() + name.size() ||
        generation.number <= 0)
        return fail(fmt::format("\"{}\" does not point to a generation", current_link(paths)),
                    fmt::format("ln -sfn generations/N {}, with the highest N that is there",
                                current_link(paths)));
    generation.manifest =
        TRY(read_manifest(generation_dir(paths, generation.number) + "/manifest.toml"));
    return generation;
}

} // namespace lakebed
