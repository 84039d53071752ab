#include "driver/evidence.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/quantity.h"

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

std::vector<Port> ports_of(const std::vector<std::string>& addresses) {
    std::vector<Port> ports;
    for (const std::string& address : addresses)
        if (const Port port = split(address).port; port != 0) ports.push_back(port);
    return ports;
}

std::optional<std::string> port_evidence(const std::string& unit,
                                         const std::vector<std::string>& addresses,
                                         const std::vector<PortHolder>& holders) {
    for (const std::string& text : addresses) {
        const Address address = split(text);
        for (const PortHolder& holder : holders) {
            const bool meet =
                holder.address == address.host || is_any(holder.address) || is_any(address.host);
            if (holder.port != address.port || !meet || holder.unit == unit) continue;
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

std::string space_evidence(const std::string& path, const Space& space) {
    if (space.inodes_free < space.inodes / 20)
        return fmt::format("no space left on {} ({} inodes free)", path, space.inodes_free);
    return fmt::format("no space left on {} ({} MiB free)", path, space.free >> 20);
}

} // namespace lakebed
