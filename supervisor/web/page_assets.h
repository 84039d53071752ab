// The style and the script of the status page.
#pragma once

#include <string_view>

namespace lakebed {

extern const std::string_view kPageStyle;
extern const std::string_view kPageScript;

} // namespace lakebed
