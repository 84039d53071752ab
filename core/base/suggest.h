// The nearest known word to a mistyped one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lakebed {

// Least Damerau-Levenshtein distance, at most a third of the word's length (and at least 1 is
// allowed); nullopt when nothing is that near.
[[nodiscard]] std::optional<std::string> closest(std::string_view word,
                                                 const std::vector<std::string>& candidates);

} // namespace lakebed
