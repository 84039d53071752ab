#include "web/http_server.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <list>
#include <optional>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "probe/loop_source.h"
#include "sys/ports.h"
#include "sys/unique_fd.h"

namespace lakebed {
namespace {

constexpr std::size_t kBlock = 4096;

struct Address {
    sockaddr_storage data{};
    socklen_t size = 0;
};

Result<Address> to_address(const ListenAddress& from) {
    Address address;
    if (from.host.find(':') == std::string::npos) {
        auto* in = reinterpret_cast<sockaddr_in*>(&address.data);
        in->sin_family = AF_INET;
        in->sin_port = htons(from.port);
        address.size = sizeof *in;
        if (inet_pton(AF_INET, from.host.c_str(), &in->sin_addr) == 1 &&
            ntohl(in->sin_addr.s_addr) >> 24 == 127)
            return address;
    } else {
        auto* in = reinterpret_cast<sockaddr_in6*>(&address.data);
        in->sin6_family = AF_INET6;
        in->sin6_port = htons(from.port);
        address.size = sizeof *in;
        if (inet_pton(AF_INET6, from.host.c_str(), &in->sin6_addr) == 1 &&
            IN6_IS_ADDR_LOOPBACK(&in->sin6_addr))
            return address;
    }
    return fail(Errc::usage,
                fmt::format("\"{}\" is not an address of loopback, and the status page has no "
                            "log-in",
                            from.host),
                "127.0.0.1:7070, and ssh -L or a proxy with a log-in for other machines");
}

Result<UniqueFd> listen_on(const ListenAddress& where) {
    Address address = TRY(to_address(where));
    std::string what = fmt::format("cannot serve the status page on {}", to_string(where));
    UniqueFd fd(::socket(address.data.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (fd.get() < 0) return fail_errno(what, errno);
    int yes = 1;
    if (::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) < 0 ||
        ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address.data), address.size) < 0 ||
        ::listen(fd.get(), 64) < 0)
        return fail_errno(what, errno);
    return fd;
}

Port port_of(int fd) {
    Address address;
    address.size = sizeof address.data;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address.data), &address.size) < 0) return 0;
    return ntohs(address.data.ss_family == AF_INET
                     ? reinterpret_cast<const sockaddr_in&>(address.data).sin_port
                     : reinterpret_cast<const sockaddr_in6&>(address.data).sin6_port);
}

// The port may be another one: that of a tunnel which ends here. A page of elsewhere can choose
// the port, but not the name.
bool is_loopback_name(std::string_view host) {
    if (std::size_t colon = host.rfind(':'); colon != std::string_view::npos) {
        std::string_view port = host.substr(colon + 1);
        bool is_port = !port.empty() && std::all_of(port.begin(), port.end(),
                                                    [](char c) { return c >= '0' && c <= '9'; });
        if (is_port) host = host.substr(0, colon);
    }
    return host == "localhost" || host == "127.0.0.1" || host == "[::1]";
}

std::optional<std::uint32_t> owner_of(MHD_Connection* connection, Port server) {
    const MHD_ConnectionInfo* info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (info == nullptr || info->client_addr == nullptr) return {};
    const sockaddr* client = info->client_addr;
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(client);
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(client);
    const bool is_v4 = client->sa_family == AF_INET;
    const void* address = is_v4 ? static_cast<const void*>(&v4->sin_addr) : &v6->sin6_addr;
    char text[INET6_ADDRSTRLEN] = "";
    if (inet_ntop(client->sa_family, address, text, sizeof text) == nullptr) return {};
    return read_socket_owner(text, ntohs(is_v4 ? v4->sin_port : v6->sin6_port), server);
}

struct ResponseDeleter {
    void operator()(MHD_Response* response) const noexcept { MHD_destroy_response(response); }
};
using ResponsePtr = std::unique_ptr<MHD_Response, ResponseDeleter>;

