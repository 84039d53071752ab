// FakeServer: a TCP server on a free port of 127.0.0.1 that answers as a test's function says.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/unique_fd.h"

namespace lakebed::test {

struct Answer {
    std::string bytes;
    bool close = false;
};

// Called with all bytes of a connection that were not answered yet; nullopt: wait for more. What it
// answers uses up the bytes. Runs in the server's thread.
using Behaviour = std::function<std::optional<Answer>(const std::string& received)>;

class FakeServer {
  public:
    explicit FakeServer(Behaviour behaviour)
        : behaviour_(std::move(behaviour)), wake_(::eventfd(0, EFD_CLOEXEC)),
          listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        ::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size);
        ::listen(listener_.get(), 16);
        ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { serve(); });
    }
    FakeServer(const FakeServer&) = delete;
    FakeServer& operator=(const FakeServer&) = delete;
    ~FakeServer() {
        std::uint64_t one = 1;
        if (::write(wake_.get(), &one, sizeof one) == sizeof one) thread_.join();
    }

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] int connections() const { return connections_; }

  private:
    struct Connection {
        UniqueFd fd;
        std::string received;
    };

    void serve() {
        std::vector<Connection> open;
        while (true) {
            std::vector<pollfd> waiting{{wake_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
            for (const Connection& connection : open)
                waiting.push_back({connection.fd.get(), POLLIN, 0});
            if (::poll(waiting.data(), waiting.size(), -1) < 0) continue;
            if (waiting[0].revents != 0) return;
            for (std::size_t i = open.size(); i > 0; --i)
                if (waiting[i + 1].revents != 0 && !converse(open[i - 1]))
                    open.erase(open.begin() + static_cast<std::ptrdiff_t>(i) - 1);
            if (waiting[1].revents == 0) continue;
            open.push_back(
                {UniqueFd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)), ""});
            ++connections_;
        }
    }

    bool converse(Connection& connection) {
        char buffer[65536];
        ssize_t count = ::recv(connection.fd.get(), buffer, sizeof buffer, 0);
        if (count <= 0) return false;
        connection.received.append(buffer, static_cast<std::size_t>(count));
        auto answer = behaviour_(connection.received);
        if (!answer) return true;
        connection.received.clear();
        ::send(connection.fd.get(), answer->bytes.data(), answer->bytes.size(), MSG_NOSIGNAL);
        return !answer->close;
    }

    Behaviour behaviour_;
    UniqueFd wake_;
    UniqueFd listener_;
    std::uint16_t port_ = 0;
    std::atomic<int> connections_ = 0;
    std::thread thread_;
};

// A port on which nothing listens: it was free a moment ago.
inline std::uint16_t closed_port() {
    return FakeServer([](const std::string&) { return std::nullopt; }).port();
}

// A whole HTTP request, head and body; nullopt: not all of it is there.
struct HttpRequest {
    std::string method, target, head, body;

    [[nodiscard]] std::string header(std::string name) const {
        name = "\r\n" + name + ": ";
        auto at = head.find(name);
        if (at == std::string::npos) return "";
        at += name.size();
        return head.substr(at, head.find("\r\n", at) - at);
    }
};
inline std::optional<HttpRequest> parse_http(const std::string& received) {
    auto end = received.find("\r\n\r\n");
    if (end == std::string::npos) return std::nullopt;
    HttpRequest request;
    request.head = received.substr(0, end + 2);
    request.body = received.substr(end + 4);
    std::string length = request.header("Content-Length");
    if (!length.empty() && request.body.size() < std::stoul(length)) return std::nullopt;
    auto blank = request.head.find(' ');
    request.method = request.head.substr(0, blank);
    request.target = request.head.substr(blank + 1, request.head.find(' ', blank + 1) - blank - 1);
    return request;
}
inline Answer http_answer(int status, const std::string& body, bool head_only = false) {
    return {"HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: " +
            std::to_string(body.size()) + "\r\n\r\n" + (head_only ? "" : body)};
}

} // namespace lakebed::test
