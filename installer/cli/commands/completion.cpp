#include <fmt/format.h>

#include "cli/commands/commands.h"

namespace lakebed {
namespace {

std::string words_of(const std::vector<OptionRow>& rows) {
    std::string words;
    for (const OptionRow& row : rows)
        words += fmt::format("{}{}", words.empty() ? "" : " ", row.name);
    return words;
}

std::string command_words() {
    std::string words;
    for (const Command& command : all_commands())
        if (!command.hidden) words += fmt::format("{}{}", words.empty() ? "" : " ", command.name);
    return words;
}

bool takes_services(const Command& command) {
    return command.arguments.find("SERVICE") != std::string_view::npos;
}

std::string fixed_arguments(const Command& command) {
    if (command.name == "completion") return "bash zsh fish";
    if (command.name == "secrets") return "list path show";
    return "";
}

// Names of the services, without starting lakebed: they stand in the graph of the generation.
constexpr std::string_view kServices =
    "sed -n 's/^name = \"\\(.*\\)\"$/\\1/p' /var/lib/lakebed/current/graph.toml 2>/dev/null";

std::string bash() {
    std::string cases, values;
    for (const Command& command : all_commands()) {
        if (command.hidden) continue;
        cases += fmt::format("        {}) words=\"{} {} $global\"", command.name,
                             words_of(command.options), fixed_arguments(command));
        if (takes_services(command)) cases += fmt::format("; words+=\" $({})\"", kServices);
        cases += " ;;\n";
    }
    return fmt::format(R"(# bash completion for lakebed, made by `lakebed completion bash`
_lakebed() {{
    local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD - 1]}} verb= word words
    local global="{0}"
    COMPREPLY=()
    case $prev in
        --config) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
        --root | --share | --depot) mapfile -t COMPREPLY < <(compgen -d -- "$cur"); return ;;
        --color) mapfile -t COMPREPLY < <(compgen -W "auto always never" -- "$cur"); return ;;
    esac
    for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
        case $word in
            -*) ;;
            *) verb=$word; break ;;
        esac
    done
    case $verb in
        "") words="{1} $global" ;;
{2}        *) words=$global ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}}
complete -F _lakebed lakebed
)",
                       words_of(global_options()), command_words(), cases);
}

std::string quoted_for_zsh(std::string_view text) {
    std::string out;
    for (char c : text) {
        if (c == '\'') out += "'\\'";
        if (c == ':' || c == '[' || c == ']') out += '\\';
        out += c;
    }
    return out;
}

std::string zsh() {
    std::string commands, cases, global;
    for (const OptionRow& row : global_options())
        global += fmt::format("        '{}[{}]{}'\n", row.name, quoted_for_zsh(row.help),
                              row.value.empty() ? "" : fmt::format(":{}:_files", row.value));
    for (const Command& command : all_commands()) {
        if (command.hidden) continue;
        commands += fmt::format("        '{}:{}'\n", command.name, quoted_for_zsh(command.summary));
        cases += fmt::format("        {})", command.name);
        for (const OptionRow& row : command.options)
            cases += fmt::format(" args+=('{}[{}]{}');", row.name, quoted_for_zsh(row.help),
                                 row.value.empty() ? "" : fmt::format(":{}:", row.value));
        if (takes_services(command))
            cases += fmt::format(" args+=(\"*:service:($({}))\");", kServices);
        if (auto fixed = fixed_arguments(command); !fixed.empty())
            cases += fmt::format(" args+=('1:what:({})');", fixed);
        cases += " ;;\n";
    }
    return fmt::format(R"(#compdef lakebed
# zsh completion for lakebed, made by `lakebed completion zsh`
_lakebed() {{
    local context state line
    local -a commands args
    commands=(
{0}    )
    args=(
{1}    )
    _arguments -C $args '1:command:->command' '*::argument:->argument'
    case $state in
    command) _describe command commands ;;
    argument)
        case $words[1] in
{2}        esac
        _arguments $args ;;
    esac
}}
_lakebed "$@"
)",
                       commands, global, cases);
}

std::string fish() {
    std::string out = "# fish completion for lakebed, made by `lakebed completion fish`\n"
                      "complete -c lakebed -f\n";
    auto quoted = [](std::string_view text) {
        std::string safe;
        for (char c : text) {
            if (c == '\'' || c == '\\') safe += '\\';
            safe += c;
        }
        return safe;
    };
    for (const OptionRow& row : global_options())
        out += fmt::format("complete -c lakebed -l {}{} -d '{}'\n", row.name.substr(2),
                           row.value.empty() ? "" : " -r", quoted(row.help));
    for (const Command& command : all_commands()) {
        if (command.hidden) continue;
        out += fmt::format("complete -c lakebed -n __fish_use_subcommand -a {} -d '{}'\n",
                           command.name, quoted(command.summary));
        std::string when = fmt::format("-n '__fish_seen_subcommand_from {}'", command.name);
        for (const OptionRow& row : command.options)
            out += fmt::format("complete -c lakebed {} -l {}{} -d '{}'\n", when, row.name.substr(2),
                               row.value.empty() ? "" : " -r", quoted(row.help));
        if (takes_services(command))
            out += fmt::format("complete -c lakebed {} -a \"({})\"\n", when,
                               "string match -rg '^name = \\\"(.*)\\\"' < "
                               "/var/lib/lakebed/current/graph.toml 2>/dev/null");
        if (auto fixed = fixed_arguments(command); !fixed.empty())
            out += fmt::format("complete -c lakebed {} -a '{}'\n", when, fixed);
    }
    return out;
}

Result<int> run_completion(Context& context) {
    const std::string& shell = context.arguments[0];
    if (shell != "bash" && shell != "zsh" && shell != "fish")
        return fail(Errc::usage, fmt::format("no completion for \"{}\"", shell),
                    "bash, zsh or fish");
    context.print(shell == "bash" ? bash() : shell == "zsh" ? zsh() : fish());
    return 0;
}

} // namespace

Command completion_command() {
    return {.name = "completion",
            .summary = "print the completion script of a shell",
            .arguments = "bash|zsh|fish",
            .description = "The package installs all three.",
            .examples = {"source <(lakebed completion bash)"},
            .min_arguments = 1,
            .max_arguments = 1,
            .run = run_completion};
}

} // namespace lakebed
