#include <fmt/format.h>

#include "cli/commands/commands.h"

namespace lakebed {
namespace {

std::string roff(std::string_view text) {
    std::string out;
    for (char c : text) {
        if (c == '\\') {
            out += "\\e";
            continue;
        }
        if (c == '-') out += '\\';
        out += c;
    }
    if (out.starts_with('.') || out.starts_with('\'')) out.insert(0, "\\&");
    return out;
}

std::string options(const std::vector<OptionRow>& rows) {
    std::string out;
    for (const OptionRow& row : rows)
        out += fmt::format(".TP\n\\fB{}\\fR{}\n{}\n", roff(row.name),
                           row.value.empty() ? "" : fmt::format(" \\fI{}\\fR", row.value),
                           roff(row.help));
    return out;
}

std::string command_section(const Command& command) {
    std::string out = fmt::format(".SS \"{}\"\n\\fBlakebed {}\\fR {}\n.PP\n{}.\n", command.name,
                                  command.name, roff(command.arguments), roff(command.summary));
    if (!command.description.empty()) out += roff(command.description) + "\n";
    out += options(command.options);
    if (!command.examples.empty()) {
        out += ".PP\nExamples:\n.EX\n";
        for (std::string_view example : command.examples) out += "  " + roff(example) + "\n";
        out += ".EE\n";
    }
    return out;
}

constexpr std::string_view kRest = R"(.SH OUTPUT
The result goes to standard output, progress and diagnostics to standard error. With \fB\-\-json\fR the
result is one JSON document, the last thing on standard output; \fBformat\fR in it is the version of its
form. Nothing is asked and nothing is coloured or redrawn when there is no terminal.
.PP
Ctrl\-C once stops at the next safe point, twice at once. Whatever was interrupted can be run again.
.SH "EXIT STATUS"
.TP
\fB0\fR
done; of \fBstatus\fR and \fBwhy\fR: everything is ready
.TP
\fB1\fR
failed
.TP
\fB2\fR
the command line or the configuration is wrong
.TP
\fB3\fR
the host does not fulfil what the plan needs; of \fBstatus\fR and \fBwhy\fR: not everything is ready
.TP
\fB4\fR
of \fBplan \-\-detailed\-exitcode\fR: there is something to do
.TP
\fB5\fR
partially applied: run it again
.TP
\fB6\fR
another run holds the lock
.TP
\fB7\fR
the network or a source is not available
.TP
\fB8\fR
a digest does not match
.TP
\fB9\fR
refused for safety
.TP
\fB10\fR
nothing has been applied, or there is no such service
.TP
\fB75\fR
not now: try again later
.SH FILES
.TP
.I /etc/lakebed/lakebed.toml
the site's configuration, see \fBlakebed.toml\fR(5); later files of \fI/etc/lakebed/conf.d\fR win
.TP
.I /etc/lakebed/secrets
secrets, for root only
.TP
.I /usr/share/lakebed
catalog, profiles, services and unit templates
.TP
.I /var/lib/lakebed
generations, rendered configuration, depot and data
.TP
.I /opt/lakebed/store
unpacked programs
.SH "SEE ALSO"
\fBlakebed.toml\fR(5), \fBlakebedd\fR(8), \fBsystemctl\fR(1), \fBjournalctl\fR(1)
)";

Result<int> run_man(Context& context) {
    std::string page =
        ".TH LAKEBED 1 \"\" \"lakebed " LAKEBED_VERSION "\"\n"
        ".SH NAME\nlakebed \\- install a streaming lakehouse and keep it running\n"
        ".SH SYNOPSIS\n\\fBlakebed\\fR \\fICOMMAND\\fR [\\fIARGUMENT\\fR...] "
        "[\\fIOPTION\\fR...]\n"
        ".SH DESCRIPTION\n"
        "lakebed puts PostgreSQL, MinIO, a Hive Metastore and Redis on this machine as "
        "systemd services, and \\fBlakebedd\\fR(8) looks after them.\n"
        ".SH COMMANDS\n";
    for (const Command& command : all_commands())
        if (!command.hidden) page += command_section(command);
    page += ".SH OPTIONS\nOf every command:\n" + options(global_options());
    context.print(page + std::string(kRest));
    return 0;
}

} // namespace

Command man_command() {
    return {.name = "man", .summary = "print lakebed(1) as roff", .run = run_man, .hidden = true};
}

} // namespace lakebed
