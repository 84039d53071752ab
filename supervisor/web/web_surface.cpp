#include "web/web_surface.h"

#include <charconv>

#include <sys/resource.h>
#include <unistd.h>

#include "sys/files.h"
#include "web/metrics.h"
#include "web/page.h"
#include "web/status_json.h"

namespace lakebed {
namespace {

constexpr std::string_view kEvents = "/api/events";
constexpr Duration kRetry = std::chrono::seconds(30);
// Changes come in crowds; so many of them make one event.
constexpr Duration kGather = std::chrono::milliseconds(200);

double seconds(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double field_of(const std::string& text, std::size_t index) {
    std::size_t at = 0;
    for (; index > 0 && at != std::string::npos; --index) {
        at = text.find(' ', at);
        if (at != std::string::npos) ++at;
    }
    std::uint64_t value = 0;
    if (at != std::string::npos)
        std::from_chars(text.data() + at, text.data() + text.size(), value);
    return static_cast<double>(value);
}

// Zero where /proc does not tell: a figure that is missing must not cost the others.
ProcessFigures read_process(std::uint64_t now) {
    ProcessFigures figures;
    rusage usage{};
    if (::getrusage(RUSAGE_SELF, &usage) == 0)
        figures.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    if (Result<std::string> text = read_file("/proc/self/statm", 256))
        figures.resident_bytes = field_of(*text, 1) * static_cast<double>(::sysconf(_SC_PAGESIZE));
    if (Result<std::string> text = read_file("/proc/self/stat", 4096)) {
        // The 22nd field, in ticks since boot; the second may hold blanks and ends in ')'.
        double ticks = field_of(text->substr(text->rfind(')') + 1), 20);
        double up = std::chrono::duration<double>(EventLoop::boot_time()).count();
        figures.start_time = static_cast<double>(now) / 1e6 - up +
                             ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
    }
    return figures;
}

} // namespace

WebSurface::WebSurface(EventLoop& loop, HttpServerOptions options, WebSource source)
    : loop_(loop), options_(std::move(options)), source_(std::move(source)),
      policy_(page_policy()) {
    if (Result<LoopMeter> meter = LoopMeter::make(loop_)) meter_ = std::move(*meter);
    for (const ServiceStatus& service : source_.view().services) count_restarts(restarts_, service);
    listen();
}

void WebSurface::listen() {
    Result<HttpServer> server = HttpServer::make(
        loop_, options_,
        {.get = [this](std::string_view path, const PeerUid& peer) { return get(path, peer); },
         .events_path = std::string(kEvents),
         .first_event =
             [this] {
                 told_ = status_json(source_.view());
                 return told_;
             }});
    std::string problem;
    if (server) {
        server_ = std::move(*server);
    } else {
        problem = server.error().message;
        if (Result<EventSource> timer = loop_.after(kRetry, kRetry / 10, [this] { listen(); }))
            retry_ = std::move(*timer);
    }
    if (problem == problem_) return;
    problem_ = problem;
    source_.complain(problem);
}

void WebSurface::service_changed(const ServiceStatus& service) {
    count_restarts(restarts_, service);
    changed();
}

void WebSurface::changed() {
    if (streams() == 0 || soon_.active()) return;
    if (Result<EventSource> timer = loop_.after(kGather, kGather / 10, [this] {
            soon_ = {};
            publish();
        }))
        soon_ = std::move(*timer);
}

void WebSurface::publish() {
    if (streams() == 0) {
        told_ = {};
        return;
    }
    std::string text = status_json(source_.view());
    if (text == told_) return;
    told_ = std::move(text);
    server_->publish("status", told_);
}

HttpReply WebSurface::get(std::string_view path, const PeerUid& peer) {
    if (path == "/")
        return {.type = "text/html; charset=utf-8",
                .body = render_page(source_.view()),
                .policy = policy_};
    if (path == "/api/status")
        return {.type = "application/json", .body = status_json(source_.view()) + "\n"};
    if (path == "/metrics") {
        StackView view = source_.view();
        for (const ServiceStatus& service : view.services) count_restarts(restarts_, service);
        Gauges gauges{.restarts = restarts_,
                      .turns = meter_ ? meter_->turns() : TurnTimes{},
                      .process = read_process(view.now),
                      .streams = streams()};
        return {.type = "text/plain; version=0.0.4; charset=utf-8",
                .body = render_metrics(view, gauges)};
    }
    if (constexpr std::string_view kIncidents = "/incidents/"; path.starts_with(kIncidents)) {
        std::optional<std::uint32_t> uid = peer();
        if (!uid || !source_.may_read(*uid))
            return {.status = 403,
                    .body = "the words of the services are for root and group lakebed, as their "
                            "logs are\n"};
        Result<std::string> text = source_.incident(std::string(path.substr(kIncidents.size())));
        if (text) return {.type = "text/plain; charset=utf-8", .body = std::move(*text)};
        return {.status = 404, .body = text.error().message + "\n"};
    }
    if (path == "/healthz") return {.body = "ok\n"};
    return {.status = 404,
            .body = "there are / /api/status /api/events /incidents/NAME /metrics /healthz\n"};
}

} // namespace lakebed
