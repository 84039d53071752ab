// HttpClient: one connection to a server on the same event loop, which it keeps turning meanwhile.
#pragma once

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>

#include "sys/event_loop.h"
#include "sys/unique_fd.h"

namespace lakebed::test {

// Until `done`, at most ten seconds.
inline bool turn_until(EventLoop& loop, const std::function<bool()>& done) {
    auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!done()) {
        if (std::chrono::steady_clock::now() > end) return false;
        if (sd_event_run(loop.get(), 1000) < 0) return false;
    }
    return true;
}

class HttpClient {
  public:
    // `receive_buffer`: of the socket, 0 for the usual size.
    HttpClient(EventLoop& loop, std::uint16_t port, int receive_buffer = 0)
        : loop_(&loop), fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        if (receive_buffer > 0)
            ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(fd_.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) < 0)
            throw std::runtime_error("connect failed");
    }

    void send(const std::string& text) const {
        if (::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL) !=
            static_cast<ssize_t>(text.size()))
            throw std::runtime_error("send failed");
    }

    void ask(const std::string& method, const std::string& path,
             const std::string& host = "localhost", const std::string& headers = "") const {
        send(method + " " + path + " HTTP/1.1\r\nHost: " + host + "\r\n" + headers + "\r\n");
    }

    // What there is; false once the server has closed or reset the connection.
    bool receive() {
        char buffer[65536];
        for (;;) {
            ssize_t got = ::recv(fd_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
            if (got > 0)
                received_.append(buffer, static_cast<std::size_t>(got));
            else
                return got < 0 && errno == EAGAIN;
        }
    }

    bool receive_until(const std::string& text) {
        return turn_until(*loop_, [&] {
            receive();
            return received_.find(text) != std::string::npos;
        });
    }

    bool receive_until_closed() {
        return turn_until(*loop_, [&] { return !receive(); });
    }

    [[nodiscard]] const std::string& received() const { return received_; }

  private:
    EventLoop* loop_;
    UniqueFd fd_;
    std::string received_;
};

} // namespace lakebed::test
