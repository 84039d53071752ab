#include "verify/statement_text.h"

#include <fmt/format.h>

#include "sys/files.h"

namespace lakebed {
namespace {

constexpr std::string_view kSecret = "{secret:";

void replace_all(std::string& text, std::string_view from, std::string_view to) {
    for (auto at = text.find(from); at != text.npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
}

} // namespace

std::string_view to_text(SqlEngine engine) {
    return engine == SqlEngine::flink ? "flink" : "spark";
}

std::string with_token(std::string_view text, std::string_view token) {
    std::string out(text);
    replace_all(out, "{token}", token);
    return out;
}

std::string print_rows(const SqlRows& rows) {
    constexpr std::size_t kMostRows = 5;
    std::string out;
    for (std::size_t i = 0; i < rows.size() && i < kMostRows; ++i) {
        std::string row;
        for (const std::string& field : rows[i])
            row += fmt::format("{}\"{}\"", row.empty() ? "" : ", ", field);
        out += fmt::format("{}[{}]", i == 0 ? "" : ", ", row);
    }
    if (rows.size() > kMostRows) out += fmt::format(", … ({} rows)", rows.size());
    return "[" + out + "]";
}

Result<std::string> StatementTexts::fill(std::string_view statement, std::string_view token) {
    std::string out = with_token(statement, token);
    for (auto at = out.find(kSecret); at != out.npos; at = out.find(kSecret, at)) {
        auto end = out.find('}', at);
        if (end == out.npos) return fail("a {secret: without its closing brace in a statement");
        auto path = out.substr(at + kSecret.size(), end - at - kSecret.size());
        auto secret = TRY(read_secret_file(path));
        std::string quoted = secret;
        replace_all(quoted, "'", "''");
        if (quoted != secret) secrets_.push_back(quoted); // first: it may contain the other
        secrets_.push_back(std::move(secret));
        out.replace(at, end + 1 - at, quoted);
        at += quoted.size();
    }
    return out;
}

std::string StatementTexts::hide(std::string text) const {
    for (const std::string& secret : secrets_) replace_all(text, secret, "***");
    return text;
}

} // namespace lakebed
