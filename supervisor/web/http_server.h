// HttpServer: HTTP/1.1 on loopback for people and scrapers of this machine, on the event loop.
//
// How it works: libmicrohttpd runs without a thread; its epoll descriptor and its time-out are
// watched by our loop. A client of the stream of events is suspended until there is something new.
// It gets the newest event only: one that reads slowly misses those in between, and one that takes
// nothing for a while is cut off. So a client costs at most two events of memory.
//
// Other machines cannot reach it, and no web page of elsewhere can be made to: names other than
// those of loopback are refused in Host (DNS rebinding), and nothing allows other origins.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/probe_spec.h"
#include "sys/event_loop.h"

namespace lakebed {

struct HttpReply {
    int status = 200;
    std::string type = "text/plain; charset=utf-8";
    std::string body;
    std::string policy = "default-src 'none'; frame-ancestors 'none'"; // Content-Security-Policy
};

struct ListenAddress {
    std::string host = "127.0.0.1"; // of 127.0.0.0/8, or ::1
    Port port = 7070;               // 0: any that is free
    bool operator==(const ListenAddress&) const = default;
};

// "127.0.0.1:7070", "[::1]:7070"; an address that others could reach is refused.
[[nodiscard]] Result<ListenAddress> parse_listen_address(std::string_view text);
[[nodiscard]] std::string to_string(const ListenAddress& address);

struct HttpServerOptions {
    ListenAddress address;
    std::size_t connections = 48;
    std::size_t streams = 16;                  // further clients of events are told to come later
    Duration stall = std::chrono::seconds(20); // without progress a connection is cut
    Duration heartbeat = std::chrono::seconds(15); // finds out which streams have gone
};

// The user at the other end, found when it is asked for; nullopt when that cannot be told.
using PeerUid = std::function<std::optional<std::uint32_t>()>;

struct HttpHandlers {
    // GET and HEAD; 404 is its business too.
    std::function<HttpReply(std::string_view path, const PeerUid& peer)> get;
    std::string events_path;
    std::function<std::string()> first_event; // of a new client
};

class HttpServer {
  public:
    // `loop` must outlive it. Fails where the address is taken.
    [[nodiscard]] static Result<HttpServer> make(EventLoop& loop, HttpServerOptions options,
                                                 HttpHandlers handlers);
    HttpServer(HttpServer&&) noexcept;
    HttpServer& operator=(HttpServer&&) noexcept;
    ~HttpServer();

    [[nodiscard]] Port port() const;
    [[nodiscard]] std::size_t streams() const;

    // To all clients of events; `data` is one line.
    void publish(std::string_view event, std::string_view data);

  private:
    struct State;
    explicit HttpServer(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

} // namespace lakebed
