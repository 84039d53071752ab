// Drawings: the graph and the start-up as inline SVG.
#pragma once

#include <string>
#include <string_view>

#include "web/stack_view.h"

namespace lakebed {

// Empty where there is nothing to draw, or more than anybody could follow.
[[nodiscard]] std::string draw_graph(const StackView& view);

// One bar a service over the time of the start; empty when nothing has been ready yet.
[[nodiscard]] std::string draw_startup(const StartupReport& report);

[[nodiscard]] std::string_view css_class(Mood mood);
// Tells the mood without colour.
[[nodiscard]] std::string_view sign_of(Mood mood);

} // namespace lakebed
