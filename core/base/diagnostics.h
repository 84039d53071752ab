// Diagnostics: everything wrong with the user's input, collected before giving up.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace lakebed {

// A place in a file the user wrote. Line and column count from 1; 0 means unknown.
struct SourcePos {
    std::string file;
    int line = 0;
    int column = 0;

    bool operator==(const SourcePos&) const = default;
};

enum class Severity { warning, error };

struct Diagnostic {
    Severity severity = Severity::error;
    SourcePos pos;
    std::string message;
    std::string hint; // the fix; may be empty

    bool operator==(const Diagnostic&) const = default;
};

// "FILE:LINE:COLUMN: error: MESSAGE" and, when there is one, "\n  fix: HINT".
[[nodiscard]] std::string to_string(const Diagnostic& diagnostic);

class Diagnostics {
  public:
    void error(SourcePos pos, std::string message, std::string hint = {});
    void warning(SourcePos pos, std::string message, std::string hint = {});

    [[nodiscard]] bool has_errors() const { return errors_ > 0; }
    [[nodiscard]] const std::vector<Diagnostic>& all() const { return all_; }

    // One Error of class `code` that carries every error, one a line; ok when there is none.
    [[nodiscard]] Result<void> result(Errc code = Errc::usage) const;

  private:
    std::vector<Diagnostic> all_;
    int errors_ = 0;
};

} // namespace lakebed
