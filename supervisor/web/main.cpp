// lakebedd: supervises the services of one site. See lakebedd(8).
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "driver/driver.h"
#include "sys/journal.h"
#include "sys/membership.h"
#include "sys/notify.h"
#include "web/web_surface.h"

namespace {

constexpr const char* kUsage =
    R"(usage: lakebedd [--graph FILE] [--state DIR] [--web ADDRESS:PORT|off]
                [--record FILE] [--record-limit SIZE]

Starts the services of lakebed in order and restarts what failed. Runs as a unit of systemd.

  --graph FILE   the service graph (default /var/lib/lakebed/current/graph.toml)
  --state DIR    what must be remembered (default /var/lib/lakebed/supervisor)
  --web ADDRESS  where the status page is served, on loopback (default 127.0.0.1:7070); off: nowhere
  --record FILE  where to write what the supervisor is told and decides, for lakebed_sim --replay
  --record-limit SIZE  where the recording ends (default 64MiB)
  --version      print the version
  --help         print this

SIGHUP reads the graph again. SIGTERM ends lakebedd; the services go on running.
)";

using WebAddress = std::optional<lakebed::ListenAddress>; // none: off

std::uint64_t wall_clock() {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(
                                          std::chrono::system_clock::now().time_since_epoch())
                                          .count());
}

void serve(lakebed::EventLoop& loop, lakebed::Driver& driver, const lakebed::ListenAddress& address,
           std::optional<lakebed::WebSurface>& surface) {
    using namespace lakebed;
    surface.emplace(
        loop, HttpServerOptions{.address = address},
        WebSource{.view =
                      [&driver] {
                          StackView view = make_stack_view(driver.graph(), driver.info(),
                                                           driver.services(), wall_clock());
                          view.incidents = read_kept_incidents(driver.incident_directory());
                          view.probes = &driver.probe_times();
                          return view;
                      },
                  .incident =
                      [&driver](const std::string& name) {
                          return read_incident_log(driver.incident_directory(), name);
                      },
                  .may_read = [](std::uint32_t uid) { return is_root_or_in_group(uid, "lakebed"); },
                  .complain =
                      [&driver](const std::string& problem) {
                          if (!problem.empty())
                              log_event(LogLevel::warning, problem + "; supervision goes on");
                          else
                              log_event(LogLevel::notice, "the status page is served again");
                          driver.set_side_problem(problem);
                      }});
    driver.set_listener(
        {.service_changed =
             [&](const ServiceStatus& service) { surface->service_changed(service); },
         .changed = [&] { surface->changed(); }});
}

int usage_error(std::string_view message) {
    fmt::print(stderr, "lakebedd: {}\n{}", message, kUsage);
    return 2;
}

lakebed::Result<void> run(lakebed::DriverOptions options, const WebAddress& web,
                          const std::string& web_problem) {
    using namespace lakebed;
    EventLoop loop = TRY(EventLoop::make());
    Driver driver(loop, std::move(options));
    EventSource terminate = TRY(loop.on_signal(SIGTERM, [&] { loop.stop(); }));
    EventSource interrupt = TRY(loop.on_signal(SIGINT, [&] { loop.stop(); }));
    EventSource hangup = TRY(loop.on_signal(SIGHUP, [&] {
        // Its error is in the log and in our status already.
        (void)driver.reload();
    }));
    TRY(loop.keep_watchdog());
    TRY(driver.start());
    std::optional<WebSurface> surface;
    if (!web_problem.empty()) {
        log_event(LogLevel::error, web_problem + "; supervision goes on without a status page");
        driver.set_side_problem(web_problem);
    }
    if (web) serve(loop, driver, *web, surface);
    Result<void> ran = loop.run();
    notify_systemd("STOPPING=1");
    driver.set_listener({}); // the surface goes before the driver
    driver.shut_down();
    return ran;
}

} // namespace

int main(int argc, char** argv) {
    lakebed::DriverOptions options{.version = LAKEBED_VERSION};
    WebAddress web = lakebed::ListenAddress{};
    std::string web_problem;
    if (const char* runtime = std::getenv("RUNTIME_DIRECTORY")) options.runtime_directory = runtime;
    for (int i = 1; i < argc; ++i) {
        std::string_view flag = argv[i];
        if (flag == "--help") {
            fmt::print("{}", kUsage);
            return 0;
        }
        if (flag == "--version") {
            fmt::print("lakebedd {}\n", LAKEBED_VERSION);
            return 0;
        }
        std::string web_text, limit;
        std::string* value = flag == "--graph"          ? &options.graph
                             : flag == "--state"        ? &options.state_directory
                             : flag == "--web"          ? &web_text
                             : flag == "--record"       ? &options.record
                             : flag == "--record-limit" ? &limit
                                                        : nullptr;
        if (value == nullptr) return usage_error(fmt::format("unknown argument \"{}\"", flag));
        if (++i == argc) return usage_error(fmt::format("{} needs a value", flag));
        *value = argv[i];
        if (flag == "--record-limit") {
            std::optional<lakebed::ByteSize> size = lakebed::parse_size(limit);
            // As below: a slip here must not cost the supervision.
            if (size)
                options.record_limit = *size;
            else
                lakebed::log_event(lakebed::LogLevel::error,
                                   fmt::format("--record-limit: \"{}\" is no size", limit));
        }
        if (flag != "--web") continue;
        web.reset();
        if (web_text == "off") continue;
        lakebed::Result<lakebed::ListenAddress> address = lakebed::parse_listen_address(web_text);
        // Services that nobody restarts would be a high price for a slip in the page's address.
        if (address)
            web = *address;
        else
            web_problem = "--web: " + address.error().message;
    }
    lakebed::Result<void> ended = run(std::move(options), web, web_problem);
    if (ended) return 0;
    lakebed::log_event(lakebed::LogLevel::error, ended.error().message);
    return static_cast<int>(ended.error().code);
}
