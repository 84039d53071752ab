// Shapes that configuration values must have: names, paths, digests, modes, addresses.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/quantity.h"
#include "base/value.h"

namespace lakebed {

// [a-z0-9][a-z0-9._+-]*: names of services, artifacts, components, secrets.
[[nodiscard]] bool is_name(std::string_view text);

// [a-z_][a-z0-9_-]*, at most 31 characters, as useradd(8) takes it.
[[nodiscard]] bool is_user_name(std::string_view text);

// [a-z][a-z0-9_]*: keys of ports and variables, which are also @names@.
[[nodiscard]] bool is_variable_name(std::string_view text);

// 64 lower-case hex digits.
[[nodiscard]] bool is_sha256(std::string_view text);

// Absolute, without "." and ".." parts, and of letters, digits and "/._+-" only: such a path stands
// in unit files, where blanks separate and % expands.
[[nodiscard]] bool is_plain_path(std::string_view text);

// Relative, stays below where it starts.
[[nodiscard]] bool is_relative_path(std::string_view text);

// A file name without a directory.
[[nodiscard]] bool is_file_name(std::string_view text);

// A literal IPv4 or IPv6 address.
[[nodiscard]] bool is_address(std::string_view text);
// An address with or without a prefix length.
[[nodiscard]] bool is_cidr(std::string_view text);
// 127.0.0.0/8 and ::1.
[[nodiscard]] bool is_loopback(std::string_view address);
// 0.0.0.0 and ::.
[[nodiscard]] bool is_wildcard(std::string_view address);

// "0755" to 0755; nullopt when it is not octal or more than 07777.
[[nodiscard]] std::optional<std::uint32_t> parse_mode(std::string_view text);

// Readers for values that have one of these shapes; a wrong one is reported. Absent: nullopt.
[[nodiscard]] std::optional<ByteSize> read_size(TableReader& reader, std::string_view key);
[[nodiscard]] std::optional<std::uint32_t> read_mode(TableReader& reader, std::string_view key);
// Required; returns it even when it is malformed, so that later errors can name it.
[[nodiscard]] std::string read_name(TableReader& reader, std::string_view key);

} // namespace lakebed
