// Who holds a TCP port: /proc/net/tcp* name the socket's inode, /proc/PID/fd who has it open.
#include "sys/ports.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <functional>
#include <sstream>

#include <arpa/inet.h>
#include <unistd.h>

#include <fmt/format.h>

#include "sys/files.h"

namespace lakebed {
namespace {

// States in /proc/net/tcp: TCP_LISTEN, TCP_ESTABLISHED.
constexpr std::string_view kListening = "0A", kEstablished = "01";

struct Socket {
    std::string inode;
    PortHolder holder;
};

// Addresses stand there as 32-bit words in the machine's byte order, in hexadecimal.
std::string address_text(const std::string& hex) {
    unsigned char bytes[16] = {};
    for (std::size_t word = 0; word * 8 < hex.size() && word < 4; ++word) {
        std::uint32_t value = 0;
        std::from_chars(hex.data() + word * 8, hex.data() + word * 8 + 8, value, 16);
        std::memcpy(bytes + word * 4, &value, sizeof value);
    }
    char text[INET6_ADDRSTRLEN] = "";
    bool v4 = hex.size() == 8;
    ::inet_ntop(v4 ? AF_INET : AF_INET6, bytes, text, sizeof text);
    std::string_view mapped = "::ffff:";
    if (!v4 && std::string_view(text).starts_with(mapped)) return text + mapped.size();
    return text;
}

struct Row { // of /proc/net/tcp
    std::string address;
    Port local = 0, remote = 0;
    std::string state, inode;
    std::uint32_t uid = 0;
};

Port port_of(const std::string& end) {
    Port port = 0;
    std::size_t colon = end.find(':');
    if (colon != std::string::npos)
        std::from_chars(end.data() + colon + 1, end.data() + end.size(), port, 16);
    return port;
}

Result<void> for_each_row(const std::string& path, const std::function<void(const Row&)>& use) {
    Result<std::string> text = read_file(path);
    if (!text && text.error().code == Errc::not_found) return {}; // no IPv6 here
    if (!text) return tl::unexpected(text.error());
    std::istringstream lines(*text);
    std::string line;
    std::getline(lines, line); // headings
    while (std::getline(lines, line)) {
        std::istringstream fields(line);
        std::string slot, local, remote, queues, timer, retransmits, timeout;
        Row row;
        fields >> slot >> local >> remote >> row.state >> queues >> timer >> retransmits >>
            row.uid >> timeout >> row.inode;
        row.local = port_of(local);
        row.remote = port_of(remote);
        row.address = local.substr(0, local.find(':'));
        use(row);
    }
    return {};
}

Result<void> add_sockets(const std::string& path, const std::vector<Port>& ports,
                         std::vector<Socket>& sockets) {
    return for_each_row(path, [&](const Row& row) {
        if (row.state != kListening || std::ranges::find(ports, row.local) == ports.end()) return;
        sockets.push_back({row.inode, {row.local, address_text(row.address), 0, "", ""}});
    });
}

// The unit in whose cgroup a process is: the last component that names one.
std::string unit_of(const std::string& pid) {
    std::string unit;
    std::istringstream lines(read_file("/proc/" + pid + "/cgroup").value_or(""));
    std::string line;
    while (std::getline(lines, line)) {
        for (const auto& part : std::filesystem::path(line.substr(line.rfind(':') + 1))) {
            std::string name = part.string();
            if (name.ends_with(".service") || name.ends_with(".scope")) unit = name;
        }
        if (!unit.empty()) break;
    }
    return unit;
}

void name_holder(const std::string& pid, PortHolder& holder) {
    std::from_chars(pid.data(), pid.data() + pid.size(), holder.pid);
    std::string name = read_file("/proc/" + pid + "/comm").value_or("");
    if (!name.empty() && name.back() == '\n') name.pop_back();
    holder.program = name;
    holder.unit = unit_of(pid);
}

// The first process that has the socket open, lowest pid first: the parent, not its workers.
void find_holders(std::vector<Socket>& sockets) {
    std::error_code error;
    std::vector<int> pids;
    for (std::filesystem::directory_iterator it("/proc", error), end; !error && it != end;
         it.increment(error)) {
        std::string name = it->path().filename().string();
        int pid = 0;
        auto [rest, problem] = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (problem == std::errc{} && rest == name.data() + name.size()) pids.push_back(pid);
    }
    std::sort(pids.begin(), pids.end());
    for (int pid : pids) {
        std::string text = std::to_string(pid);
        std::error_code gone; // processes end while we look
        for (std::filesystem::directory_iterator it("/proc/" + text + "/fd", gone), end;
             !gone && it != end; it.increment(gone)) {
            char link[64];
            ssize_t size = ::readlink(it->path().c_str(), link, sizeof link);
            std::string_view target(link, size > 0 ? static_cast<std::size_t>(size) : 0);
            for (Socket& socket : sockets)
                if (socket.holder.pid == 0 && target == "socket:[" + socket.inode + "]")
                    name_holder(text, socket.holder);
        }
    }
}

} // namespace

Result<std::vector<PortHolder>> read_port_holders(const std::vector<Port>& ports) {
    std::vector<Socket> sockets;
    TRY(add_sockets("/proc/net/tcp", ports, sockets));
    TRY(add_sockets("/proc/net/tcp6", ports, sockets));
    if (!sockets.empty()) find_holders(sockets);
    std::vector<PortHolder> holders;
    for (Socket& socket : sockets) holders.push_back(std::move(socket.holder));
    return holders;
}

std::optional<std::uint32_t> read_socket_owner(const std::string& address, Port local,
                                               Port remote) {
    std::optional<std::uint32_t> owner;
    for (const char* path : {"/proc/net/tcp", "/proc/net/tcp6"})
        // What cannot be read is not known, which the caller takes for a stranger.
        (void)for_each_row(path, [&](const Row& row) {
            if (row.local == local && row.remote == remote && row.state == kEstablished &&
                address_text(row.address) == address)
                owner = row.uid;
        });
    return owner;
}

} // namespace lakebed
