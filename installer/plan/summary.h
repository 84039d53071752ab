// Tables for people: who gets how much memory, who listens where.
#pragma once

#include <string>

#include "plan/stack.h"

namespace lakebed {

// Lines "SERVICE SIZE" ("SERVICE x 3" with the size of each instance), the sum and the budget last.
// Empty when nothing has a limit.
[[nodiscard]] std::string memory_table(const Stack& stack);

// Lines "SERVICE what to do" of those that are left out.
[[nodiscard]] std::string not_configured_table(const Stack& stack);

// Lines "SERVICE KEY ADDRESS:PORT".
[[nodiscard]] std::string ports_table(const Stack& stack);

} // namespace lakebed
