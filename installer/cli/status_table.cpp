#include "cli/status_table.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/io.h"
#include "cli/stack_status.h"

namespace lakebed {
namespace {

std::string age(std::uint64_t since) {
    if (since == 0) return "";
    auto now =
        std::chrono::duration_cast<Duration>(std::chrono::system_clock::now().time_since_epoch());
    return short_duration(std::max(Duration(0), now - Duration(since)));
}

constexpr const char* kNotConfigured = "not configured";

} // namespace

std::string status_table(const ServiceGraph& graph, const std::vector<ServiceStatus>& services,
                         const std::vector<const NotConfigured*>& left_out, bool color) {
    TextTable table{{"service", "state", "for", "restarts", "address", "reason"},
                    {},
                    {false, false, true, true}};
    for (const ServiceStatus& service : services) {
        const GraphNode* node = find_node(graph, service.unit);
        table.rows.push_back({service.name, state_words(service), age(service.since),
                              std::to_string(service.restarts + service.systemd_restarts),
                              node ? fmt::format("{}", fmt::join(node->addresses, " ")) : "",
                              reason_words(service)});
    }
    for (const NotConfigured* service : left_out)
        table.rows.push_back({service->name, kNotConfigured, "", "", "", service->reason});
    std::string text = format_table(table);
    if (!color) return text;
    // The state is painted after the columns have been laid out.
    std::string painted;
    std::size_t row = 0;
    for (std::size_t begin = 0; begin < text.size(); ++row) {
        std::size_t end = text.find('\n', begin) + 1;
        std::string line = text.substr(begin, end - begin);
        if (row > 0) {
            bool is_left_out = row > services.size();
            std::string words = is_left_out ? kNotConfigured : state_words(services[row - 1]);
            Color state = is_left_out ? Color::dim : state_color(services[row - 1]);
            if (auto at = line.find("  " + words); at != line.npos)
                line.replace(at + 2, words.size(), paint(words, state, true));
        }
        painted += line;
        begin = end;
    }
    return painted;
}

} // namespace lakebed
