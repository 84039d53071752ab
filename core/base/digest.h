// SHA-256 of bytes in memory; a pure function, so the pure modules may use it.
#pragma once

#include <string>
#include <string_view>

namespace lakebed {

// 64 lower-case hex digits.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

// The first eight of them: what store entries and config directories carry in their names.
[[nodiscard]] std::string digest8(std::string_view bytes);

} // namespace lakebed
