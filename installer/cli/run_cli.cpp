#include <iterator>
#include <ostream>

#include <fmt/format.h>

#include "cli/command.h"
#include "cli/json.h"
#include "cli/parse.h"

namespace lakebed {
namespace {

std::string_view class_name(Errc code) {
    switch (code) {
    case Errc::failed:
        return "failed";
    case Errc::usage:
        return "usage";
    case Errc::checks_failed:
        return "checks-failed";
    case Errc::partial:
        return "partial";
    case Errc::locked:
        return "locked";
    case Errc::network:
        return "network";
    case Errc::verification:
        return "verification";
    case Errc::refused:
        return "refused";
    case Errc::not_found:
        return "not-found";
    case Errc::temporary:
        return "temporary";
    }
    return "failed";
}

void print_error(const Io& io, const Error& error) {
    *io.err << paint("lakebed: error:", Color::red, io.err_color) << " " << error.message << "\n";
    if (!error.hint.empty())
        *io.err << "  " << paint("fix:", Color::cyan, io.err_color) << " " << error.hint << "\n";
}

Table error_table(const Error& error) {
    Table table;
    set(table, "class", std::string(class_name(error.code)));
    set(table, "exit", static_cast<std::int64_t>(error.code));
    set(table, "message", error.message);
    set(table, "hint", error.hint);
    return table;
}

Array problem_array(const std::vector<Diagnostic>& problems) {
    Array array;
    for (const Diagnostic& problem : problems) {
        Table table;
        set(table, "severity", problem.severity == Severity::error ? "error" : "warning");
        set(table, "message", problem.message);
        set(table, "hint", problem.hint);
        if (!problem.pos.file.empty()) {
            set(table, "file", problem.pos.file);
            set(table, "line", static_cast<std::int64_t>(problem.pos.line));
            set(table, "column", static_cast<std::int64_t>(problem.pos.column));
        }
        array.emplace_back(std::move(table));
    }
    return array;
}

void print_document(const Context& context, const Error* error) {
    Table document;
    set(document, "command", std::string(context.command ? context.command->name : "lakebed"));
    set(document, "format", std::int64_t{1});
    merge(document, context.document);
    if (!context.problems.empty()) set(document, "problems", problem_array(context.problems));
    if (error) set(document, "error", error_table(*error));
    *context.io.out << to_json(document);
}

Paths paths_below(const Globals& globals) {
    Paths paths;
    std::string root = globals.root;
    while (root.ends_with('/')) root.pop_back();
    for (std::string* path : {&paths.etc, &paths.share, &paths.libexec, &paths.store, &paths.state,
                              &paths.units, &paths.run, &paths.cache})
        path->insert(0, root);
    if (!globals.share.empty()) paths.share = globals.share;
    return paths;
}

bool asks_for_json(const std::vector<std::string>& arguments) {
    for (const std::string& argument : arguments) {
        if (argument == "--") return false;
        if (argument == "--json") return true;
    }
    return false;
}

} // namespace

int run_cli(const Invocation& invocation) {
    Context context;
    context.cancel = invocation.cancel;
    context.started = std::chrono::system_clock::now();
    auto parsed = parse_line(invocation.arguments);
    context.io = invocation.io ? *invocation.io
                               : make_terminal_io(parsed ? parsed->color : std::string("auto"));
    Result<int> outcome = [&]() -> Result<int> {
        if (!parsed) return tl::unexpected<Error>(parsed.error());
        context.globals = parsed->globals;
        context.command = parsed->command;
        context.arguments = std::move(parsed->arguments);
        context.options = std::move(parsed->options);
        context.paths = paths_below(context.globals);
        context.depot =
            context.globals.depot.empty() ? context.paths.state + "/depot" : context.globals.depot;
        if (parsed->version) context.command = find_command("version");
        if (parsed->help) {
            *context.io.out << (context.command ? command_help(*context.command) : program_help());
            return 0;
        }
        return context.command->run(context);
    }();
    const Error* error = outcome ? nullptr : &outcome.error();
    if (error) print_error(context.io, *error);
    bool json =
        parsed ? context.globals.json && !parsed->help : asks_for_json(invocation.arguments);
    if (json) print_document(context, error);
    context.io.out->flush();
    // A result that could not be written (disk full, reader gone) is no success.
    if (!context.io.out->good() && !error) return static_cast<int>(Errc::failed);
    return error ? static_cast<int>(error->code) : *outcome;
}

std::optional<std::string> Context::option(std::string_view name) const {
    auto found = options.find(name);
    if (found == options.end()) return std::nullopt;
    return found->second;
}

void Context::say(std::string_view line) const {
    if (!globals.quiet) *io.err << line << "\n" << std::flush;
}

void Context::print(std::string_view text) const {
    if (!globals.json) *io.out << text;
}

Result<void> take_problems(Context& context, const Diagnostics& diagnostics, Errc code,
                           std::string_view what) {
    int errors = 0;
    for (const Diagnostic& problem : diagnostics.all()) {
        bool is_error = problem.severity == Severity::error;
        errors += is_error;
        if (is_error || !context.globals.quiet) *context.io.err << to_string(problem) << "\n";
        context.problems.push_back(problem);
    }
    if (errors == 0) return {};
    return fail(code, fmt::format("{} {} {}", errors, errors == 1 ? "problem" : "problems", what));
}

} // namespace lakebed
