// JSON on one line, to and from Value: what a recording is written in.
//
// Booleans, integers, strings, arrays and objects; no null and no fractions, as a recording has
// none. A string may hold any bytes: one that is no UTF-8 is written as \udc80 to \udcff, as
// Python's surrogateescape does, so that it is read back as it was.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/value.h"

namespace lakebed {

[[nodiscard]] std::string write_json_line(const Value& value);
[[nodiscard]] Result<Value> read_json_line(std::string_view text);

} // namespace lakebed
