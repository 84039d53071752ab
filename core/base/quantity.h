// Sizes and durations as people write them: "256MiB", "1.5GiB", "250ms", "90s", "5min".
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lakebed {

struct ByteSize {
    std::uint64_t bytes = 0;

    [[nodiscard]] std::uint64_t mib() const { return bytes >> 20; }
    auto operator<=>(const ByteSize&) const = default;
};

using Duration = std::chrono::microseconds;

// Units B, KiB, MiB, GiB, TiB (and K, M, G, T, as in systemd.resource-control(5), with the same
// meaning); a bare number is bytes.
[[nodiscard]] std::optional<ByteSize> parse_size(std::string_view text);
[[nodiscard]] std::string to_string(ByteSize size); // "1.5 GiB"; exact sizes have no fraction

// Units us, ms, s, min, h, d as in systemd.time(7); several terms add up: "1min 30s".
[[nodiscard]] std::optional<Duration> parse_duration(std::string_view text);
[[nodiscard]] std::string to_string(Duration duration); // "1min 30s", read back by parse_duration

} // namespace lakebed
