#include "cli/status_watch.h"

#include <csignal>
#include <ctime>
#include <map>
#include <ostream>
#include <sstream>
#include <thread>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/live_block.h"
#include "cli/stack_status.h"
#include "cli/status_table.h"
#include "client/client.h"

namespace lakebed {
namespace {

constexpr Duration kPoll = std::chrono::seconds(1); // without lakebedd, which tells of changes

std::string clock_text() {
    std::time_t now = std::time(nullptr);
    std::tm parts{};
    ::localtime_r(&now, &parts);
    char text[16];
    return {text, std::strftime(text, sizeof text, "%H:%M:%S", &parts)};
}

struct Watch {
    Context& context;
    const ServiceGraph& graph;
    const std::vector<const GraphNode*>& nodes;
    const std::vector<const NotConfigured*>& left_out;
    Io io = context.io; // as the terminal is now
    LiveBlock block{io};
    std::map<std::string, std::string> shown;
    bool live = context.io.err_live && ::isatty(STDOUT_FILENO) == 1;

    void show(const StackStatus& status) {
        std::vector<ServiceStatus> chosen;
        for (const GraphNode* node : nodes)
            for (const ServiceStatus& service : status.services)
                if (service.unit == node->unit) chosen.push_back(service);
        if (live)
            draw(status, chosen);
        else
            print_changes(chosen);
    }

    void draw(const StackStatus& status, const std::vector<ServiceStatus>& chosen) {
        winsize size{};
        if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20) {
            io.width = size.ws_col;
        }
        std::vector<std::string> lines;
        std::istringstream table(status_table(graph, chosen, left_out, io.err_color));
        for (std::string line; std::getline(table, line);) lines.push_back(std::move(line));
        lines.push_back(fmt::format("{}  {}, generation {}{}; Ctrl-C ends this", clock_text(),
                                    graph.site, graph.generation,
                                    status.from_lakebedd ? "" : ", lakebedd is not running"));
        // More than the terminal is high could not be drawn over.
        if (size.ws_row > 3 && lines.size() >= size.ws_row) {
            std::size_t more = lines.size() - (size.ws_row - 2u);
            lines.erase(lines.end() - static_cast<std::ptrdiff_t>(more) - 1, lines.end() - 1);
            lines.back() += fmt::format("; {} lines more", more);
        }
        block.draw(lines);
    }

    void print_changes(const std::vector<ServiceStatus>& chosen) {
        for (const ServiceStatus& service : chosen) {
            std::string line = state_line(service);
            std::string& before = shown[service.name];
            if (before == line) continue;
            before = line;
            *context.io.out << fmt::format("{}  {:<18} {}\n", clock_text(), service.name, line);
        }
        context.io.out->flush();
    }

    [[nodiscard]] bool over() const { return cancelled(context.cancel) || !context.io.out->good(); }
};

} // namespace

Result<int> watch_status(Context& context, const ServiceGraph& graph,
                         const std::vector<const GraphNode*>& nodes,
                         const std::vector<const NotConfigured*>& left_out) {
    if (context.globals.json)
        return fail(Errc::usage, "--watch and --json do not go together",
                    "lakebed events --follow --json tells of each change");
    std::signal(SIGINT, SIG_DFL); // nothing has to be undone, and what was drawn may stay
    Watch watch{context, graph, nodes, left_out};
    while (!watch.over()) {
        auto client = Client::connect();
        if (client) {
            auto ended = client->wait(
                [&]() -> Result<bool> {
                    auto services = TRY(client->list_services());
                    watch.show({true, std::move(services)});
                    return watch.over();
                },
                std::chrono::hours(24));
            if (ended) continue;
        }
        // lakebedd has gone: systemd still knows, until it is back.
        watch.show(TRY(read_status(graph)));
        std::this_thread::sleep_for(kPoll);
    }
    return 0;
}

} // namespace lakebed
