#include "driver/evidence.h"

#include <algorithm>
#include <cerrno>
#include <charconv>

#include <sys/statvfs.h>

#include <fmt/format.h>

#include "base/quantity.h"
#include "sys/files.h"

namespace lakebed {
namespace {

struct Address {
    std::string host;
    Port port = 0;
};

Address split(const std::string& address) {
    Address result;
    const std::size_t colon = address.rfind(':');
    if (colon == std::string::npos) return result;
    result.host = address.substr(0, colon);
    if (result.host.starts_with('[') && result.host.ends_with(']'))
        result.host = result.host.substr(1, result.host.size() - 2);
    std::from_chars(address.data() + colon + 1, address.data() + address.size(), result.port);
    return result;
}

bool is_any(const std::string& host) {
    return host == "0.0.0.0" || host == "::" || host.empty();
}

} // namespace

std::vector<Port> ports_of(const GraphNode& node) {
    std::vector<Port> ports;
    for (const std::string& address : node.addresses)
        if (const Port port = split(address).port; port != 0) ports.push_back(port);
    return ports;
}

std::optional<std::string> port_evidence(const GraphNode& node,
                                         const std::vector<PortHolder>& holders) {
    for (const std::string& text : node.addresses) {
        const Address address = split(text);
        for (const PortHolder& holder : holders) {
            const bool meet =
                holder.address == address.host || is_any(holder.address) || is_any(address.host);
            if (holder.port != address.port || !meet || holder.unit == node.unit) continue;
            std::string who = holder.program.empty() ? "another process" : holder.program;
            if (holder.pid > 0) who += fmt::format(" (pid {})", holder.pid);
            if (!holder.unit.empty()) who += " of " + holder.unit;
            return fmt::format("port {} is taken by {}", holder.port, who);
        }
    }
    return {};
}

bool has_room(const Space& space) {
    constexpr std::uint64_t kEnough = std::uint64_t{256} << 20;
    return space.free >= std::min(space.size / 20, kEnough) &&
           space.inodes_free >= space.inodes / 20;
}

Result<Space> read_space(const std::string& path) {
    struct statvfs disk {};
    if (::statvfs(path.c_str(), &disk) != 0)
        return fail_errno("cannot see how much space is left on " + path, errno);
    return Space{.size = std::uint64_t{disk.f_blocks} * disk.f_frsize,
                 .free = std::uint64_t{disk.f_bavail} * disk.f_frsize,
                 .inodes = disk.f_files,
                 .inodes_free = disk.f_favail};
}

std::string space_evidence(const std::string& path, const Space& space) {
    if (space.inodes_free < space.inodes / 20)
        return fmt::format("no space left on {} ({} inodes free)", path, space.inodes_free);
    return fmt::format("no space left on {} ({} MiB free)", path, space.free >> 20);
}

} // namespace lakebed
