#include "fuzz/targets.h"
#include "input/catalog.h"
#include "input/shapes.h"

namespace lakebed::fuzz {

void fuzz_catalog(std::string_view input) {
    Diagnostics diagnostics;
    Catalog catalog;
    read_catalog(input, "fuzz.toml", catalog, diagnostics);
    check_catalog(catalog, diagnostics);
    if (diagnostics.has_errors()) return;
    for (const Artifact& artifact : catalog.artifacts)
        require(is_file_name(artifact.file), "an artifact's file stays in its directory");
    for (const Component& component : catalog.components)
        for (const LayoutStep& step : component.layout)
            require(step.to.empty() || is_relative_path(step.to),
                    "a layout stays in its component");
}

} // namespace lakebed::fuzz
