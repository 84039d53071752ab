// Diagnostics and files as text, for tests that compare one whole value.
#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "base/diagnostics.h"

namespace lakebed::test {

// All diagnostics, one a line, fixes included.
inline std::string all_text(const Diagnostics& diagnostics) {
    std::string text;
    for (const Diagnostic& diagnostic : diagnostics.all()) text += to_string(diagnostic) + "\n";
    return text;
}

inline std::string file_text(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

} // namespace lakebed::test
