// dummy_service SOCKET NAME READY_MS [PORT]: a Type=notify service for measurements.
//
// It tells SOCKET (datagrams) "start NAME NS" and, READY_MS later, systemd and SOCKET that it is
// ready; NS is CLOCK_MONOTONIC. With PORT it answers every HTTP request on 127.0.0.1 and keeps the
// connections.
#include <array>
#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace {

long long monotonic_ns() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

void tell(std::string_view path, const std::string& text) {
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    // Nobody listens when a service is started again after the measurement.
    (void)::sendto(fd, text.data(), text.size(), MSG_NOSIGNAL,
                   reinterpret_cast<const sockaddr*>(&address), sizeof(address));
    ::close(fd);
}

int listen_on(int port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    sockaddr_in address{.sin_family = AF_INET,
                        .sin_port = htons(static_cast<std::uint16_t>(port)),
                        .sin_addr = {htonl(INADDR_LOOPBACK)},
                        .sin_zero = {}};
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
        ::listen(fd, 16) != 0)
        std::exit(1);
    return fd;
}

[[noreturn]] void serve(int listener) {
    constexpr std::string_view kReply = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    std::vector<pollfd> fds{{listener, POLLIN, 0}};
    std::array<char, 4096> request{};
    for (;;) {
        ::poll(fds.data(), fds.size(), -1);
        for (std::size_t i = fds.size(); i-- > 1;) {
            if (fds[i].revents == 0) continue;
            if (::read(fds[i].fd, request.data(), request.size()) <= 0 ||
                ::write(fds[i].fd, kReply.data(), kReply.size()) <= 0) {
                ::close(fds[i].fd);
                fds.erase(fds.begin() + static_cast<std::ptrdiff_t>(i));
            }
        }
        if (fds[0].revents != 0)
            if (const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC); fd >= 0)
                fds.push_back({fd, POLLIN, 0});
    }
}

} // namespace

int main(int argc, char** argv) {
    const long long began = monotonic_ns();
    if (argc < 4) return 2;
    const std::string name = argv[2];
    tell(argv[1], "start " + name + " " + std::to_string(began));
    const int listener = argc > 4 ? listen_on(std::atoi(argv[4])) : -1;
    const long long ready = began + std::atoll(argv[3]) * 1'000'000;
    const timespec until{ready / 1'000'000'000, ready % 1'000'000'000};
    while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) != 0) {
    }
    if (const char* notify = std::getenv("NOTIFY_SOCKET")) tell(notify, "READY=1");
    tell(argv[1], "ready " + name + " " + std::to_string(monotonic_ns()));
    if (listener >= 0) serve(listener);
    for (;;) ::pause();
}
