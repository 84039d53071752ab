#include <algorithm>

#include <fmt/format.h>

#include "base/suggest.h"
#include "cli/commands/commands.h"
#include "cli/load.h"
#include "cli/planning.h"
#include "sys/files.h"

#include <sys/stat.h>

namespace lakebed {
namespace {

Result<StackSecret> find_secret(const Stack& stack, const std::string& name) {
    std::vector<std::string> known;
    for (const StackSecret& secret : stack.secrets) {
        if (secret.name == name) return secret;
        known.push_back(secret.name);
    }
    auto near = closest(name, known);
    return fail(Errc::not_found, fmt::format("there is no secret \"{}\"", name),
                near ? fmt::format("did you mean \"{}\"?", *near)
                     : "lakebed secrets list names them");
}

void list(Context& context, const Stack& stack) {
    TextTable table{{"secret", "state", "origin", "file"}, {}, {}};
    Array rows;
    for (const StackSecret& secret : stack.secrets) {
        struct stat info {};
        bool present = ::stat(secret.path.c_str(), &info) == 0;
        std::string origin = secret.generate > 0     ? "generated"
                             : !secret.value.empty() ? "fixed value"
                                                     : "the operator's";
        table.rows.push_back(
            {secret.name, present ? "present" : "not yet made", origin, secret.path});
        Table row;
        set(row, "name", secret.name);
        set(row, "present", present);
        set(row, "origin", origin);
        set(row, "path", secret.path);
        rows.emplace_back(std::move(row));
    }
    set(context.document, "secrets", std::move(rows));
    context.print(format_table(table));
}

Result<int> run_secrets(Context& context) {
    std::string verb = context.arguments.empty() ? "list" : context.arguments[0];
    if (verb != "list" && verb != "path" && verb != "show")
        return fail(Errc::usage, fmt::format("secrets does not know \"{}\"", verb),
                    "list, path NAME or show NAME");
    if ((verb == "list") != (context.arguments.size() < 2))
        return fail(Errc::usage, verb == "list" ? "secrets list takes no name"
                                                : fmt::format("secrets {} wants a name", verb));
    if (verb == "show") TRY(require_root(context));
    auto loaded = TRY(load(context));
    if (verb == "list") {
        list(context, loaded.stack);
        return 0;
    }
    auto secret = TRY(find_secret(loaded.stack, context.arguments[1]));
    set(context.document, "name", secret.name);
    set(context.document, "path", secret.path);
    if (verb == "path") {
        context.print(secret.path + "\n");
        return 0;
    }
    auto value = read_secret_file(secret.path);
    if (!value && value.error().code == Errc::not_found)
        return fail(Errc::not_found,
                    fmt::format("secret \"{}\" has not been made yet", secret.name),
                    "lakebed apply makes it");
    auto text = TRY(std::move(value));
    set(context.document, "value", text);
    context.print(text + "\n");
    return 0;
}

} // namespace

Command secrets_command() {
    return {.name = "secrets",
            .summary = "list secrets, or tell one to root",
            .arguments = "[list | path NAME | show NAME]",
            .description = "Secrets are files below /etc/lakebed/secrets that only root may read. "
                           "`path` prints where one is, `show` what it is (root only).",
            .examples = {"lakebed secrets", "lakebed secrets path redis-app",
                         "lakebed secrets show postgres-app"},
            .max_arguments = 2,
            .run = run_secrets};
}

} // namespace lakebed
