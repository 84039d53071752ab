#include "fuzz/targets.h"
#include "verify/verify.h"

namespace lakebed::fuzz {

void fuzz_verify(std::string_view input) {
    Diagnostics diagnostics;
    auto steps = read_verify(input, "verify.toml", diagnostics);
    if (diagnostics.has_errors()) return;
    for (const VerifyStep& step : steps)
        require(!step.name.empty() && step.timeout.count() > 0, "a step has a name and an end");
}

} // namespace lakebed::fuzz
