// Replay: feeds a recording to the engine again, compares its actions with the recorded ones, and
// judges what can be judged by what it was told.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace lakebed::sim {

struct ReplayTotals {
    int lives = 0;
    int events = 0;
    int actions = 0;
};

// An Error says where the engine parts from the recording, or what it broke, with the line.
// `accepted`: it may part, and this is the recording with what it does now.
[[nodiscard]] Result<ReplayTotals> replay(std::string_view text, std::string_view file,
                                          std::string* accepted = nullptr);

// The same for a file, printed; returns an exit code. With LAKEBED_ACCEPT=1 in the environment the
// file is written anew.
[[nodiscard]] int replay_file(const std::string& path);

} // namespace lakebed::sim
