// Who holds a TCP port: /proc/net/tcp* name the socket's inode, /proc/PID/fd who has it open.
#include "sys/ports.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <sstream>

#include <arpa/inet.h>
#include <unistd.h>

#include <fmt/format.h>

#include "sys/files.h"

namespace lakebed {
namespace {

constexpr std::string_view kListening = "0A"; // TCP_LISTEN in /proc/net/tcp

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

Result<void> add_sockets(const std::string& path, const std::vector<Port>& ports,
                         std::vector<Socket>& sockets) {
    Result<std::string> text = read_file(path);
    if (!text && text.error().code == Errc::not_found) return {}; // no IPv6 here
    if (!text) return tl::unexpected(text.error());
    std::istringstream lines(*text);
    std::string line;
    std::getline(lines, line); // headings
    while (std::getline(lines, line)) {
        std::istringstream fields(line);
        std::string slot, local, remote, state, queues, timer, retransmits, uid, timeout, inode;
        fields >> slot >> local >> remote >> state >> queues >> timer >> retransmits >> uid >>
            timeout >> inode;
        std::size_t colon = local.find(':');
        if (state != kListening || colon == std::string::npos) continue;
        Port port = 0;
        std::from_chars(local.data() + colon + 1, local.data() + local.size(), port, 16);
        if (std::find(ports.begin(), ports.end(), port) == ports.end()) continue;
        sockets.push_back({inode, {port, address_text(local.substr(0, colon)), 0, "", ""}});
    }
    return {};
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

} // namespace lakebed
