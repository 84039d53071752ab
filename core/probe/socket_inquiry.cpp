#include "probe/socket_inquiry.h"

#include <cerrno>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <fmt/format.h>

#include "probe/codecs.h"

namespace lakebed {
namespace {

constexpr std::size_t kMostReply = std::size_t{64} << 10; // of a tcp probe's peer

struct Address {
    sockaddr_storage storage{};
    socklen_t size = 0;
};

// No name is looked up: that would block the loop, and the plan writes addresses.
std::optional<Address> numeric_address(std::string host, Port port) {
    if (host == "localhost") host = "127.0.0.1";
    Address address;
    auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
    if (::inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        address.size = sizeof *v4;
        return address;
    }
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
    if (::inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        address.size = sizeof *v6;
        return address;
    }
    return std::nullopt;
}

std::pair<std::string, Port> endpoint(const ProbeSpec& spec) {
    if (auto* redis = std::get_if<RedisProbe>(&spec.how)) return {redis->host, redis->port};
    if (auto* thrift = std::get_if<ThriftProbe>(&spec.how)) return {thrift->host, thrift->port};
    const auto& tcp = std::get<TcpProbe>(spec.how);
    return {tcp.host, tcp.port};
}

} // namespace

SocketInquiry::SocketInquiry(sd_event* loop, const ProbeSpec& spec, InquiryReport report)
    : loop_(loop), spec_(spec), report_(std::move(report)) {}

void SocketInquiry::ask(const ProbeSecrets& secrets) {
    if (!socket_.valid()) {
        secrets_ = secrets;
        connect();
        return;
    }
    fresh_ = false;
    connected();
}

void SocketInquiry::abort() {
    source_.reset();
    socket_.reset();
    connecting_ = false;
}

void SocketInquiry::connect() {
    fresh_ = true;
    auto [host, port] = endpoint(spec_);
    auto address = numeric_address(host, port);
    if (!address) return end({.detail = fmt::format("\"{}\" is not an address", host)});
    socket_ = UniqueFd(
        ::socket(address->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket_.valid()) return end({.detail = "cannot make a socket: " + errno_clause(errno)});
    if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address->storage),
                  address->size) == 0)
        return connected();
    if (errno != EINPROGRESS) return end({.detail = errno_clause(errno)});
    connecting_ = true;
    watch(EPOLLOUT);
}

void SocketInquiry::connected() {
    connecting_ = false;
    received_.clear();
    if (std::holds_alternative<RedisProbe>(spec_.how)) {
        to_send_ = redis_request(secrets_, fresh_);
    } else if (auto* thrift = std::get_if<ThriftProbe>(&spec_.how)) {
        to_send_ = thrift_call(thrift->method, ++sequence_);
    } else {
        const auto& tcp = std::get<TcpProbe>(spec_.how);
        if (tcp.send.empty() && tcp.contains.empty()) {
            abort();
            return end({.ok = true, .detail = "accepts connections"});
        }
        to_send_ = tcp.send;
    }
    send();
}

void SocketInquiry::on_ready(std::uint32_t events) {
    if (connecting_) {
        int error = 0;
        socklen_t size = sizeof error;
        ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
        if (error != 0) return end({.detail = errno_clause(error)});
        return connected();
    }
    if (!to_send_.empty() && (events & EPOLLOUT)) return send();
    receive();
}

void SocketInquiry::send() {
    while (!to_send_.empty()) {
        ssize_t count = ::send(socket_.get(), to_send_.data(), to_send_.size(), MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == EAGAIN) return watch(EPOLLOUT | EPOLLIN);
        if (count < 0) return lost(errno_clause(errno));
        to_send_.erase(0, static_cast<std::size_t>(count));
    }
    watch(EPOLLIN);
}

void SocketInquiry::receive() {
    char buffer[16384];
    while (true) {
        ssize_t count = ::recv(socket_.get(), buffer, sizeof buffer, 0);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == EAGAIN) return;
        if (count < 0) return lost(errno_clause(errno));
        if (count == 0) return lost("closed the connection");
        received_.append(buffer, static_cast<std::size_t>(count));
        if (auto outcome = judge()) return end(*outcome);
    }
}

std::optional<ProbeOutcome> SocketInquiry::judge() const {
    if (std::holds_alternative<RedisProbe>(spec_.how)) return redis_outcome(received_, fresh_);
    if (auto* tcp = std::get_if<TcpProbe>(&spec_.how)) {
        if (received_.find(tcp->contains) != std::string::npos)
            return ProbeOutcome{.ok = true, .detail = "answers"};
        if (received_.size() < kMostReply) return std::nullopt;
        return ProbeOutcome{.detail = fmt::format("does not answer \"{}\"", tcp->contains)};
    }
    return thrift_outcome(received_, std::get<ThriftProbe>(spec_.how).method, sequence_);
}

void SocketInquiry::watch(std::uint32_t events) {
    auto watched = [&]() -> Result<void> {
        if (source_) return set_events(source_, events);
        source_ = TRY(watch_fd(loop_, socket_.get(), events,
                               [this](std::uint32_t ready) { on_ready(ready); }));
        return {};
    }();
    if (!watched) end({.detail = watched.error().message});
}

// A kept connection that the service has closed since (its idle limit, a restart) says nothing
// about now: one fresh connection does.
void SocketInquiry::lost(std::string why) {
    bool was_kept = !fresh_;
    abort();
    if (was_kept) return connect();
    end({.detail = std::move(why)});
}

void SocketInquiry::end(ProbeOutcome outcome) {
    // Kept, but not watched, since epoll would report a hang-up for ever: it shows at the next
    // probe. Whether a second question may follow on it is known of real protocols only.
    source_.reset();
    if (!outcome.ok || std::holds_alternative<TcpProbe>(spec_.how)) abort();
    report_(std::move(outcome));
}

} // namespace lakebed
