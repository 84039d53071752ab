#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/suggest.h"
#include "cli/commands/commands.h"
#include "cli/load.h"

namespace lakebed {
namespace {

struct Layer {
    std::string value; // as TOML
    SourcePos pos;     // no file: built in
};
using Settings = std::map<std::string, std::vector<Layer>>; // lowest layer first

std::string as_toml(const Value& value) {
    std::string line = write_toml({Member{"x", {}, value}});
    std::size_t begin = line.find('=');
    if (begin == line.npos) return "{}";
    begin = line.find_first_not_of(' ', begin + 1);
    return line.substr(begin, line.find_last_not_of('\n') + 1 - begin);
}

void add(Settings& settings, const std::string& prefix, const Table& table) {
    for (const Member& member : table) {
        std::string key = prefix.empty() ? member.key : prefix + "." + member.key;
        if (const Table* inner = member.value.table())
            add(settings, key, *inner);
        else
            settings[key].push_back({as_toml(member.value), member.value.pos});
    }
}

void add_defaults(Settings& settings, const ServiceConf& conf) {
    std::string prefix = "service." + conf.name;
    for (const PortConf& port : conf.ports)
        settings[prefix + "." + port.key].push_back({std::to_string(port.number), port.pos});
    if (conf.memory)
        settings[prefix + ".memory"].push_back(
            {fmt::format("share {} of the budget, {} to {}", conf.memory->share,
                         to_string(conf.memory->min), to_string(conf.memory->max)),
             conf.pos});
    if (conf.data)
        settings[prefix + ".data_dir"].push_back(
            {fmt::format("\"{}\" below data_dir", conf.data->dir), conf.pos});
    add(settings, prefix, conf.variables);
    for (const FileConf& file : conf.files)
        if (file.settings) add(settings, prefix + ".settings", file.values);
    for (const SecretConf& secret : conf.secrets)
        settings["secrets." + secret.name + ".file"].push_back(
            {fmt::format("\"{}\" below /etc/lakebed/secrets", secret.name), secret.pos});
}

Settings collect(const Inputs& inputs) {
    Settings settings;
    Site site;
    settings["name"].push_back({fmt::format("\"{}\"", site.name), {}});
    settings["profile"].push_back({fmt::format("\"{}\"", site.profile), {}});
    settings["listen"].push_back({fmt::format("\"{}\"", site.listen), {}});
    settings["data_dir"].push_back({fmt::format("\"{}\"", site.data_dir), {}});
    settings["memory"].push_back({"75% of RAM", {}});
    settings["allow_from"].push_back({"[]", {}});
    const auto& services = inputs.profile.services;
    for (const ServiceConf& conf : inputs.confs)
        if (std::find(services.begin(), services.end(), conf.name) != services.end())
            add_defaults(settings, conf);
    for (const SiteFile& file : inputs.site_files) {
        Diagnostics reported_before; // read_inputs() has read the same text
        add(settings, "", *parse_toml(file.text, file.file, reported_before).table());
    }
    return settings;
}

std::string where(const Layer& layer) {
    if (layer.pos.file.empty()) return "built in";
    return fmt::format("{}:{}:{}", layer.pos.file, layer.pos.line, layer.pos.column);
}

void print(Context& context, const std::string& key, const std::vector<Layer>& layers) {
    Array rows;
    for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
        context.print(
            layer == layers.rbegin()
                ? fmt::format("{} = {}\n    set by {}\n", key, layer->value, where(*layer))
                : fmt::format("    over   {}: {}\n", where(*layer), layer->value));
        Table row;
        set(row, "value", layer->value);
        set(row, "set_by", where(*layer));
        rows.emplace_back(std::move(row));
    }
    Value* keys = find(context.document, "keys");
    set(*keys->table(), key, std::move(rows));
}

Result<int> run_explain(Context& context) {
    auto inputs = TRY(read_inputs(context));
    auto settings = collect(inputs);
    set(context.document, "keys", Table{});
    std::string wanted = context.arguments.empty() ? "" : context.arguments[0];
    bool found = false;
    std::vector<std::string> known;
    for (const auto& [key, layers] : settings) {
        known.push_back(key);
        // Without a key: only what the operator has set.
        bool show = wanted.empty() ? std::any_of(layers.begin(), layers.end(),
                                                 [&](const Layer& layer) {
                                                     for (const SiteFile& file : inputs.site_files)
                                                         if (file.file == layer.pos.file)
                                                             return true;
                                                     return false;
                                                 })
                                   : key == wanted || key.starts_with(wanted + ".");
        if (!show) continue;
        found = true;
        print(context, key, layers);
    }
    if (found || wanted.empty()) {
        if (!found) context.say("nothing is set: every value is the shipped one");
        return 0;
    }
    auto near = closest(wanted, known);
    return fail(Errc::not_found, fmt::format("there is no key \"{}\"", wanted),
                near ? fmt::format("did you mean \"{}\"?", *near)
                     : "lakebed.toml(5) lists the keys; a service's are below service.NAME");
}

} // namespace

Command explain_command() {
    return {.name = "explain",
            .summary = "what a key of the configuration is, and which file set it",
            .arguments = "[KEY]",
            .description =
                "Prints the value in force with file, line and column, and the values it "
                "replaces. KEY may be a whole table. Without it: all that the site sets.",
            .examples = {"lakebed explain service.redis.port", "lakebed explain service.postgres"},
            .max_arguments = 1,
            .run = run_explain};
}

} // namespace lakebed
