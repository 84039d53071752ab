// Golden files below tests/golden. LAKEBED_ACCEPT=1 writes them and skips the test, so that a green
// run never means "just overwritten".
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "support/text.h"

namespace lakebed::test {

inline void expect_golden(const std::string& name, const std::string& text) {
    std::filesystem::path path =
        std::filesystem::path(LAKEBED_SOURCE_DIR) / "tests" / "golden" / name;
    const char* accept = std::getenv("LAKEBED_ACCEPT");
    if (accept && std::string(accept) == "1") {
        std::ofstream(path, std::ios::binary) << text;
        GTEST_SKIP() << "accepted " << path;
    }
    EXPECT_EQ(text, file_text(path)) << "if the new text is right: LAKEBED_ACCEPT=1";
}

} // namespace lakebed::test
