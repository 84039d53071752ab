// The text of a conf, and what is wrong with it.
#pragma once

#include "input/profile.h"
#include "support/text.h"

namespace lakebed::test {

inline const std::string kHead =
    "[service]\nname = \"s\"\nuser = \"lakebed-s\"\nunit = \"s.service.in\"\n";

inline std::string problems(const std::string& text) {
    Diagnostics diagnostics;
    (void)read_service_conf(text, "s.toml", diagnostics);
    return all_text(diagnostics);
}

} // namespace lakebed::test
