// Json: a document of an engine's REST interface, with every number as the text that was sent.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace lakebed {

struct Json {
    enum class Kind { null, boolean, number, string, array, object } kind = Kind::null;
    std::string text;                                  // of a boolean, number or string
    std::vector<Json> items;                           // of an array
    std::vector<std::pair<std::string, Json>> members; // of an object

    bool operator==(const Json&) const = default;
};

// At most 64 levels deep: the recursion that frees a document is ours.
[[nodiscard]] Result<Json> parse_json(std::string_view text);

// A member of an object; an empty document when there is none.
[[nodiscard]] const Json& member(const Json& object, std::string_view name);
// The same as text; empty when there is none.
[[nodiscard]] const std::string& member_text(const Json& object, std::string_view name);
// The same as a whole number; 0 when there is none.
[[nodiscard]] long long member_number(const Json& object, std::string_view name);

// Compact text of a document.
[[nodiscard]] std::string to_text(const Json& json);

// A string as a JSON literal.
[[nodiscard]] std::string json_quoted(std::string_view text);

} // namespace lakebed