MHD_Result queue(MHD_Connection* connection, unsigned status, ResponsePtr response,
                 const std::vector<std::pair<const char*, std::string>>& headers) {
    if (!response) return MHD_NO;
    for (const auto& [name, value] : headers)
        if (MHD_add_response_header(response.get(), name, value.c_str()) != MHD_YES) return MHD_NO;
    return MHD_queue_response(connection, status, response.get());
}

ResponsePtr response_of(const std::string& body) {
    // libmicrohttpd copies the bytes; const_cast because its C signature lacks the const.
    return ResponsePtr(MHD_create_response_from_buffer(body.size(), const_cast<char*>(body.data()),
                                                       MHD_RESPMEM_MUST_COPY));
}

std::string event_text(std::string_view event, std::string_view data) {
    return fmt::format("event: {}\ndata: {}\n\n", event, data);
}

} // namespace

Result<ListenAddress> parse_listen_address(std::string_view text) {
    ListenAddress address;
    std::size_t colon = text.rfind(':');
    std::string_view port = colon == std::string_view::npos ? "" : text.substr(colon + 1);
    auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
    if (port.empty() || error != std::errc() || end != port.data() + port.size())
        return fail(Errc::usage, fmt::format("\"{}\" is not ADDRESS:PORT", text));
    std::string_view host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    address.host = host;
    (void)TRY(to_address(address));
    return address;
}

std::string to_string(const ListenAddress& address) {
    bool is_v6 = address.host.find(':') != std::string::npos;
    return fmt::format(fmt::runtime(is_v6 ? "[{}]:{}" : "{}:{}"), address.host, address.port);
}

struct HttpServer::State {
    struct Stream {
        State* owner = nullptr;
        std::list<Stream>::iterator self;
        MHD_Connection* connection = nullptr;
        std::shared_ptr<const std::string> sending, next;
        std::size_t sent = 0;
        bool suspended = false;
    };

    EventLoop& loop;
    HttpServerOptions options;
    HttpHandlers handlers;
    Port port = 0;
    MHD_Daemon* daemon = nullptr;
    LoopSource watch, timer, heartbeat;
    std::list<Stream> streams;
    bool closing = false;

    State(EventLoop& on, HttpServerOptions how, HttpHandlers with)
        : loop(on), options(std::move(how)), handlers(std::move(with)) {}
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State();

    Result<void> start();
    void run();
    void run_later(Duration delay); // run() once the handlers of now are through
    void send_to_all(const std::shared_ptr<const std::string>& text);
    void wake(Stream& stream);
    void beat();
    void beat_later();
    MHD_Result answer(MHD_Connection* connection, std::string_view path, std::string_view method);
    MHD_Result send_reply(MHD_Connection* connection, const HttpReply& reply);
    MHD_Result open_stream(MHD_Connection* connection);

    static MHD_Result on_request(void* self, MHD_Connection* connection, const char* url,
                                 const char* method, const char*, const char*, std::size_t* size,
                                 void** request);
    static ssize_t read_stream(void* stream, std::uint64_t, char* into, std::size_t room);
    static void close_stream(void* stream);
};

HttpServer::State::~State() {
    closing = true;
    watch.reset();
    timer.reset();
    heartbeat.reset();
    if (daemon == nullptr) return;
    // It must not be stopped while a connection is suspended.
    for (Stream& stream : streams)
        if (std::exchange(stream.suspended, false)) MHD_resume_connection(stream.connection);
    MHD_run(daemon);
    MHD_stop_daemon(daemon);
}

