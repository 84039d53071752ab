#include "web/drawings.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "web/escape.h"
#include "web/graph_layout.h"

namespace lakebed {
namespace {

constexpr std::size_t kMostNodes = 60, kMostNeeds = 300;
constexpr std::size_t kMostLetters = 21; // of a name, in a box

double seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

std::string shorten(const std::string& name) {
    // Names are ASCII by the rules of unit names.
    return name.size() <= kMostLetters ? name : name.substr(0, kMostLetters - 1) + "…";
}

const ServiceStatus* status_of(const StackView& view, const std::string& unit) {
    for (const auto* all : {&view.services, &view.guards})
        for (const ServiceStatus& one : *all)
            if (one.unit == unit) return &one;
    return nullptr;
}

// A guard is drawn while it is in somebody's way: nearly every service needs some.
ServiceGraph drawn_graph(const StackView& view) {
    ServiceGraph graph = *view.graph;
    auto is_quiet = [&](const std::string& unit) {
        const GraphNode* node = node_of(view, unit);
        const ServiceStatus* guard = status_of(view, unit);
        return node != nullptr && is_guard(*node) && (!guard || guard->state == "ready");
    };
    std::erase_if(graph.nodes, [&](const GraphNode& node) { return is_quiet(node.unit); });
    for (GraphNode& node : graph.nodes)
        std::erase_if(node.needs, [&](const Need& need) { return is_quiet(need.unit); });
    return graph;
}

std::string draw_line(const DrawnLine& line, std::string_view mood) {
    std::string path;
    for (std::size_t i = 0; i < line.points.size(); ++i) {
        const DrawnPoint& at = line.points[i];
        if (i == 0) {
            path = fmt::format("M{:.1f} {:.1f}", at.x, at.y);
            continue;
        }
        double middle = (line.points[i - 1].y + at.y) / 2;
        path += fmt::format("C{:.1f} {:.1f} {:.1f} {:.1f} {:.1f} {:.1f}", line.points[i - 1].x,
                            middle, at.x, middle, at.x, at.y);
    }
    return fmt::format("<path class=\"need {} {}\" d=\"{}\"/>\n", to_string(line.type), mood, path);
}

std::string draw_box(const GraphNode& node, const ServiceStatus* service, const DrawnPoint& at) {
    Mood mood = service == nullptr ? Mood::paused : mood_of(*service);
    std::string state = service == nullptr ? "unknown" : state_words(*service);
    std::string reason = service == nullptr ? "" : reason_words(*service);
    std::string name = escape_html(node.name);
    return fmt::format(
        "<a href=\"#service-{0}\"><g class=\"box {1} {2}\">"
        "<title>{3}: {4}{5}</title>"
        "<rect x=\"{6:.1f}\" y=\"{7:.1f}\" width=\"{8}\" height=\"{9}\" rx=\"{10}\"/>"
        "<text x=\"{11:.1f}\" y=\"{12:.1f}\" class=\"name\">{13}</text>"
        "<text x=\"{11:.1f}\" y=\"{14:.1f}\" class=\"state\">{15} {4}</text>"
        "</g></a>\n",
        name, css_class(mood), to_string(node.kind),
        escape_html(node.title.empty() ? node.name : node.title), escape_html(state),
        reason.empty() ? "" : ": " + escape_html(reason), at.x, at.y, GraphLayout::kBoxWidth,
        GraphLayout::kBoxHeight, node.kind == NodeKind::job ? 3 : 9, at.x + 10, at.y + 18,
        escape_html(shorten(node.name)), at.y + 34, sign_of(mood));
}

// The step of a time axis: 1, 2 or 5 times a power of ten, about six to the whole.
double nice_step(double whole) {
    double rough = std::max(whole / 6, 1e-3);
    double power = std::pow(10.0, std::floor(std::log10(rough)));
    for (double factor : {1.0, 2.0, 5.0})
        if (factor * power >= rough) return factor * power;
    return 10 * power;
}

constexpr double kNames = 170, kBars = 560, kNumbers = 130, kRow = 24, kTop = 26;

std::string draw_axis(double total, double height) {
    std::string text;
    double step = nice_step(total);
    int digits = step >= 1 ? 0 : static_cast<int>(std::ceil(-std::log10(step)));
    for (int i = 0; i * step <= total; ++i) {
        double x = kNames + i * step / total * kBars;
        text += fmt::format("<path class=\"tick\" d=\"M{0:.1f} {1}V{2}\"/>"
                            "<text class=\"tick\" x=\"{0:.1f}\" y=\"14\">{3:.{4}f} s</text>\n",
                            x, kTop - 6, height, i * step, digits);
    }
    return text;
}

} // namespace

std::string_view css_class(Mood mood) {
    switch (mood) {
    case Mood::good:
        return "good";
    case Mood::busy:
        return "busy";
    case Mood::paused:
        return "paused";
    case Mood::bad:
        return "bad";
    }
    return "";
}

std::string_view sign_of(Mood mood) {
    switch (mood) {
    case Mood::good:
        return "✓";
    case Mood::busy:
        return "…";
    case Mood::paused:
        return "–";
    case Mood::bad:
        return "!";
    }
    return "";
}

std::string draw_graph(const StackView& view) {
    const ServiceGraph graph = drawn_graph(view);
    std::size_t needs = 0;
    for (const GraphNode& node : graph.nodes) needs += node.needs.size();
    if (graph.nodes.empty() || graph.nodes.size() > kMostNodes || needs > kMostNeeds) return {};
    GraphLayout layout = make_layout(graph);
    std::string text = fmt::format(
        "<svg class=\"graph\" role=\"group\" aria-label=\"services and what they need\" "
        "width=\"{0:.0f}\" height=\"{1:.0f}\" viewBox=\"0 0 {0:.0f} {1:.0f}\">\n",
        layout.width, layout.height);
    for (const DrawnLine& line : layout.lines) {
        const ServiceStatus* needed = status_of(view, graph.nodes[line.from].unit);
        text +=
            draw_line(line, needed == nullptr || needed->state != "ready" ? "missing" : "there");
    }
    for (std::size_t i = 0; i < graph.nodes.size(); ++i)
        text += draw_box(graph.nodes[i], status_of(view, graph.nodes[i].unit), layout.boxes[i]);
    return text + "</svg>\n";
}

std::string draw_startup(const StartupReport& report) {
    if (report.services.empty()) return {};
    double total = std::max(seconds(report.total), 1e-3);
    double height = kTop + kRow * static_cast<double>(report.services.size()) + 4;
    double width = kNames + kBars + kNumbers;
    std::string text = fmt::format(
        "<svg class=\"startup\" role=\"img\" aria-label=\"start-up, one bar a service; the table "
        "below has the numbers\" width=\"{0:.0f}\" height=\"{1:.0f}\" viewBox=\"0 0 {0:.0f} "
        "{1:.0f}\">\n",
        width, height);
    text += draw_axis(total, height);
    double y = kTop;
    for (const ServiceStart& service : report.services) {
        auto x = [&](Duration at) { return kNames + seconds(at) / total * kBars; };
        double begin = x(service.started), end = std::max(x(service.ready), begin + 2);
        std::string_view kind = service.critical ? "critical" : "other";
        text += fmt::format(
            "<g class=\"{}\"><text class=\"name\" x=\"{}\" y=\"{:.1f}\">{}{}</text>", kind,
            kNames - 10, y + 16, service.critical ? "★ " : "", escape_html(shorten(service.name)));
        if (service.started > service.queued)
            text += fmt::format("<path class=\"queued\" d=\"M{:.1f} {:.1f}H{:.1f}\"/>",
                                x(service.queued), y + 11, begin);
        if (!service.critical && service.slack > Duration::zero())
            text += fmt::format("<path class=\"slack\" d=\"M{:.1f} {:.1f}H{:.1f}\"/>", end, y + 11,
                                std::min(x(service.ready + service.slack), kNames + kBars));
        text += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"14\" "
                            "rx=\"3\"/>",
                            begin, y + 4, end - begin);
        text += fmt::format("<text class=\"number\" x=\"{}\" y=\"{:.1f}\">{:.2f} s</text></g>\n",
                            width - 4, y + 16, seconds(service.own));
        y += kRow;
    }
    return text + "</svg>\n";
}

} // namespace lakebed
