#include "fuzz/targets.h"
#include "model/service_graph.h"

namespace lakebed::fuzz {

void fuzz_graph(std::string_view input) {
    Diagnostics diagnostics;
    ServiceGraph graph = read_graph(input, "graph.toml", diagnostics);
    if (diagnostics.has_errors()) return;
    Diagnostics again;
    require(read_graph(write_graph(graph), "again.toml", again) == graph,
            "a graph is read back equal");
    Diagnostics checks;
    check_graph(graph, checks);
    if (checks.has_errors()) return;
    require(start_order(graph)->size() == graph.nodes.size(),
            "a good graph has an order of all its nodes");
}

} // namespace lakebed::fuzz