Result<void> HttpServer::State::start() {
    UniqueFd fd = TRY(listen_on(options.address));
    port = port_of(fd.get());
    auto stall = std::chrono::ceil<std::chrono::seconds>(options.stall).count();
    daemon =
        MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, nullptr, nullptr,
                         &State::on_request, this, MHD_OPTION_LISTEN_SOCKET, fd.get(),
                         MHD_OPTION_CONNECTION_LIMIT, static_cast<unsigned>(options.connections),
                         MHD_OPTION_CONNECTION_TIMEOUT, static_cast<unsigned>(stall),
                         MHD_OPTION_CONNECTION_MEMORY_LIMIT, std::size_t{16384}, MHD_OPTION_END);
    if (daemon == nullptr)
        return fail(fmt::format("cannot serve the status page on {}: libmicrohttpd does not start",
                                to_string(options.address)));
    (void)fd.release(); // the daemon's
    const MHD_DaemonInfo* info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (info == nullptr) return fail("cannot serve the status page: libmicrohttpd has no epoll");
    watch = TRY(watch_fd(loop.get(), info->epoll_fd, EPOLLIN, [this](std::uint32_t) { run(); }));
    run();
    return {};
}

void HttpServer::State::run() {
    MHD_run(daemon);
    MHD_UNSIGNED_LONG_LONG milliseconds = 0;
    timer.reset();
    if (MHD_get_timeout(daemon, &milliseconds) != MHD_YES) return;
    // A millisecond more, or rounding has us come just before the time, again and again.
    auto delay = std::chrono::milliseconds(milliseconds == 0 ? 0 : milliseconds + 1);
    run_later(delay);
}

void HttpServer::State::send_to_all(const std::shared_ptr<const std::string>& text) {
    for (Stream& stream : streams) {
        stream.next = text;
        wake(stream);
    }
}

void HttpServer::State::beat() {
    static const auto kBeat = std::make_shared<const std::string>(":\n\n");
    for (Stream& stream : streams)
        if (stream.suspended) {
            stream.next = kBeat;
            wake(stream);
        }
}

void HttpServer::State::wake(Stream& stream) {
    if (!std::exchange(stream.suspended, false)) return;
    MHD_resume_connection(stream.connection);
    // Without a thread of its own the library does not wake the loop for that.
    run_later(Duration(0));
}

void HttpServer::State::run_later(Duration delay) {
    if (Result<LoopSource> later = run_after(loop.get(), delay, [this] { run(); }))
        timer = std::move(*later);
}

void HttpServer::State::beat_later() {
    if (Result<LoopSource> later = run_after(loop.get(), options.heartbeat, [this] {
            heartbeat.reset();
            beat();
            if (!streams.empty()) beat_later();
        }))
        heartbeat = std::move(*later);
}

ssize_t HttpServer::State::read_stream(void* userdata, std::uint64_t, char* into,
                                       std::size_t room) {
    auto& stream = *static_cast<Stream*>(userdata);
    if (stream.owner->closing) return MHD_CONTENT_READER_END_OF_STREAM;
    if (!stream.sending) {
        stream.sending = std::exchange(stream.next, nullptr);
        stream.sent = 0;
    }
    if (!stream.sending) {
        stream.suspended = true;
        MHD_suspend_connection(stream.connection);
        return 0;
    }
    std::size_t size = std::min(room, stream.sending->size() - stream.sent);
    std::memcpy(into, stream.sending->data() + stream.sent, size);
    stream.sent += size;
    if (stream.sent == stream.sending->size()) stream.sending.reset();
    return static_cast<ssize_t>(size);
}

void HttpServer::State::close_stream(void* userdata) {
    auto* stream = static_cast<Stream*>(userdata);
    stream->owner->streams.erase(stream->self);
}

