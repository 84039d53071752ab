#include "cli/startup.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/io.h"

namespace lakebed {
namespace {

constexpr std::size_t kLeastBar = 20, kMostBar = 72;

double seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

std::string in_seconds(Duration duration) {
    return fmt::format("{:.2f}s", seconds(duration));
}

// "    ..######   ": queued, then under way; at least one sign for what has run at all.
std::string bar(const ServiceStart& service, Duration total, std::size_t width) {
    auto column = [&](Duration at) {
        return total == Duration::zero()
                   ? std::size_t{0}
                   : static_cast<std::size_t>(at.count() * static_cast<std::int64_t>(width) /
                                              total.count());
    };
    std::size_t queued = std::min(column(service.queued), width - 1);
    std::size_t started = std::min(column(service.started), width - 1);
    std::size_t ready = std::max(column(service.ready), started + 1);
    return std::string(queued, ' ') + std::string(started - queued, '.') +
           std::string(ready - started, service.critical ? '#' : '=') +
           std::string(width - std::min(ready, width), ' ');
}

} // namespace

std::vector<StartSpan> start_spans(const std::vector<ServiceStatus>& services) {
    std::vector<StartSpan> spans;
    for (const ServiceStatus& service : services)
        spans.push_back({.unit = service.unit,
                         .queued = Duration(service.queued_at),
                         .started = Duration(service.started_at),
                         .ready = Duration(service.ready_at)});
    return spans;
}

std::string startup_text(const StartupReport& report, int width) {
    std::size_t name = 7;
    for (const ServiceStart& service : report.services) name = std::max(name, service.name.size());
    constexpr std::size_t kNumbers = 4 * 10 + 6;
    auto room = static_cast<std::size_t>(std::max(width, 0));
    std::size_t bar_width = std::clamp(room > name + kNumbers ? room - name - kNumbers : kLeastBar,
                                       kLeastBar, kMostBar);
    TextTable table{{"", "service", "start", "took", "", "ready", "slack"},
                    {},
                    {false, false, true, true, false, true, true}};
    for (const ServiceStart& service : report.services)
        table.rows.push_back(
            {service.critical ? "*" : "", service.name, in_seconds(service.started),
             in_seconds(service.own), "|" + bar(service, report.total, bar_width) + "|",
             in_seconds(service.ready), service.critical ? "" : in_seconds(service.slack)});
    std::string text = format_table(table);
    text += fmt::format("\nready after {}, of which {} on the critical path (*): {}\n",
                        in_seconds(report.total), in_seconds(report.critical_path),
                        fmt::join(report.critical, " → "));
    text += fmt::format("ideal {}: the longest chain of needs, with nothing lost in between; {} "
                        "were lost\n",
                        in_seconds(report.ideal), in_seconds(report.total - report.ideal));
    for (const NotCounted& other : report.not_counted)
        text += fmt::format("not counted: {}, {}\n", other.name, other.reason);
    return text;
}

Table startup_document(const StartupReport& report) {
    Array services, not_counted;
    for (const ServiceStart& service : report.services) {
        Table row;
        set(row, "name", service.name);
        set(row, "queued_s", seconds(service.queued));
        set(row, "started_s", seconds(service.started));
        set(row, "ready_s", seconds(service.ready));
        set(row, "wait_s", seconds(service.wait));
        set(row, "own_s", seconds(service.own));
        set(row, "slack_s", seconds(service.slack));
        set(row, "critical", service.critical);
        services.emplace_back(std::move(row));
    }
    for (const NotCounted& other : report.not_counted) {
        Table row;
        set(row, "name", other.name);
        set(row, "reason", other.reason);
        not_counted.emplace_back(std::move(row));
    }
    Table document;
    set(document, "total_s", seconds(report.total));
    set(document, "critical_path_s", seconds(report.critical_path));
    set(document, "ideal_s", seconds(report.ideal));
    set(document, "critical_path", Array(report.critical.begin(), report.critical.end()));
    set(document, "services", std::move(services));
    set(document, "not_counted", std::move(not_counted));
    return document;
}

} // namespace lakebed
