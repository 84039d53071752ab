#include <charconv>
#include <csignal>
#include <ostream>

#include <fmt/format.h>
#include <unistd.h>

#include "cli/commands/commands.h"
#include "cli/json.h"
#include "cli/planning.h"
#include "cli/stack_event.h"
#include "cli/stack_status.h"

namespace lakebed {
namespace {

constexpr std::size_t kLines = 50;

std::uint64_t wall_clock() {
    auto now = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::duration_cast<Duration>(now).count());
}

Result<std::size_t> lines_of(const Context& context) {
    std::string text = context.option("--lines").value_or(std::to_string(kLines));
    std::size_t count = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc() || end != text.data() + text.size())
        return fail(Errc::usage, fmt::format("--lines is \"{}\", expected a number", text));
    return count;
}

Result<void> seek(const Context& context, JournalReader& reader) {
    auto since = context.option("--since");
    if (!since) return reader.seek_last(TRY(lines_of(context)));
    auto at = parse_since(*since, wall_clock());
    if (!at)
        return fail(Errc::usage, fmt::format("--since is \"{}\"", *since),
                    "an age like 90s or 2h, or a time like \"2026-11-22 21:00\"");
    return reader.seek_time(*at);
}

struct Printer {
    Context& context;
    std::size_t width = 0;
    bool follow = false;
    std::size_t count = 0;
    Array rows;

    void print(const StackEvent& event) {
        ++count;
        if (!context.globals.json)
            context.print(event_line(event, width) + "\n");
        else if (follow)
            *context.io.out << to_json_line(event_row(event));
        else
            rows.emplace_back(event_row(event));
    }
};

Result<void> print_all(JournalReader& reader, Printer& printer) {
    for (;;) {
        std::optional<JournalEntry> entry = TRY(reader.next());
        if (!entry) break;
        printer.print(make_event(*entry));
    }
    printer.context.io.out->flush();
    return {};
}

Result<int> run_events(Context& context) {
    TRY(require_running_system(context));
    auto graph = TRY(read_graph_in_force(context));
    auto nodes = TRY(select_services(graph, context.arguments));
    Printer printer{context, 0, context.has("--follow"), 0, {}};
    std::vector<std::string> names;
    for (const GraphNode* node : nodes) {
        printer.width = std::max(printer.width, node->name.size());
        if (!context.arguments.empty()) names.push_back(node->name);
    }
    auto reader = TRY(JournalReader::open(event_matches(names), event_fields()));
    TRY(seek(context, reader));
    if (printer.follow) std::signal(SIGINT, SIG_DFL); // nothing has to be undone
    TRY(print_all(reader, printer));
    if (printer.count == 0 && ::geteuid() != 0)
        context.say("no events; the journal shows them to root and to group systemd-journal");
    while (printer.follow && context.io.out->good() && !cancelled(context.cancel)) {
        TRY(reader.wait(std::chrono::milliseconds(500)));
        TRY(print_all(reader, printer));
    }
    if (!printer.follow) set(context.document, "events", std::move(printer.rows));
    return 0;
}

} // namespace

Command events_command() {
    return {.name = "events",
            .summary = "what lakebedd saw and did: states, failures, restarts, orders",
            .arguments = "[SERVICE...]",
            .description =
                "Reads the journal, so it works without lakebedd and goes back over reboots. One "
                "line an event: time, service, what, why. With --json and --follow each event is "
                "one line of JSON.",
            .options = {{"--follow", "", "go on printing new events (-f)"},
                        {"--lines", "COUNT", "how many events to begin with (-n); default 50"},
                        {"--since", "TIME",
                         "begin there instead: an age (2h) or a local time (2026-11-22 21:00)"}},
            .examples = {"lakebed events", "lakebed events minio --since 2h",
                         "lakebed events -f --json"},
            .max_arguments = 100,
            .run = run_events};
}

} // namespace lakebed
