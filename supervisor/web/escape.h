// Escape: text of others as part of HTML and of Prometheus labels.
#pragma once

#include <string>
#include <string_view>

namespace lakebed {

// For element content and for attributes in double quotes. Control characters become spaces.
[[nodiscard]] std::string escape_html(std::string_view text);

[[nodiscard]] std::string escape_label(std::string_view text);

[[nodiscard]] std::string to_base64(std::string_view bytes);

} // namespace lakebed
