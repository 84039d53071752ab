// is_public_policy: whether a bucket policy lets anyone in.
#pragma once

#include <string_view>

namespace lakebed {

// A statement whose principal is "*", in any of its three forms. No policy of ours has one, so its
// effect (allow or deny) does not matter.
[[nodiscard]] bool is_public_policy(std::string_view policy);

} // namespace lakebed
