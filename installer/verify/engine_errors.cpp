#include "verify/engine_errors.h"

#include <regex>
#include <vector>

#include <fmt/format.h>

namespace lakebed {
namespace {

constexpr std::string_view kCausedBy = "Caused by: ";
constexpr std::size_t kLongestCause = 300;
constexpr std::size_t kLongestStatement = 80;

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        auto end = text.find('\n');
        auto line = text.substr(0, end);
        if (line.ends_with('\r')) line.remove_suffix(1);
        lines.push_back(line);
        text.remove_prefix(end == text.npos ? text.size() : end + 1);
    }
    return lines;
}

bool blank(std::string_view line) {
    return line.find_first_not_of(" \t") == line.npos;
}

// Frames, "... 12 more", and what Flink's REST server puts around a trace.
bool is_noise(std::string_view line) {
    auto start = line.find_first_not_of(" \t");
    if (start == line.npos) return true;
    auto text = line.substr(start);
    return text.starts_with("at ") || (text.starts_with("... ") && text.ends_with(" more")) ||
           text == "Internal server error." || text == "<Exception on server side:" ||
           text.starts_with("End of exception on server side");
}

// Never cuts a UTF-8 character.
std::string shortened(std::string text, std::size_t limit) {
    if (text.size() <= limit) return text;
    while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xc0) == 0x80) --limit;
    text.resize(limit);
    return text + "…";
}

std::string on_one_line(std::string_view text) {
    std::string out;
    for (char c : text) {
        bool space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
        if (!space)
            out += c;
        else if (!out.empty() && out.back() != ' ')
            out += ' ';
    }
    while (out.ends_with(' ')) out.pop_back();
    return out;
}

struct Cause {
    std::string name; // simple name of the exception's class; may be empty
    std::string message;
};

// "org.apache.flink.X: message", with the message's further lines.
Cause cause_at(const std::vector<std::string_view>& lines, std::size_t index) {
    std::string text(lines[index]);
    if (text.starts_with(kCausedBy)) text.erase(0, kCausedBy.size());
    for (std::size_t i = index + 1; i < lines.size() && text.size() < kLongestCause; ++i) {
        if (lines[i].starts_with(kCausedBy) || (is_noise(lines[i]) && !blank(lines[i]))) break;
        text += ' ';
        text += lines[i];
    }
    // Flink wraps the trace of another server into a message.
    static const std::regex kWrapped(R"(\[?Internal server error\.,? *<Exception on server side:)");
    text = on_one_line(std::regex_replace(text, kWrapped, ""));
    static const std::regex kClass(R"(^(?:[a-z_][\w$]*\.)+([A-Z][\w$]*)(?:: ?([^]*))?$)");
    std::smatch match;
    if (!std::regex_match(text, match, kClass)) return {"", text};
    return {match[1], match[2]};
}

std::string to_text(const Cause& cause) {
    if (cause.name.empty()) return cause.message;
    return cause.message.empty() ? cause.name : cause.name + ": " + cause.message;
}

std::string innermost(const std::vector<std::string_view>& lines, std::size_t headline) {
    std::vector<Cause> causes{cause_at(lines, headline)};
    for (std::size_t i = headline + 1; i < lines.size(); ++i)
        if (lines[i].starts_with(kCausedBy)) causes.push_back(cause_at(lines, i));
    // A bare NullPointerException explains nothing; what it broke does.
    std::string mute;
    while (causes.size() > 1 && causes.back().message.empty()) {
        if (mute.empty()) mute = fmt::format(" ({})", causes.back().name);
        causes.pop_back();
    }
    return shortened(to_text(causes.back()), kLongestCause) + mute;
}

bool is_spark_headline(std::string_view line) {
    static const std::regex kHeadline(
        R"(^(\[[A-Z][A-Z0-9_.]+\] |Error in query|)"
        R"((Exception in thread .*?)?([a-z_][\w$]*\.)+[A-Z][\w$]*(Exception|Error)\b).*)");
    return std::regex_match(line.begin(), line.end(), kHeadline);
}

} // namespace

std::string root_cause(std::string_view trace) {
    auto lines = lines_of(trace);
    for (std::size_t i = 0; i < lines.size(); ++i)
        if (!is_noise(lines[i])) return innermost(lines, i);
    return "no reason given";
}

std::string spark_complaint(std::string_view errors) {
    auto lines = lines_of(errors);
    // The last one ended the run; before it stand warnings with traces of their own.
    for (std::size_t i = lines.size(); i > 0; --i)
        if (is_spark_headline(lines[i - 1])) {
            std::string text = innermost(lines, i - 1);
            static const std::regex kThread(R"(^Exception in thread "[^"]*" (?:[a-z_][\w$]*\.)*)");
            return std::regex_replace(text, kThread, "");
        }
    static const std::regex kLogError(R"(^[\d/\-]+ [\d:.,]+ (?:ERROR|FATAL) (.*))");
    std::cmatch match;
    for (std::string_view line : lines)
        if (std::regex_match(line.data(), line.data() + line.size(), match, kLogError))
            return shortened(on_one_line(match[1].str()), kLongestCause);
    for (std::size_t i = lines.size(); i > 0; --i)
        if (!is_noise(lines[i - 1])) return shortened(on_one_line(lines[i - 1]), kLongestCause);
    return "no reason given";
}

std::string short_statement(std::string_view statement) {
    return shortened(on_one_line(statement), kLongestStatement);
}

} // namespace lakebed
