// WebSurface: the status page, its stream of events, the JSON and the metrics of lakebedd.
//
// It only looks: no request changes anything. Where it cannot be served, supervision goes on; the
// caller is told once, and it is tried again until it can.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "sys/loop_meter.h"
#include "web/http_server.h"
#include "web/restart_counts.h"
#include "web/stack_view.h"

namespace lakebed {

struct WebSource {
    std::function<StackView()> view;
    // What was kept of an incident, as text; Errc::not_found for any name that is none.
    std::function<Result<std::string>(const std::string& name)> incident;
    // Whom the words of the services may be shown to: the log of one is not for another's.
    std::function<bool(std::uint32_t uid)> may_read;
    // Of the surface itself, "" when it is well again.
    std::function<void(const std::string& problem)> complain;
};

class WebSurface {
  public:
    // `loop` must outlive it.
    WebSurface(EventLoop& loop, HttpServerOptions options, WebSource source);
    WebSurface(const WebSurface&) = delete;
    WebSurface& operator=(const WebSurface&) = delete;

    // A service has another state.
    void service_changed(const ServiceStatus& service);
    // Something may look different; cheap, unless somebody follows the events.
    void changed();

    // What is answered to GET, but for the stream of events.
    [[nodiscard]] HttpReply get(std::string_view path, const PeerUid& peer);

    [[nodiscard]] Port port() const { return server_ ? server_->port() : Port{0}; } // 0: not served
    [[nodiscard]] std::size_t streams() const { return server_ ? server_->streams() : 0; }

  private:
    void listen();
    void publish();

    EventLoop& loop_;
    HttpServerOptions options_;
    WebSource source_;
    std::string policy_;
    std::optional<LoopMeter> meter_;
    RestartCounts restarts_;
    std::optional<HttpServer> server_;
    std::string told_; // last published
    std::string problem_;
    EventSource soon_;
    EventSource retry_;
};

} // namespace lakebed
