// StatusJson: what `lakebed status --json` and `--startup --json` say, in one document.
#pragma once

#include <string>

#include "web/stack_view.h"

namespace lakebed {

// One line without its end, so that it is one event of the stream as well.
[[nodiscard]] std::string status_json(const StackView& view);

} // namespace lakebed