MHD_Result HttpServer::State::open_stream(MHD_Connection* connection) {
    if (streams.size() >= options.streams) {
        // Some may have gone without a word; whoever comes next then finds room.
        beat();
        return send_reply(connection, {.status = MHD_HTTP_SERVICE_UNAVAILABLE,
                                       .body = "too many clients follow the events; try again\n"});
    }
    auto first = std::make_shared<const std::string>(event_text("status", handlers.first_event()));
    streams.emplace_back();
    Stream& stream = streams.back();
    stream.owner = this;
    stream.self = std::prev(streams.end());
    stream.connection = connection;
    stream.next = std::move(first);
    ResponsePtr response(MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, kBlock, read_stream,
                                                           &stream, close_stream));
    if (!response) {
        streams.pop_back();
        return MHD_NO;
    }
    if (!heartbeat) beat_later();
    return queue(connection, MHD_HTTP_OK, std::move(response),
                 {{"Content-Type", "text/event-stream"},
                  {"Cache-Control", "no-store"},
                  {"X-Content-Type-Options", "nosniff"},
                  {"X-Accel-Buffering", "no"}});
}

MHD_Result HttpServer::State::send_reply(MHD_Connection* connection, const HttpReply& reply) {
    std::vector<std::pair<const char*, std::string>> headers = {
        {"Content-Type", reply.type},       {"Content-Security-Policy", reply.policy},
        {"Cache-Control", "no-store"},      {"X-Content-Type-Options", "nosniff"},
        {"Referrer-Policy", "no-referrer"}, {"Cross-Origin-Resource-Policy", "same-origin"}};
    if (reply.status == MHD_HTTP_METHOD_NOT_ALLOWED) headers.emplace_back("Allow", "GET, HEAD");
    if (reply.status == MHD_HTTP_SERVICE_UNAVAILABLE) headers.emplace_back("Retry-After", "10");
    return queue(connection, static_cast<unsigned>(reply.status), response_of(reply.body), headers);
}

MHD_Result HttpServer::State::answer(MHD_Connection* connection, std::string_view path,
                                     std::string_view method) {
    if (path != handlers.events_path)
        return send_reply(connection,
                          handlers.get(path, [&] { return owner_of(connection, port); }));
    if (method == "GET") return open_stream(connection);
    return send_reply(connection, {.type = "text/event-stream"});
}

MHD_Result HttpServer::State::on_request(void* self, MHD_Connection* connection, const char* url,
                                         const char* method, const char*, const char*,
                                         std::size_t* size, void** request) {
    static char begun;
    auto& state = *static_cast<State*>(self);
    try {
        std::string_view verb = method;
        if (verb != "GET" && verb != "HEAD")
            return state.send_reply(connection,
                                    {.status = MHD_HTTP_METHOD_NOT_ALLOWED,
                                     .body = "only GET and HEAD; orders go to lakebed\n"});
        if (*request == nullptr) { // only the header is there; the connection stays open if we wait
            *request = &begun;
            return MHD_YES;
        }
        if (*size != 0) {
            *size = 0; // a body that nobody asked for
            return MHD_YES;
        }
        const char* host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Host");
        if (host == nullptr || !is_loopback_name(host))
            return state.send_reply(
                connection, {.status = MHD_HTTP_FORBIDDEN,
                             .body = "only for localhost, 127.0.0.1 and [::1]: this Host may "
                                     "be another site's trick\n"});
        return state.answer(connection, url, verb);
    } catch (const std::exception&) { // no exception may cross the C library
        return MHD_NO;
    }
}

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpServer::HttpServer(HttpServer&&) noexcept = default;
HttpServer& HttpServer::operator=(HttpServer&&) noexcept = default;
HttpServer::~HttpServer() = default;

Result<HttpServer> HttpServer::make(EventLoop& loop, HttpServerOptions options,
                                    HttpHandlers handlers) {
    auto state = std::make_unique<State>(loop, std::move(options), std::move(handlers));
    TRY(state->start());
    return HttpServer(std::move(state));
}

Port HttpServer::port() const {
    return state_->port;
}

std::size_t HttpServer::streams() const {
    return state_->streams.size();
}

void HttpServer::publish(std::string_view event, std::string_view data) {
    if (state_->streams.empty()) return;
    state_->send_to_all(std::make_shared<const std::string>(event_text(event, data)));
}

} // namespace lakebed
