// StatementTexts: fills {token} and {secret:FILE} into statements, and keeps the secrets out of
// messages.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "verify/verify.h"

namespace lakebed {

[[nodiscard]] std::string_view to_text(SqlEngine engine);

// {token} replaced; nothing else.
[[nodiscard]] std::string with_token(std::string_view text, std::string_view token);

// A few rows for a message: [["1", "a"], …].
[[nodiscard]] std::string print_rows(const SqlRows& rows);

class StatementTexts {
  public:
    // Within a literal in single quotes: quotes in a secret are doubled.
    [[nodiscard]] Result<std::string> fill(std::string_view statement, std::string_view token);

    // The secrets filled in so far, replaced by stars.
    [[nodiscard]] std::string hide(std::string text) const;

  private:
    std::vector<std::string> secrets_;
};

} // namespace lakebed
