// libFuzzer's entry point for the one target that is compiled with it.
#include <cstddef>
#include <cstdint>

#include "fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    lakebed::fuzz::LAKEBED_FUZZ_TARGET({reinterpret_cast<const char*>(data), size});
    return 0;
}
