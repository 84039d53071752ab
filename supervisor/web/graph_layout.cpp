#include "web/graph_layout.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <string>

namespace lakebed {
namespace {

constexpr double kGap = 18, kRowGap = 40, kMargin = 6, kTurnWidth = 14;
constexpr int kSweeps = 12;

struct Item { // a node, or the turning point of a line
    std::size_t row = 0;
    double width = GraphLayout::kBoxWidth;
    double center = 0;
    std::vector<std::size_t> up, down; // neighbours in the rows above and below
};

struct Edge {
    std::size_t from = 0, to = 0;
    EdgeType type = EdgeType::reconnects;
};

using Rows = std::vector<std::vector<std::size_t>>;

std::vector<std::size_t> order_of(const ServiceGraph& graph,
                                  const std::map<std::string, std::size_t>& index) {
    std::vector<std::size_t> order;
    if (Result<std::vector<std::string>> units = start_order(graph))
        for (const std::string& unit : *units) order.push_back(index.at(unit));
    return order;
}

// Needs that no other need implies, and sessions.
std::vector<Edge> direct_edges(const ServiceGraph& graph,
                               const std::map<std::string, std::size_t>& index,
                               const std::vector<std::size_t>& order) {
    std::size_t count = graph.nodes.size();
    std::vector<std::vector<bool>> reaches(count, std::vector<bool>(count, false));
    std::vector<Edge> edges;
    for (std::size_t node : order) {
        const std::vector<Need>& needs = graph.nodes[node].needs;
        for (const Need& need : needs) {
            std::size_t from = index.at(need.unit);
            bool implied = need.type != EdgeType::session &&
                           std::any_of(needs.begin(), needs.end(), [&](const Need& other) {
                               return reaches[index.at(other.unit)][from];
                           });
            if (!implied) edges.push_back({from, node, need.type});
        }
        for (const Need& need : needs) {
            std::size_t from = index.at(need.unit);
            reaches[node][from] = true;
            for (std::size_t i = 0; i < count; ++i)
                if (reaches[from][i]) reaches[node][i] = true;
        }
    }
    return edges;
}

// As low as its dependents allow, so that lines are short.
std::vector<std::size_t> rows_of(std::size_t count, const std::vector<Edge>& edges,
                                 const std::vector<std::size_t>& order) {
    std::vector<std::size_t> row(count, 0);
    for (std::size_t node : order)
        for (const Edge& edge : edges)
            if (edge.to == node) row[node] = std::max(row[node], row[edge.from] + 1);
    for (auto node = order.rbegin(); node != order.rend(); ++node) {
        std::size_t lowest = count;
        for (const Edge& edge : edges)
            if (edge.from == *node) lowest = std::min(lowest, row[edge.to] - 1);
        if (lowest < count) row[*node] = lowest;
    }
    return row;
}

double mean_of(const std::vector<Item>& items, const std::vector<std::size_t>& neighbours,
               double otherwise) {
    if (neighbours.empty()) return otherwise;
    double sum = 0;
    for (std::size_t neighbour : neighbours) sum += items[neighbour].center;
    return sum / static_cast<double>(neighbours.size());
}

// Centers as near to `wanted` as the widths allow, in the given order: neighbours that would
// overlap are joined to a block that stands where its members want to be on the average.
void place(std::vector<Item>& items, const std::vector<std::size_t>& row,
           const std::vector<double>& wanted) {
    struct Block {
        double at = 0;
        std::size_t size = 0;
    };
    std::vector<double> offset(row.size(), 0);
    std::vector<Block> blocks;
    for (std::size_t i = 0; i < row.size(); ++i) {
        if (i > 0)
            offset[i] = offset[i - 1] + (items[row[i - 1]].width + items[row[i]].width) / 2 + kGap;
        blocks.push_back({wanted[i] - offset[i], 1});
        while (blocks.size() > 1 && blocks[blocks.size() - 2].at > blocks.back().at) {
            Block last = blocks.back();
            blocks.pop_back();
            Block& before = blocks.back();
            double members = static_cast<double>(before.size),
                   more = static_cast<double>(last.size);
            before.at = (before.at * members + last.at * more) / (members + more);
            before.size += last.size;
        }
    }
    std::size_t i = 0;
    for (const Block& block : blocks)
        for (std::size_t n = 0; n < block.size; ++n, ++i)
            items[row[i]].center = block.at + offset[i];
}

void place_side_by_side(std::vector<Item>& items, const Rows& rows) {
    for (const auto& row : rows) {
        place(items, row, std::vector<double>(row.size(), 0.0));
        if (row.empty()) continue;
        double middle = (items[row.front()].center + items[row.back()].center) / 2;
        for (std::size_t item : row) items[item].center -= middle;
    }
}

void arrange(std::vector<Item>& items, Rows& rows) {
    place_side_by_side(items, rows);
    for (int sweep = 0; sweep < kSweeps; ++sweep) {
        bool down = sweep % 2 == 0;
        for (std::size_t n = 0; n < rows.size(); ++n) {
            auto& row = rows[down ? n : rows.size() - 1 - n];
            std::vector<std::pair<double, std::size_t>> wanted;
            for (std::size_t item : row)
                wanted.emplace_back(
                    mean_of(items, down ? items[item].up : items[item].down, items[item].center),
                    item);
            // In the second half the order is settled and only the distances are improved.
            if (sweep < kSweeps / 2)
                std::stable_sort(wanted.begin(), wanted.end(),
                                 [](auto& a, auto& b) { return a.first < b.first; });
            std::vector<double> centers;
            row.clear();
            for (auto& [center, item] : wanted) {
                centers.push_back(center);
                row.push_back(item);
            }
            place(items, row, centers);
        }
    }
}

} // namespace

GraphLayout make_layout(const ServiceGraph& graph) {
    GraphLayout layout;
    if (graph.nodes.empty()) return layout;
    std::map<std::string, std::size_t> index;
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) index[graph.nodes[i].unit] = i;
    std::vector<std::size_t> order = order_of(graph, index);
    std::vector<Edge> edges = direct_edges(graph, index, order);
    std::vector<std::size_t> row = rows_of(graph.nodes.size(), edges, order);

