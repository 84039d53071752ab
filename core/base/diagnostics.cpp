#include "base/diagnostics.h"

#include <fmt/format.h>

namespace lakebed {

std::string to_string(const Diagnostic& diagnostic) {
    std::string where = diagnostic.pos.file;
    if (diagnostic.pos.line > 0)
        where += fmt::format(":{}:{}", diagnostic.pos.line, diagnostic.pos.column);
    if (!where.empty()) where += ": ";
    const char* severity = diagnostic.severity == Severity::error ? "error" : "warning";
    std::string text = fmt::format("{}{}: {}", where, severity, diagnostic.message);
    if (!diagnostic.hint.empty()) text += "\n  fix: " + diagnostic.hint;
    return text;
}

void Diagnostics::error(SourcePos pos, std::string message, std::string hint) {
    all_.push_back({Severity::error, std::move(pos), std::move(message), std::move(hint)});
    ++errors_;
}

void Diagnostics::warning(SourcePos pos, std::string message, std::string hint) {
    all_.push_back({Severity::warning, std::move(pos), std::move(message), std::move(hint)});
}

Result<void> Diagnostics::result(Errc code) const {
    if (!has_errors()) return {};
    std::string text;
    for (const Diagnostic& diagnostic : all_) {
        if (diagnostic.severity != Severity::error) continue;
        if (!text.empty()) text += '\n';
        text += to_string(diagnostic);
    }
    return fail(code, std::move(text));
}

} // namespace lakebed
