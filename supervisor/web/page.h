// Page: the status page as HTML, complete without a script and without any other file.
#pragma once

#include <string>

#include "web/stack_view.h"

namespace lakebed {

[[nodiscard]] std::string render_page(const StackView& view);

// Content-Security-Policy that allows the page's own style and script and nothing else.
[[nodiscard]] std::string page_policy();

// "45 s", "3 min", "2 h 5 min", "4 d 3 h".
[[nodiscard]] std::string age_words(std::uint64_t seconds);

} // namespace lakebed
