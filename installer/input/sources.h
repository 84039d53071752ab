// Reading of the places an artifact can come from: maven, pypi and go coordinates, URLs, files.
#pragma once

#include <optional>

#include "base/value.h"
#include "input/catalog.h"

namespace lakebed {

// One entry of `sources`. nullopt when it is malformed; what is wrong is reported.
[[nodiscard]] std::optional<Source> read_source(const Value& value, Diagnostics& diagnostics);

} // namespace lakebed
