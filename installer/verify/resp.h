// resp: commands and replies of the Redis protocol (RESP2).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace lakebed::resp {

[[nodiscard]] std::string encode_command(const std::vector<std::string>& words);

struct Reply {
    enum class Kind { status, error, integer, text, nil } kind = Kind::nil;
    std::string text; // of an integer: its digits
    bool operator==(const Reply&) const = default;
};

// The reply at the front of `bytes`; nullopt: not complete yet. Of an array only that it is one is
// told (status "array"): none of our commands should get one.
[[nodiscard]] Result<std::optional<Reply>> decode_reply(std::string_view bytes);

} // namespace lakebed::resp
