// Membership: whether a user belongs to a group of this machine.
#pragma once

#include <cstdint>
#include <string>

namespace lakebed {

// By primary group or by the list of members; false where either is not known.
[[nodiscard]] bool is_root_or_in_group(std::uint32_t uid, const std::string& group);

} // namespace lakebed
