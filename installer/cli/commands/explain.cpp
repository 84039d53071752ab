#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/suggest.h"
#include "cli/commands/commands.h"
#include "cli/load.h"

namespace lakebed {
namespace {

struct Layer {
    std::string value;   // as TOML
    SourcePos pos;       // no file: built in
    bool shared = false; // set for several services at once, as [service.SHARED]
};
using Settings = std::map<std::string, std::vector<Layer>>; // lowest layer first

std::string as_toml(const Value& value) {
    std::string line = write_toml({Member{"x", {}, value}});
    std::size_t begin = line.find('=');
    if (begin == line.npos) return "{}";
    begin = line.find_first_not_of(' ', begin + 1);
    return line.substr(begin, line.find_last_not_of('\n') + 1 - begin);
}

void push(Settings& settings, const std::string& key, Layer layer) {
    std::vector<Layer>& layers = settings[key];
    // A service that includes and overlays nothing comes to what its own file says.
    bool again =
        !layers.empty() && layers.back().value == layer.value && layers.back().pos == layer.pos;
    if (!again) layers.push_back(std::move(layer));
}

void add(Settings& settings, const std::string& prefix, const Table& table, bool shared = false) {
    for (const Member& member : table) {
        std::string key = prefix.empty() ? member.key : prefix + "." + member.key;
        if (const Table* inner = member.value.table())
            add(settings, key, *inner, shared);
        else
            push(settings, key, {as_toml(member.value), member.value.pos, shared});
    }
}

void add_defaults(Settings& settings, const ServiceConf& conf, const std::string& name) {
    std::string prefix = "service." + name;
    if (conf.instances)
        push(settings, prefix + ".instances",
             {std::to_string(*conf.instances), conf.instances_pos});
    for (const PortConf& port : conf.ports)
        push(settings, prefix + "." + port.key, {std::to_string(port.number), port.pos});
    if (conf.memory)
        push(settings, prefix + ".memory",
             {fmt::format("share {} of the budget, {} to {}", conf.memory->share,
                          to_string(conf.memory->min), to_string(conf.memory->max)),
              conf.memory->min_pos});
    if (conf.data)
        push(settings, prefix + ".data_dir",
             {fmt::format("\"{}\" below data_dir", conf.data->dir), conf.pos});
    add(settings, prefix, conf.variables);
    for (const FileConf& file : conf.files)
        if (file.settings) add(settings, prefix + ".settings", file.values);
    for (const SecretConf& secret : conf.secrets)
        push(settings, "secrets." + secret.name + ".file",
             {fmt::format("\"{}\" below /etc/lakebed/secrets", secret.name), secret.pos});
}

void add_guards(Settings& settings, const Profile& profile) {
    const GuardLimits limits;
    const GuardConf& conf = profile.guards;
    push(settings, "guards.min_free",
         {fmt::format("\"{}\"", to_string(conf.min_free.value_or(limits.min_free))),
          conf.min_free ? profile.pos : SourcePos()});
    push(settings, "guards.resume_free",
         {conf.resume_free ? fmt::format("\"{}\"", to_string(*conf.resume_free))
                           : "half as much again as guards.min_free",
          conf.resume_free ? profile.pos : SourcePos()});
    push(settings, "guards.min_free_inodes",
         {std::to_string(
              conf.min_free_inodes.value_or(static_cast<std::int64_t>(limits.min_free_inodes))),
          conf.min_free_inodes ? profile.pos : SourcePos()});
}

const ServiceConf* find_conf(const Inputs& inputs, const std::string& name) {
    auto it = std::find_if(inputs.confs.begin(), inputs.confs.end(),
                           [&](const ServiceConf& conf) { return conf.name == name; });
    return it == inputs.confs.end() ? nullptr : &*it;
}

// What the files of a service say, lowest first: shared confs, its own, what conditions made of it.
void add_service(Settings& settings, const Inputs& inputs, const AssembledService& service) {
    const std::string& name = service.conf.name;
    for (const std::string& shared : service.shared) {
        add_defaults(settings, *find_conf(inputs, shared), shared);
        add_defaults(settings, *find_conf(inputs, shared), name);
    }
    add_defaults(settings, *find_conf(inputs, name), name);
    add_defaults(settings, service.conf, name);
}

Settings collect(const Inputs& inputs, const std::vector<AssembledService>& services) {
    Settings settings;
    Site site;
    push(settings, "name", {fmt::format("\"{}\"", site.name), {}});
    push(settings, "profile", {fmt::format("\"{}\"", site.profile), {}});
    push(settings, "sizing", {"\"auto\"", {}});
    push(settings, "listen", {fmt::format("\"{}\"", site.listen), {}});
    push(settings, "data_dir", {fmt::format("\"{}\"", site.data_dir), {}});
    push(settings, "memory", {"75% of RAM, 85% with sizing small", {}});
    push(settings, "allow_from", {"[]", {}});
    add_guards(settings, inputs.profile);
    for (const AssembledService& service : services) add_service(settings, inputs, service);
    std::vector<Value> layers;
    for (const SiteFile& file : inputs.site_files) {
        Diagnostics reported_before; // read_inputs() has read the same text
        layers.push_back(parse_toml(file.text, file.file, reported_before));
        expand_shorthand(*layers.back().table(), reported_before);
    }
    for (const AssembledService& service : services)
        for (const std::string& shared : service.shared)
            for (const Value& layer : layers) {
                const Value* all = find(*layer.table(), "service");
                const Value* own = all && all->table() ? find(*all->table(), shared) : nullptr;
                if (own && own->table())
                    add(settings, "service." + service.conf.name, *own->table(), true);
            }
    for (const Value& layer : layers) add(settings, "", *layer.table());
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
    auto settings = collect(inputs, TRY(assemble_services(context, inputs)));
    set(context.document, "keys", Table{});
    std::string wanted = context.arguments.empty() ? "" : context.arguments[0];
    bool found = false;
    std::vector<std::string> known;
    for (const auto& [key, layers] : settings) {
        known.push_back(key);
        // Without a key: only what the operator has set.
        bool show = wanted.empty() ? std::any_of(layers.begin(), layers.end(),
                                                 [&](const Layer& layer) {
                                                     if (layer.shared) return false;
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
