#include "fuzz/targets.h"
#include "input/shapes.h"
#include "render/render.h"

namespace lakebed::fuzz {

// A conf/ file alone in a profile: resolve and render answer whatever it says.
void fuzz_service_conf(std::string_view input) {
    Diagnostics diagnostics;
    ResolveInput all;
    all.confs.push_back(read_service_conf(input, "fuzz.toml", diagnostics));
    if (diagnostics.has_errors()) return;
    for (const FileConf& file : all.confs[0].files)
        require(is_relative_path(file.path), "a config file stays in its directory");
    all.profile.name = "fuzz";
    all.profile.services = {all.confs[0].name};
    all.facts = {{std::uint64_t{16} << 30}, "x86_64", "0123"};
    Stack stack = resolve(all, diagnostics);
    if (diagnostics.has_errors() || stack.services.empty()) return; // it may be left out
    UnitTemplates templates = {
        {stack.services.at(0).unit_template, "@header@\n[Unit]\n@credentials@\n"}};
    Desired first = render(stack, templates, diagnostics);
    if (diagnostics.has_errors()) return;
    require(render(stack, templates, diagnostics) == first, "rendering is deterministic");
}

} // namespace lakebed::fuzz
