// Shows the sample lakehouse: prints page, JSON or metrics for programs that check them with
// parsers of their own, or serves all of them on a port, with a service that recovers and fails
// again every three seconds, for browsers and people.
#include <cstdio>
#include <string_view>

#include "lakehouse.h"
#include "web/metrics.h"
#include "web/page.h"
#include "web/status_json.h"
#include "web/web_surface.h"

namespace {

using namespace lakebed;

void flap(EventLoop& loop, EventSource& timer, test::Lakehouse& lakehouse, WebSurface& web) {
    timer =
        loop.after(
                std::chrono::seconds(3), Duration(1000),
                [&] {
                    ServiceStatus& service = lakehouse.find("flink-jobmanager");
                    service.state = service.state == "ready" ? "degraded" : "ready";
                    service.retry_at = 0;
                    service.sentence =
                        "flink-jobmanager runs but does not answer its probe: connection refused";
                    web.service_changed(service);
                    flap(loop, timer, lakehouse, web);
                })
            .value();
}

int serve(std::string_view address) {
    EventLoop loop = EventLoop::make().value();
    test::Lakehouse lakehouse;
    HttpServerOptions options{.address = parse_listen_address(address).value()};
    WebSurface web(
        loop, options,
        {.view = [&] { return lakehouse.view(); },
         .incident = [](const std::string& name) -> Result<std::string> { return "of " + name; },
         .may_read = [](std::uint32_t) { return true; },
         .complain = [](const std::string& why) { std::fprintf(stderr, "%s\n", why.c_str()); }});
    EventSource timer;
    flap(loop, timer, lakehouse, web);
    return loop.run() ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
    std::string_view what = argc >= 2 ? argv[1] : "";
    if (argc == 3 && what == "serve") return serve(argv[2]);
    test::Lakehouse lakehouse;
    StackView view = lakehouse.view();
    std::string text;
    if (what == "page")
        text = render_page(view);
    else if (what == "json")
        text = status_json(view);
    else if (what == "metrics") {
        lakehouse.find("redis").name = "odd \"\\\nname";
        view = lakehouse.view();
        Gauges gauges{.restarts = {{"flink-jobmanager", {2, 0, {{"crash", 2}, {"hang", 1}}}}},
                      .turns = {.counts = {5, 4, 3, 2, 1, 0, 0, 0, 1}, .sum = 2.25, .max = 1.5},
                      .process = {.cpu_seconds = 1.5, .resident_bytes = 12e6, .start_time = 1.79e9},
                      .streams = 2};
        text = render_metrics(view, gauges);
    } else {
        std::fputs("usage: page_tool page|json|metrics|serve ADDRESS:PORT\n", stderr);
        return 2;
    }
    std::fwrite(text.data(), 1, text.size(), stdout);
    return 0;
}
