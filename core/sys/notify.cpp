#include "sys/notify.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <fmt/format.h>
#include <systemd/sd-daemon.h>

#include "sys/unique_fd.h"

namespace lakebed {

void notify_systemd(std::string_view assignments) {
    sd_notify(0, std::string(assignments).c_str());
}

Result<void> notify_as(int pid, std::string_view assignments) {
    if (pid <= 1) return fail(Errc::not_found, "the unit has no main process");
    const char* path = std::getenv("NOTIFY_SOCKET");
    if (path == nullptr || *path != '/') path = "/run/systemd/notify";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path, sizeof address.sun_path - 1);

    iovec data{.iov_base = const_cast<char*>(assignments.data()), .iov_len = assignments.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(ucred))] = {};
    msghdr message{};
    message.msg_name = &address;
    message.msg_namelen = sizeof address;
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_CREDENTIALS;
    header->cmsg_len = CMSG_LEN(sizeof(ucred));
    ucred credentials{.pid = pid, .uid = ::geteuid(), .gid = ::getegid()};
    std::memcpy(CMSG_DATA(header), &credentials, sizeof credentials);

    UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket.valid()) return fail_errno("cannot make a socket", errno);
    if (::sendmsg(socket.get(), &message, MSG_NOSIGNAL) >= 0) return {};
    int error = errno;
    auto failure = fail_errno(fmt::format("cannot notify systemd for process {}", pid), error);
    if (error == ESRCH) failure.value().code = Errc::not_found;
    if (error == EAGAIN) failure.value().code = Errc::temporary;
    return failure;
}

} // namespace lakebed
