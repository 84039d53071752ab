#include "base/value.h"
#include "fuzz/targets.h"

namespace lakebed::fuzz {

// What is written is read again, and written the same.
void fuzz_parse_toml(std::string_view input) {
    Diagnostics diagnostics;
    Value value = parse_toml(input, "fuzz.toml", diagnostics);
    require(value.table() != nullptr, "the result is a table");
    if (diagnostics.has_errors()) return;
    std::string once = write_toml(*value.table());
    Diagnostics again;
    Value second = parse_toml(once, "again.toml", again);
    require(!again.has_errors(), "what was written can be read");
    require(write_toml(*second.table()) == once, "writing is stable");
}

} // namespace lakebed::fuzz
