#include "input/shapes.h"

#include <arpa/inet.h>

#include <charconv>
#include <cstring>

#include <fmt/format.h>

namespace lakebed {
namespace {

constexpr std::string_view kLower = "abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kUpper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view kDigits = "0123456789";

bool contains(std::string_view set, char c) {
    return set.find(c) != std::string_view::npos;
}

bool only(std::string_view text, std::initializer_list<std::string_view> sets) {
    for (char c : text) {
        bool found = false;
        for (std::string_view set : sets) found = found || contains(set, c);
        if (!found) return false;
    }
    return true;
}

bool has_dot_parts(std::string_view path) {
    while (true) {
        std::size_t slash = path.find('/');
        std::string_view part = path.substr(0, slash);
        if (part == "." || part == "..") return true;
        if (slash == std::string_view::npos) return false;
        path.remove_prefix(slash + 1);
    }
}

struct Address {
    int family = 0;
    unsigned char bytes[16] = {};
};

std::optional<Address> parse_address(std::string_view text) {
    Address address;
    std::string copy(text); // inet_pton wants a terminator
    if (copy.size() != std::strlen(copy.c_str())) return {};
    for (int family : {AF_INET, AF_INET6}) {
        address.family = family;
        if (inet_pton(family, copy.c_str(), address.bytes) == 1) return address;
    }
    return {};
}

} // namespace

bool is_name(std::string_view text) {
    return !text.empty() && only(text.substr(0, 1), {kLower, kDigits}) &&
           only(text, {kLower, kDigits, "._+-"});
}

bool is_user_name(std::string_view text) {
    return !text.empty() && text.size() <= 31 && only(text.substr(0, 1), {kLower, "_"}) &&
           only(text, {kLower, kDigits, "_-"});
}

bool is_variable_name(std::string_view text) {
    return !text.empty() && only(text.substr(0, 1), {kLower}) && only(text, {kLower, kDigits, "_"});
}

bool is_sha256(std::string_view text) {
    return text.size() == 64 && only(text, {kDigits, "abcdef"});
}

bool is_plain_path(std::string_view text) {
    return text.size() > 1 && text.front() == '/' && text.back() != '/' &&
           only(text, {kLower, kUpper, kDigits, "/._+-"}) && !has_dot_parts(text);
}

bool is_relative_path(std::string_view text) {
    return !text.empty() && text.front() != '/' && text.find('\0') == std::string_view::npos &&
           !has_dot_parts(text);
}

bool is_file_name(std::string_view text) {
    return is_relative_path(text) && text.find('/') == std::string_view::npos &&
           only(text, {kLower, kUpper, kDigits, "._+-@"});
}

bool is_address(std::string_view text) {
    return parse_address(text).has_value();
}

bool is_cidr(std::string_view text) {
    std::size_t slash = text.find('/');
    auto address = parse_address(text.substr(0, slash));
    if (!address) return false;
    if (slash == std::string_view::npos) return true;
    std::string_view prefix = text.substr(slash + 1);
    unsigned bits = 0;
    auto [end, error] = std::from_chars(prefix.data(), prefix.data() + prefix.size(), bits);
    return error == std::errc() && end == prefix.data() + prefix.size() &&
           bits <= (address->family == AF_INET ? 32U : 128U);
}

bool is_loopback(std::string_view text) {
    auto address = parse_address(text);
    if (!address) return false;
    if (address->family == AF_INET) return address->bytes[0] == 127;
    for (int i = 0; i < 15; ++i)
        if (address->bytes[i] != 0) return false;
    return address->bytes[15] == 1;
}

bool is_wildcard(std::string_view text) {
    auto address = parse_address(text);
    if (!address) return false;
    for (unsigned char byte : address->bytes)
        if (byte != 0) return false;
    return true;
}

std::optional<std::uint32_t> parse_mode(std::string_view text) {
    std::uint32_t mode = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
    if (error != std::errc() || end != text.data() + text.size() || mode > 07777) return {};
    return mode;
}

std::optional<ByteSize> read_size(TableReader& reader, std::string_view key) {
    const Value* value = reader.any(key);
    if (!value) return {};
    if (const auto* bytes = std::get_if<std::int64_t>(&value->data); bytes && *bytes >= 0)
        return ByteSize{static_cast<std::uint64_t>(*bytes)};
    if (const std::string* text = value->string())
        if (auto size = parse_size(*text)) return size;
    reader.error(key, reader.name(key) + " is not a size",
                 "write a size like \"512MiB\" or \"8GiB\"");
    return {};
}

std::optional<std::uint32_t> read_mode(TableReader& reader, std::string_view key) {
    auto text = reader.string(key);
    if (!text) return {};
    if (auto mode = parse_mode(*text)) return mode;
    reader.error(key, fmt::format("{} is \"{}\", expected octal digits like \"0755\"",
                                  reader.name(key), *text));
    return {};
}

std::string read_name(TableReader& reader, std::string_view key) {
    std::string name = reader.require_string(key);
    if (!name.empty() && !is_name(name))
        reader.error(key,
                     fmt::format("{} is \"{}\", expected lower-case letters, digits and . _ + -",
                                 reader.name(key), name));
    return name;
}

} // namespace lakebed
