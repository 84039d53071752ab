// sniff: what a file is by its first bytes, so that a proxy's page is named as such.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "input/catalog.h"

namespace lakebed {

// "a zip archive", "an HTML page (\"Sign in\")", "a text file (\"404 not found\")" …
[[nodiscard]] std::string describe_content(std::string_view first_bytes);

// ok when the first bytes are those of `type`; else an Error (Errc::verification) that says what it
// is instead.
[[nodiscard]] Result<void> check_content(std::string_view first_bytes, ContentType type);

} // namespace lakebed
