// The rows of the command table, one from each file of this folder.
#pragma once

#include "cli/command.h"

namespace lakebed {

[[nodiscard]] Command apply_command();
[[nodiscard]] Command check_command();
[[nodiscard]] Command completion_command();
[[nodiscard]] Command down_command();
[[nodiscard]] Command events_command();
[[nodiscard]] Command explain_command();
[[nodiscard]] Command fetch_command();
[[nodiscard]] Command hold_command();
[[nodiscard]] Command init_command();
[[nodiscard]] Command logs_command();
[[nodiscard]] Command man_command();
[[nodiscard]] Command plan_command();
[[nodiscard]] Command release_command();
[[nodiscard]] Command restart_command();
[[nodiscard]] Command secrets_command();
[[nodiscard]] Command start_command();
[[nodiscard]] Command status_command();
[[nodiscard]] Command stop_command();
[[nodiscard]] Command up_command();
[[nodiscard]] Command verify_command();
[[nodiscard]] Command version_command();
[[nodiscard]] Command wait_command();
[[nodiscard]] Command why_command();

} // namespace lakebed
