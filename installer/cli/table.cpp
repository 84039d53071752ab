#include "cli/command.h"
#include "cli/commands/commands.h"

namespace lakebed {

const std::vector<Command>& all_commands() {
    static const std::vector<Command> kCommands{
        check_command(),   plan_command(),       apply_command(),   up_command(),
        down_command(),    status_command(),     why_command(),     events_command(),
        logs_command(),    verify_command(),     fetch_command(),   wait_command(),
        start_command(),   stop_command(),       restart_command(), hold_command(),
        release_command(), init_command(),       explain_command(), secrets_command(),
        version_command(), completion_command(), man_command(),
    };
    return kCommands;
}

const std::vector<OptionRow>& global_options() {
    static const std::vector<OptionRow> kOptions{
        {"--json", "", "print the result as one JSON document"},
        {"--config", "FILE",
         "the site's file; default /etc/lakebed/lakebed.toml, and conf.d beside it"},
        {"--root", "DIR", "all paths of lakebed are below DIR"},
        {"--share", "DIR", "shipped data; default /usr/share/lakebed"},
        {"--depot", "DIR", "artifacts; default /var/lib/lakebed/depot"},
        {"--profile", "NAME", "instead of the site's profile"},
        {"--timeout", "DURATION", "how long to wait: 90s, 10min"},
        {"--yes", "", "do not ask before services are restarted"},
        {"--quiet", "", "no progress and no notices"},
        {"--verbose", "", "say more"},
        {"--color", "WHEN", "auto, always or never; NO_COLOR is honoured"},
        {"--help", "", "explain the command"},
        {"--version", "", "print the version"},
    };
    return kOptions;
}

const Command* find_command(std::string_view name) {
    for (const Command& command : all_commands())
        if (command.name == name) return &command;
    return nullptr;
}

} // namespace lakebed
