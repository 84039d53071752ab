#include "model/startup.h"

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

namespace lakebed {
namespace {

// Longer than any back-off before the slow lane: so long nothing is under way only after the start.
constexpr Duration kLull = std::chrono::minutes(2);

struct Start {
    const GraphNode* node = nullptr;
    Duration queued{0}, started{0}, ready{0};
    std::vector<std::size_t> needs;       // that are counted
    std::optional<std::size_t> last_need; // it could start when this was ready
    Duration wait{0}, own{0}, slack{0}, chain{0};
    bool critical = false;
};

bool started_before(const Start& a, const Start& b) {
    return std::tie(a.started, a.ready, a.node->name) < std::tie(b.started, b.ready, b.node->name);
}

std::vector<Start> known_starts(const ServiceGraph& graph, const std::vector<StartSpan>& spans,
                                std::vector<NotCounted>& not_counted) {
    std::vector<Start> starts;
    for (const GraphNode& node : graph.nodes) {
        if (is_guard(node)) continue;
        auto span = std::find_if(spans.begin(), spans.end(),
                                 [&](const StartSpan& s) { return s.unit == node.unit; });
        if (span == spans.end() || span->ready == Duration::zero()) {
            not_counted.push_back({node.name, "not ready"});
            continue;
        }
        Start start{
            .node = &node, .queued = span->queued, .started = span->started, .ready = span->ready};
        // Adopted while it ran: one of the two may be missing.
        if (start.started == Duration::zero()) start.started = start.queued;
        if (start.queued == Duration::zero()) start.queued = start.started;
        if (start.queued == Duration::zero() || start.started > start.ready) {
            not_counted.push_back({node.name, "its start was not seen"});
            continue;
        }
        start.queued = std::min(start.queued, start.started);
        starts.push_back(std::move(start));
    }
    return starts;
}

// The largest group of starts without a lull between them, the later one of two equal ones; others
// were started again after the stack was up, or are what such a restart of all left over.
std::vector<Start> of_one_start(std::vector<Start> starts, std::vector<NotCounted>& not_counted) {
    std::sort(starts.begin(), starts.end(),
              [](const Start& a, const Start& b) { return a.queued < b.queued; });
    std::size_t best = 0, best_size = 0;
    for (std::size_t begin = 0; begin < starts.size();) {
        std::size_t end = begin + 1;
        for (Duration busy = starts[begin].ready;
             end < starts.size() && starts[end].queued <= busy + kLull; ++end)
            busy = std::max(busy, starts[end].ready);
        if (end - begin >= best_size) {
            best = begin;
            best_size = end - begin;
        }
        begin = end;
    }
    std::vector<Start> chosen;
    for (std::size_t i = 0; i < starts.size(); ++i) {
        if (i >= best && i < best + best_size)
            chosen.push_back(std::move(starts[i]));
        else
            not_counted.push_back({starts[i].node->name,
                                   i < best ? "started before the others" : "started again later"});
    }
    std::sort(chosen.begin(), chosen.end(), started_before);
    return chosen;
}

// In the order of `starts` what is needed comes before what needs it, but for needs that were
// restarted in the meantime; those did not decide when the dependent could start.
void link_needs(std::vector<Start>& starts) {
    std::map<std::string, std::size_t> index;
    for (std::size_t i = 0; i < starts.size(); ++i) index[starts[i].node->unit] = i;
    for (std::size_t i = 0; i < starts.size(); ++i) {
        Start& start = starts[i];
        for (const Need& need : start.node->needs) {
            auto at = index.find(need.unit);
            if (at == index.end()) continue;
            const Start& needed = starts[at->second];
            if (at->second >= i || needed.ready > start.started) continue;
            start.needs.push_back(at->second);
            if (!start.last_need || needed.ready > starts[*start.last_need].ready)
                start.last_need = at->second;
        }
    }
}

void measure(std::vector<Start>& starts, Duration begin, Duration end) {
    for (Start& start : starts) {
        Duration free = start.last_need ? starts[*start.last_need].ready : begin;
        start.wait = start.started - free;
        start.own = start.ready - start.started;
        start.slack = end - start.ready;
        start.chain = start.own;
        for (std::size_t need : start.needs)
            start.chain = std::max(start.chain, start.own + starts[need].chain);
    }
    // A need may be late by what its dependent may be late, and by what it was ready before the
    // need that the dependent waited for last.
    for (auto start = starts.rbegin(); start != starts.rend(); ++start)
        for (std::size_t need : start->needs) {
            Duration early = starts[*start->last_need].ready - starts[need].ready;
            starts[need].slack = std::min(starts[need].slack, start->slack + early);
        }
}

} // namespace

StartupReport make_startup_report(const ServiceGraph& graph, const std::vector<StartSpan>& spans) {
    StartupReport report;
    std::vector<Start> starts =
        of_one_start(known_starts(graph, spans, report.not_counted), report.not_counted);
    if (starts.empty()) return report;
    link_needs(starts);
    Duration begin = starts.front().queued;
    std::size_t last = 0;
    for (std::size_t i = 0; i < starts.size(); ++i) {
        begin = std::min(begin, starts[i].queued);
        if (starts[i].ready > starts[last].ready) last = i;
    }
    measure(starts, begin, starts[last].ready);
    report.total = starts[last].ready - begin;
    for (std::optional<std::size_t> at = last; at; at = starts[*at].last_need) {
        starts[*at].critical = true;
        report.critical_path += starts[*at].own;
        report.critical.insert(report.critical.begin(), starts[*at].node->name);
    }
    for (const Start& start : starts) {
        report.ideal = std::max(report.ideal, start.chain);
        report.services.push_back({.name = start.node->name,
                                   .queued = start.queued - begin,
                                   .started = start.started - begin,
                                   .ready = start.ready - begin,
                                   .wait = start.wait,
                                   .own = start.own,
                                   .slack = start.slack,
                                   .critical = start.critical});
    }
    return report;
}

} // namespace lakebed
