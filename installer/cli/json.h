// json: a Table as the JSON document that --json prints.
#pragma once

#include <string>

#include "base/value.h"

namespace lakebed {

// Indented, keys in the order of the table, invalid UTF-8 replaced; ends with a newline.
[[nodiscard]] std::string to_json(const Table& document);
// The same in one line.
[[nodiscard]] std::string to_json_line(const Table& row);

} // namespace lakebed
