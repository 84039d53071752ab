#include <algorithm>
#include <map>
#include <thread>

#include <fmt/format.h>

#include "cli/live_block.h"
#include "cli/stack_status.h"
#include "client/client.h"

namespace lakebed {
namespace {

using Clock = std::chrono::steady_clock;

// Shows the services that are waited for: a block that is redrawn on a terminal, else a line
// whenever a service changes.
class WaitView {
  public:
    WaitView(const Context& context, Clock::time_point begin)
        : context_(context), begin_(begin), block_(context.io) {}

    void show(const std::vector<ServiceStatus>& services) {
        for (const ServiceStatus& service : services) {
            std::string line = state_line(service);
            std::string& before = shown_[service.name];
            if (before == line) continue;
            before = line;
            if (context_.io.err_live && !is_ready(service)) continue;
            block_.clear();
            context_.say(fmt::format("{:>7}  {:<16} {}", elapsed(), service.name, line));
        }
        if (!context_.io.err_live || context_.globals.quiet) return;
        std::vector<std::string> lines;
        for (const ServiceStatus& service : services)
            if (!is_ready(service))
                lines.push_back(
                    fmt::format("{:>7}  {:<16} {}", elapsed(), service.name, shown_[service.name]));
        block_.draw(lines);
    }
    void clear() { block_.clear(); }

  private:
    [[nodiscard]] std::string elapsed() const {
        return short_duration(std::chrono::duration_cast<Duration>(Clock::now() - begin_));
    }

    const Context& context_;
    Clock::time_point begin_;
    LiveBlock block_;
    std::map<std::string, std::string> shown_;
};

// Waiting longer cannot help: it has failed since we began for a reason that only a person can take
// away. An older incident may be mended already.
bool is_hopeless(const ServiceStatus& service, std::uint64_t began) {
    bool may_come = service.state == "ready" || service.state == "starting" ||
                    service.state == "restarting" || service.state == "waiting";
    return !may_come && service.cause == "bad_config" && service.cause_at >= began;
}

// Since we began, lakebedd has given a service up but for a try every few minutes, and nothing else
// is on its way that could change that.
bool is_stuck(const std::vector<ServiceStatus>& unready, std::uint64_t began) {
    return std::ranges::any_of(unready,
                               [&](const ServiceStatus& service) {
                                   return service.state == "slow_lane" && service.cause_at >= began;
                               }) &&
           std::ranges::none_of(unready, [](const ServiceStatus& service) {
               return service.state == "starting" || service.state == "restarting" ||
                      service.state == "backing_off" || service.state == "stopping";
           });
}

struct Waiter {
    Context& context;
    const ServiceGraph& graph;
    std::vector<const GraphNode*> wanted;
    Clock::time_point begin = Clock::now();
    WaitView view{context, begin};
    std::vector<ServiceStatus> unready;
    bool interrupted = false;
    bool hopeless = false;
    bool stuck = false;

    // true: nothing is left to wait for, or waiting must end.
    Result<bool> look(Result<StackStatus> status) {
        auto now = TRY(std::move(status));
        std::vector<ServiceStatus> mine;
        for (const GraphNode* node : wanted)
            for (const ServiceStatus& service : now.services)
                if (service.unit == node->unit) mine.push_back(service);
        view.show(mine);
        unready.clear();
        std::copy_if(mine.begin(), mine.end(), std::back_inserter(unready),
                     [](const ServiceStatus& service) { return !is_ready(service); });
        interrupted = cancelled(context.cancel);
        auto began = static_cast<std::uint64_t>(
            std::chrono::duration_cast<Duration>(context.started.time_since_epoch()).count());
        hopeless = std::any_of(unready.begin(), unready.end(), [&](const ServiceStatus& service) {
            return is_hopeless(service, began);
        });
        stuck = is_stuck(unready, began);
        // lakebedd may not have read the new graph yet: it must have told of each one we want.
        bool all_known = mine.size() == wanted.size();
        return interrupted || hopeless || stuck || (unready.empty() && all_known);
    }
};

Result<bool> wait_by_systemd(Waiter& waiter, Clock::time_point deadline) {
    for (;;) {
        if (TRY(waiter.look(read_status(waiter.graph)))) return true;
        if (Clock::now() >= deadline) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(300));
    }
}

Result<bool> wait_by_lakebedd(Waiter& waiter, Client& client, Duration timeout) {
    return client.wait(
        [&]() -> Result<bool> {
            auto services = client.list_services();
            if (!services) return tl::unexpected<Error>(services.error());
            return waiter.look(StackStatus{true, std::move(*services)});
        },
        timeout);
}

Error not_ready(const Waiter& waiter, Duration timeout) {
    Error error{Errc::temporary, "", "lakebed status shows how it goes on"};
    if (waiter.interrupted)
        error.message = "interrupted; the services go on starting";
    else if (waiter.hopeless)
        error = {Errc::failed, "a service cannot start as it is configured",
                 "mend it and run lakebed up again"};
    else if (waiter.stuck)
        error = {Errc::failed, "a service fails at each start",
                 "lakebed why has its last words; lakebedd goes on trying every few minutes"};
    else
        error.message = fmt::format("not all services are ready after {}", to_string(timeout));
    for (const ServiceStatus& service : waiter.unready)
        error.message += fmt::format("\n  {}: {}", service.name, state_line(service));
    return error;
}

} // namespace

Result<void> wait_until_ready(Context& context, const ServiceGraph& graph,
                              const std::vector<std::string>& names, Duration timeout) {
    Waiter waiter{context, graph, TRY(select_services(graph, names))};
    auto deadline = waiter.begin + timeout;
    bool ended = false;
    auto client = Client::connect();
    if (client) {
        auto result = wait_by_lakebedd(waiter, *client, timeout);
        // lakebedd may be restarted meanwhile: systemd still knows.
        ended = result ? *result : TRY(wait_by_systemd(waiter, deadline));
    } else {
        ended = TRY(wait_by_systemd(waiter, deadline));
    }
    waiter.view.clear();
    if (ended && waiter.unready.empty() && !waiter.interrupted) return {};
    return tl::unexpected<Error>(not_ready(waiter, timeout));
}

} // namespace lakebed
