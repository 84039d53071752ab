#include "verify/connection.h"

#include <algorithm>
#include <cerrno>
#include <memory>

#include <fmt/format.h>

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

namespace lakebed {
namespace {

Result<void> wait_until(int fd, short events, DeadlinePoint deadline) {
    for (;;) {
        auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline -
                                                                 std::chrono::steady_clock::now());
        if (left.count() <= 0) return fail("no answer before the step's deadline");
        pollfd poller{fd, events, 0};
        int ready = ::poll(&poller, 1, static_cast<int>(std::min<long long>(left.count(), 60'000)));
        if (ready > 0) return {};
        if (ready < 0 && errno != EINTR) return fail_errno("poll", errno);
    }
}

} // namespace

Result<Connection> Connection::open(const std::string& host, Port port, DeadlinePoint deadline) {
    std::string where = fmt::format("connect to {}:{}", host, port);
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    addrinfo* found = nullptr;
    if (int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found))
        return fail(fmt::format("{}: {}", where, ::gai_strerror(error)));
    std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, ::freeaddrinfo);

    int last_error = 0;
    for (const addrinfo* address = found; address; address = address->ai_next) {
        UniqueFd fd(::socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        if (!fd.valid()) return fail_errno("socket", errno);
        if (::connect(fd.get(), address->ai_addr, address->ai_addrlen) == 0)
            return Connection(std::move(fd), deadline);
        last_error = errno;
        if (last_error != EINPROGRESS) continue;
        TRY(wait_until(fd.get(), POLLOUT, deadline).context(where));
        socklen_t size = sizeof last_error;
        ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &last_error, &size);
        if (last_error == 0) return Connection(std::move(fd), deadline);
    }
    return fail_errno(where, last_error);
}

Result<void> Connection::wait(short events) {
    return wait_until(fd_.get(), events, deadline_);
}

Result<void> Connection::send(std::string_view bytes) {
    while (!bytes.empty()) {
        ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent > 0)
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        else if (errno == EAGAIN)
            TRY(wait(POLLOUT));
        else if (errno != EINTR)
            return fail_errno("send", errno);
    }
    return {};
}

Result<std::string> Connection::receive() {
    std::string buffer(16384, '\0');
    for (;;) {
        ssize_t got = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
        if (got > 0) {
            buffer.resize(static_cast<std::size_t>(got));
            return buffer;
        }
        if (got == 0) return fail("the service closed the connection");
        if (errno == EAGAIN)
            TRY(wait(POLLIN));
        else if (errno != EINTR)
            return fail_errno("receive", errno);
    }
}

} // namespace lakebed
