#include "plan/variables.h"

#include "input/shapes.h"

namespace lakebed {

std::string url_host(const std::string& address) {
    return address.find(':') == std::string::npos ? address : "[" + address + "]";
}

std::string connect_address(const std::string& listen) {
    if (!is_wildcard(listen)) return listen;
    return listen.find(':') == std::string::npos ? "127.0.0.1" : "::1";
}

std::string ip_allow(const std::string& listen, const std::vector<std::string>& allow_from) {
    std::string text = "localhost";
    // What this machine sends to its own address comes from that address.
    if (!is_loopback(listen) && !is_wildcard(listen)) text += " " + listen;
    for (const std::string& range : allow_from) text += " " + range;
    return text;
}

bool is_public_variable(std::string_view name) {
    static constexpr std::string_view kOwn[] = {
        "site",   "site_id",  "ip_allow",      "access_from", "state", "libexec", "config",
        "memory", "heap.mib", "start_timeout", "instance",    "name",  "title",   "unit"};
    for (std::string_view own : kOwn)
        if (name == own) return false;
    return name.find(':') == std::string_view::npos && !name.starts_with("memory.");
}

} // namespace lakebed
