// GraphLayout: where to draw each node of the service graph, and the lines between them.
//
// How it works (after Sugiyama): each node stands one row below the last of what it needs; lines
// over several rows get a turning point in each; rows are ordered so that neighbours stand near
// each other, and then moved sideways towards them. Needs that follow from others are left out, but
// for sessions, which say who restarts with whom.
#pragma once

#include <cstddef>
#include <vector>

#include "model/service_graph.h"

namespace lakebed {

struct DrawnPoint {
    double x = 0, y = 0;
    bool operator==(const DrawnPoint&) const = default;
};

struct DrawnLine {
    std::size_t from = 0, to = 0; // indices of nodes: what is needed, what needs it
    EdgeType type = EdgeType::reconnects;
    std::vector<DrawnPoint> points; // from the lower edge of `from` to the upper edge of `to`
};

struct GraphLayout {
    static constexpr double kBoxWidth = 172, kBoxHeight = 42;

    double width = 0, height = 0;
    std::vector<DrawnPoint> boxes; // upper left corners, one for each node of the graph
    std::vector<DrawnLine> lines;
};

// Of a graph that passed check_graph(). Deterministic.
[[nodiscard]] GraphLayout make_layout(const ServiceGraph& graph);

} // namespace lakebed
