// Path globs: "*" and "?" stay within one path component, "**" crosses them.
#pragma once

#include <string_view>

namespace lakebed {

[[nodiscard]] bool glob_matches(std::string_view pattern, std::string_view path);

} // namespace lakebed
