#include "fuzz/targets.h"
#include "plan/stack.h"

namespace lakebed::fuzz {

void fuzz_interpolate(std::string_view input) {
    std::vector<std::string> unknown;
    auto none = [](std::string_view) -> std::optional<std::string> { return {}; };
    require(interpolate(input, none, unknown) == input, "unknown names stay in place");
    auto same = [](std::string_view name) -> std::optional<std::string> {
        return "@" + std::string(name) + "@";
    };
    std::vector<std::string> nothing;
    require(interpolate(input, same, nothing) == input && nothing.empty(),
            "a name for itself changes nothing");
    auto empty = [](std::string_view) -> std::optional<std::string> { return ""; };
    std::string shorter = interpolate(input, empty, nothing);
    std::size_t names = 0;
    for (const std::string& name : unknown) names += name.size() + 2;
    require(shorter.size() + names == input.size(), "exactly the names are replaced");
}

} // namespace lakebed::fuzz
