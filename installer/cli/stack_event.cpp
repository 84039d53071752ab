#include "cli/stack_event.h"

#include <algorithm>
#include <ctime>

#include <fmt/format.h>

#include "cli/why.h"
#include "sys/supervisor_events.h"

namespace lakebed {
namespace {

std::string_view kind_of(std::string_view message_id) {
    for (const EventKind& kind : kEventKinds)
        if (kind.message_id == message_id) return kind.name;
    return "";
}

std::string what_of(const StackEvent& event) {
    if (event.kind == kStateEvent.name) {
        std::string words = event.state;
        std::ranges::replace(words, '_', ' ');
        return words;
    }
    if (event.kind == kIncidentEvent.name) return "failed";
    if (event.kind == kOrderEvent.name) return "order";
    if (event.kind == kJobEvent.name) return event.verb.empty() ? "hung" : event.verb;
    return "lakebedd";
}

// The sentence without what the columns before it say.
std::string why_of(const StackEvent& event) {
    std::string text = harmless(event.message);
    if (event.kind == kJobEvent.name && !event.verb.empty()) return "by lakebedd";
    for (const std::string& start : {event.service + " is ", event.service + " "})
        if (!event.service.empty() && text.starts_with(start)) text.erase(0, start.size());
    for (std::string start : {event.what + ": ", event.what + " "})
        if (text.starts_with(start)) text.erase(0, start.size());
    if (text == event.what) text.clear();
    if (!event.evidence.empty()) text += "; evidence: " + event.evidence;
    return text;
}

std::string local_time(std::uint64_t at) {
    auto seconds = static_cast<std::time_t>(at / 1'000'000);
    std::tm parts{};
    ::localtime_r(&seconds, &parts);
    char text[32];
    std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts);
    return {text, size};
}

} // namespace

const std::vector<std::string>& event_fields() {
    static const std::vector<std::string> kFields{
        "MESSAGE",        "MESSAGE_ID",  "LAKEBED_SERVICE",  "LAKEBED_STATE", "LAKEBED_CAUSE",
        "LAKEBED_DETAIL", "LAKEBED_RUN", "LAKEBED_EVIDENCE", "LAKEBED_VERB",  "LAKEBED_BY"};
    return kFields;
}

std::vector<std::string> event_matches(const std::vector<std::string>& services) {
    // Of _SYSTEMD_UNIT journald itself is the witness; the others are what anybody may write.
    std::vector<std::string> matches{"_SYSTEMD_UNIT=lakebedd.service"};
    for (const EventKind& kind : kEventKinds)
        matches.push_back(fmt::format("MESSAGE_ID={}", kind.message_id));
    for (const std::string& service : services) matches.push_back("LAKEBED_SERVICE=" + service);
    return matches;
}

StackEvent make_event(const JournalEntry& entry) {
    StackEvent event{.at = entry.at,
                     .kind = std::string(kind_of(entry.field("MESSAGE_ID"))),
                     .service = entry.field("LAKEBED_SERVICE"),
                     .what = {},
                     .why = {},
                     .message = entry.field("MESSAGE"),
                     .state = entry.field("LAKEBED_STATE"),
                     .cause = entry.field("LAKEBED_CAUSE"),
                     .detail = entry.field("LAKEBED_DETAIL"),
                     .run = entry.field("LAKEBED_RUN"),
                     .evidence = entry.field("LAKEBED_EVIDENCE"),
                     .verb = entry.field("LAKEBED_VERB"),
                     .by = entry.field("LAKEBED_BY")};
    event.what = what_of(event);
    event.why = why_of(event);
    return event;
}

std::string event_line(const StackEvent& event, std::size_t service_width) {
    std::string line = fmt::format("{}  {:<{}}  {:<12}  {}", local_time(event.at), event.service,
                                   service_width, event.what, event.why);
    line.erase(line.find_last_not_of(' ') + 1);
    return line;
}

Table event_row(const StackEvent& event) {
    Table row;
    set(row, "at", static_cast<std::int64_t>(event.at));
    set(row, "kind", event.kind);
    for (const auto& [key, value] : {std::pair("service", &event.service),
                                     {"state", &event.state},
                                     {"cause", &event.cause},
                                     {"detail", &event.detail},
                                     {"run", &event.run},
                                     {"evidence", &event.evidence},
                                     {"verb", &event.verb},
                                     {"by", &event.by}})
        if (!value->empty()) set(row, key, *value);
    set(row, "message", event.message);
    return row;
}

std::optional<std::uint64_t> parse_since(std::string_view text, std::uint64_t now) {
    if (auto age = parse_duration(text); age && age->count() >= 0) {
        auto usec = static_cast<std::uint64_t>(age->count());
        return now > usec ? now - usec : 0;
    }
    std::string copy(text);
    for (const char* form : {"%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d"}) {
        std::tm parts{};
        const char* end = ::strptime(copy.c_str(), form, &parts);
        if (end == nullptr || *end != '\0') continue;
        parts.tm_isdst = -1;
        std::time_t seconds = std::mktime(&parts);
        if (seconds < 0) return {};
        return static_cast<std::uint64_t>(seconds) * 1'000'000;
    }
    return {};
}

} // namespace lakebed