    std::vector<Item> items(graph.nodes.size());
    Rows rows(1 + *std::max_element(row.begin(), row.end()));
    for (std::size_t node : order) {
        items[node].row = row[node];
        rows[row[node]].push_back(node);
    }
    std::vector<std::vector<std::size_t>> ways; // items that each line passes
    for (const Edge& edge : edges) {
        std::vector<std::size_t> way = {edge.from};
        for (std::size_t r = row[edge.from] + 1; r < row[edge.to]; ++r) {
            items.push_back({.row = r, .width = kTurnWidth});
            rows[r].push_back(items.size() - 1);
            way.push_back(items.size() - 1);
        }
        way.push_back(edge.to);
        for (std::size_t i = 1; i < way.size(); ++i) {
            items[way[i - 1]].down.push_back(way[i]);
            items[way[i]].up.push_back(way[i - 1]);
        }
        ways.push_back(std::move(way));
    }
    arrange(items, rows);

    double left = 0, right = 0;
    for (const Item& item : items) {
        left = std::min(left, item.center - item.width / 2);
        right = std::max(right, item.center + item.width / 2);
    }
    auto top = [](std::size_t r) {
        return kMargin + static_cast<double>(r) * (GraphLayout::kBoxHeight + kRowGap);
    };
    layout.width = right - left + 2 * kMargin;
    layout.height = top(rows.size() - 1) + GraphLayout::kBoxHeight + kMargin;
    for (Item& item : items) item.center += kMargin - left;
    for (std::size_t i = 0; i < graph.nodes.size(); ++i)
        layout.boxes.push_back({items[i].center - GraphLayout::kBoxWidth / 2, top(items[i].row)});
    for (std::size_t i = 0; i < edges.size(); ++i) {
        DrawnLine line{edges[i].from, edges[i].to, edges[i].type, {}};
        for (std::size_t item : ways[i]) {
            double y = top(items[item].row);
            bool first = item == ways[i].front(), last = item == ways[i].back();
            if (!first) line.points.push_back({items[item].center, y});
            if (!last) line.points.push_back({items[item].center, y + GraphLayout::kBoxHeight});
        }
        layout.lines.push_back(std::move(line));
    }
    return layout;
}

} // namespace lakebed
