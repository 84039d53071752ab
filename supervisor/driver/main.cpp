// lakebedd: supervises the services of one site. See lakebedd(8).
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "driver/driver.h"
#include "sys/journal.h"
#include "sys/notify.h"

namespace {

constexpr const char* kUsage = R"(usage: lakebedd [--graph FILE] [--state DIR]

Starts the services of lakebed in order and restarts what failed. Runs as a unit of systemd.

  --graph FILE   the service graph (default /var/lib/lakebed/current/graph.toml)
  --state DIR    what must be remembered (default /var/lib/lakebed/supervisor)
  --version      print the version
  --help         print this

SIGHUP reads the graph again. SIGTERM ends lakebedd; the services go on running.
)";

int usage_error(std::string_view message) {
    fmt::print(stderr, "lakebedd: {}\n{}", message, kUsage);
    return 2;
}

lakebed::Result<void> run(lakebed::DriverOptions options) {
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
    TRY(loop.run());
    notify_systemd("STOPPING=1");
    driver.shut_down();
    return {};
}

} // namespace

int main(int argc, char** argv) {
    lakebed::DriverOptions options{.version = LAKEBED_VERSION};
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
        std::string* value = flag == "--graph"   ? &options.graph
                             : flag == "--state" ? &options.state_directory
                                                 : nullptr;
        if (value == nullptr) return usage_error(fmt::format("unknown argument \"{}\"", flag));
        if (++i == argc) return usage_error(fmt::format("{} needs a value", flag));
        *value = argv[i];
    }
    lakebed::Result<void> ended = run(std::move(options));
    if (ended) return 0;
    lakebed::log_event(lakebed::LogLevel::error, ended.error().message);
    return static_cast<int>(ended.error().code);
}
