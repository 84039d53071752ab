#include "web/graph_layout.h"

#include <gtest/gtest.h>

#include "lakehouse.h"

namespace lakebed {
namespace {

std::size_t index_of(const ServiceGraph& graph, std::string_view name) {
    return static_cast<std::size_t>(find_node(graph, name) - graph.nodes.data());
}

TEST(GraphLayout, PutsWhatIsNeededAboveWhatNeedsIt) {
    test::Lakehouse lakehouse;
    GraphLayout layout = make_layout(lakehouse.graph);
    ASSERT_EQ(layout.boxes.size(), lakehouse.graph.nodes.size());
    for (std::size_t i = 0; i < layout.boxes.size(); ++i)
        for (const Need& need : lakehouse.graph.nodes[i].needs)
            EXPECT_LT(layout.boxes[index_of(lakehouse.graph, need.unit)].y +
                          GraphLayout::kBoxHeight,
                      layout.boxes[i].y);
}

TEST(GraphLayout, KeepsBoxesApartAndInsideThePicture) {
    GraphLayout layout = make_layout(test::Lakehouse().graph);
    for (std::size_t i = 0; i < layout.boxes.size(); ++i) {
        const DrawnPoint& a = layout.boxes[i];
        EXPECT_GE(a.x, 0);
        EXPECT_LE(a.x + GraphLayout::kBoxWidth, layout.width);
        EXPECT_LE(a.y + GraphLayout::kBoxHeight, layout.height);
        for (std::size_t j = i + 1; j < layout.boxes.size(); ++j) {
            const DrawnPoint& b = layout.boxes[j];
            if (a.y == b.y) {
                EXPECT_GT(std::abs(a.x - b.x), GraphLayout::kBoxWidth) << i << ' ' << j;
            }
        }
    }
}

TEST(GraphLayout, LinesPassBetweenTheBoxesOfTheRowsTheyCross) {
    GraphLayout layout = make_layout(test::Lakehouse().graph);
    int crossed = 0;
    for (const DrawnLine& line : layout.lines)
        for (std::size_t i = 1; i + 1 < line.points.size(); ++i)
            for (const DrawnPoint& box : layout.boxes)
                if (line.points[i].y == box.y) {
                    ++crossed;
                    EXPECT_TRUE(line.points[i].x < box.x ||
                                line.points[i].x > box.x + GraphLayout::kBoxWidth);
                }
    EXPECT_GT(crossed, 0);
}

TEST(GraphLayout, LeavesOutNeedsThatFollowFromOthersButKeepsSessions) {
    ServiceGraph graph;
    graph.nodes = {{.name = "a", .unit = "a.service"},
                   {.name = "b", .unit = "b.service", .needs = {{"a.service", EdgeType::init}}},
                   {.name = "c",
                    .unit = "c.service",
                    .needs = {{"a.service", EdgeType::reconnects}, {"b.service", EdgeType::init}}},
                   {.name = "d",
                    .unit = "d.service",
                    .needs = {{"a.service", EdgeType::session}, {"c.service", EdgeType::init}}}};
    std::vector<std::pair<std::size_t, std::size_t>> lines;
    for (const DrawnLine& line : make_layout(graph).lines) lines.emplace_back(line.from, line.to);
    EXPECT_EQ(lines,
              (std::vector<std::pair<std::size_t, std::size_t>>{{0, 1}, {1, 2}, {0, 3}, {2, 3}}));
}

TEST(GraphLayout, OfNothingIsNothing) {
    GraphLayout layout = make_layout({});
    EXPECT_EQ(layout.width, 0);
    EXPECT_TRUE(layout.boxes.empty());
}

} // namespace
} // namespace lakebed
