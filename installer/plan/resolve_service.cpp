// resolve_contents(): variables, config files, probes and verify steps of each service.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "input/shapes.h"
#include "model/class_archive.h"
#include "plan/memory.h"
#include "plan/resolving.h"

namespace lakebed {
namespace {

constexpr std::string_view kCredential = "credential:";
constexpr std::string_view kCredentialSha256 = "credential-sha256:";

std::optional<std::string_view> credential_name(std::string_view variable) {
    for (std::string_view prefix : {kCredentialSha256, kCredential})
        if (variable.starts_with(prefix)) return variable.substr(prefix.size());
    return {};
}

// What does not depend on the service but for the address it listens on.
Scope site_scope(const Resolving& r, const std::string& listen) {
    const Site& site = r.input.site;
    const Paths& paths = r.stack.paths;
    std::string connect = connect_address(listen);
    Scope scope;
    auto& v = scope.values;
    v["site"] = site.name;
    v["site_id"] = r.stack.site_id;
    v["listen"] = listen;
    v["listen.url"] = url_host(listen);
    v["connect"] = connect;
    v["connect.url"] = url_host(connect);
    v["ip_allow"] = ip_allow(listen, site.allow_from);
    v["access_from"] = !is_loopback(listen)
                           ? "all"
                           : listen + (listen.find(':') == std::string::npos ? "/32" : "/128");
    v["state"] = paths.state;
    v["libexec"] = paths.libexec;
    return scope;
}

void add_memory(const ServiceConf& conf, const StackService& service, Scope& scope) {
    if (!conf.memory) return;
    auto& v = scope.values;
    v["memory"] = static_cast<std::int64_t>(service.memory.bytes);
    v["memory.mib"] = static_cast<std::int64_t>(service.memory.mib());
    if (conf.memory->heap > 0)
        v["heap.mib"] = static_cast<std::int64_t>(static_cast<double>(service.memory.mib()) *
                                                  conf.memory->heap);
    // Parts that do not fit have been reported by resolve_memory(); they are known by name still.
    auto sizes = split_memory(conf.memory->parts, service.memory);
    for (const MemoryPart& part : conf.memory->parts)
        v[fmt::format("memory.{}.mib", part.name)] =
            sizes ? static_cast<std::int64_t>(sizes->at(part.name)) : std::int64_t{0};
}

// What the service itself defines; others see the public part of it.
Scope own_scope(Resolving& r, std::size_t index) {
    const ServiceConf& conf = *r.confs[index];
    const StackService& service = r.stack.services[index];
    Scope scope = site_scope(r, listen_address(r, service.name));
    auto& v = scope.values;
    // Instances differ in these; which one it is stays open until unit or graph say it.
    std::string which = service.instances > 0 ? "@" + std::string(kInstance) : "";
    v["name"] = service.name + which;
    v["title"] = service.title;
    v["user"] = service.user.empty() ? "root" : service.user;
    v["unit"] = "lakebed-" + service.name + which + ".service";
    v["runtime"] = r.stack.paths.run + "/" + service.name + which;
    if (service.instances > 0) {
        v["instance"] = std::string(kInstance);
        v["instances"] = std::int64_t{service.instances};
    }
    v["start_timeout"] = to_string(service.start_timeout);
    if (!service.data_dir.empty()) v["data"] = service.data_dir;
    for (const std::string& component : service.components) {
        auto entry = std::ranges::find(r.stack.store, component, &StoreEntry::component);
        if (entry == r.stack.store.end()) continue;
        v["home:" + component] = entry->path;
        if (component == conf.component) v["home"] = entry->path;
    }
    add_memory(conf, service, scope);
    for (const StackPort& port : service.ports) v[port.key] = std::int64_t{port.number};
    for (const Member& variable : conf.variables) {
        const Value* chosen = find(site_service(r, service.name).variables, variable.key);
        if (chosen) {
            v[variable.key] = *chosen;
            scope.from_site[variable.key] = true;
            continue;
        }
        // A variable may use those above it; what is unknown here is reported by resolve_one().
        v[variable.key] = interpolate_value(
            variable.value,
            [&](std::string_view name) -> std::optional<Value> {
                auto it = v.find(std::string(name));
                if (it == v.end()) return {};
                return it->second;
            },
            [](std::string_view, const SourcePos&) {});
    }
    return scope;
}

// Everything a string of one service may name.
class Context {
  public:
    Context(Resolving& r, const StackService& service, Scope scope)
        : r_(r), service_(service), scope_(std::move(scope)) {}

    // @config@ and credentials stay: render knows the one, lakebed-init the others.
    [[nodiscard]] std::optional<Value> lookup(std::string_view name) const {
        if (name == "config" || credential_name(name)) return Value(fmt::format("@{}@", name));
        auto it = scope_.values.find(std::string(name));
        if (it == scope_.values.end() || (for_all_instances_ && is_of_instance(name))) return {};
        return it->second;
    }

    void unknown(std::string_view name, const SourcePos& pos) {
        complete_ = false;
        if (for_all_instances_ && is_of_instance(name)) {
            r_.diagnostics.error(
                pos,
                fmt::format("@{}@ is another one in each instance of {}, and config files and "
                            "acceptance steps are for all of them",
                            name, service_.name),
                "give it in the unit, as an argument or in the environment");
            return;
        }
        std::vector<std::string> known = {"config"};
        for (const auto& [key, value] : scope_.values) known.push_back(key);
        std::string hint = did_you_mean(name, known);
        if (name.starts_with("secret:"))
            r_.diagnostics.error(
                pos, fmt::format("@{}@: no service of this profile has such a secret", name), hint);
        else
            r_.diagnostics.error(
                pos, fmt::format("unknown variable @{}@ of {}", name, service_.name), hint);
    }

    // Every credential in `text` must be one that the unit loads.
    void check_credentials(std::string_view text,
                           const std::function<SourcePos(std::size_t)>& pos) {
        for_each_variable(text, [&](std::string_view name, std::size_t at) {
            auto credential = credential_name(name);
            if (!credential ||
                std::ranges::find(service_.credentials, *credential) != service_.credentials.end())
                return;
            r_.diagnostics.error(
                pos(at),
                fmt::format("@{}@: the unit of {} does not load this credential", name,
                            service_.name),
                did_you_mean(*credential, service_.credentials,
                             fmt::format("add \"{}\" to service.credentials", *credential)));
        });
    }

    void check_credentials(const Value& value) {
        if (const std::string* text = value.string())
            check_credentials(*text, [&](std::size_t) { return value.pos; });
        if (const Array* array = value.array())
            for (const Value& item : *array) check_credentials(item);
        if (const Table* table = value.table())
            for (const Member& member : *table) check_credentials(member.value);
    }

    Value resolve_value(const Value& value) {
        check_credentials(value);
        return interpolate_value(
            value, [&](std::string_view name) { return lookup(name); },
            [&](std::string_view name, const SourcePos& pos) { unknown(name, pos); });
    }

    std::string resolve_text(const FileConf& file) {
        auto pos = [&](std::size_t at) { return text_position(file.text, at, file.text_pos); };
        check_credentials(file.text, pos);
        std::string out;
        std::size_t done = 0;
        for_each_variable(file.text, [&](std::string_view name, std::size_t at) {
            auto value = lookup(name);
            if (!value) {
                unknown(name, pos(at));
                return;
            }
            out += file.text.substr(done, at - done) + plain_text(*value);
            done = at + name.size() + 2;
        });
        return out + file.text.substr(done);
    }

    // For what there is once, however many instances: config files, acceptance steps.
    void for_all_instances(bool all) { for_all_instances_ = all; }

    // False once a variable was unknown; resets.
    bool take_complete() { return std::exchange(complete_, true); }

    Scope& scope() { return scope_; }

  private:
    [[nodiscard]] bool is_of_instance(std::string_view name) const {
        auto it = scope_.values.find(std::string(name));
        return it != scope_.values.end() && !scope_.from_site.contains(std::string(name)) &&
               plain_text(it->second).find(kInstance) != std::string::npos;
    }

    Resolving& r_;
    const StackService& service_;
    Scope scope_;
    bool complete_ = true;
    bool for_all_instances_ = false;
};

// Keys whose value follows from the stack itself: another one would break readiness, sandbox or
// graph.
bool is_wired(const StackService& service, const Value& value) {
    const std::string* text = value.string();
    if (!text) return false;
    bool wired = false;
    for_each_variable(*text, [&](std::string_view name, std::size_t) {
        bool port = std::ranges::find(service.ports, name, &StackPort::key) != service.ports.end();
        wired = wired || port || name == "listen" || name == "data" || name == "runtime" ||
                name == "config" || name.starts_with("secret:") ||
                credential_name(name).has_value();
    });
    return wired;
}

void merge_settings(Resolving& r, const StackService& service, const FileConf& conf,
                    Context& context, Table& values) {
    const Table& settings = site_service(r, service.name).settings;
    for (const Member& setting : settings) {
        const Value* present = find(conf.values, setting.key);
        if (present && is_wired(service, *present))
            r.diagnostics.error(
                setting.key_pos,
                fmt::format("service.{}.settings.{} is set by lakebed itself", service.name,
                            setting.key),
                fmt::format("ports, listen and data_dir stand in [service.{}]", service.name));
        // The operator's strings are taken as they are, but a credential is still replaced at
        // start.
        context.check_credentials(setting.value);
    }
    merge(values, settings);
}

// As a unit file says it: the instance is %i there.
std::string unit_text(const Value& value, bool from_site) {
    std::string text = plain_text(value);
    if (from_site) {
        // In a unit file % begins a specifier; what the operator wrote is no template.
        for (std::size_t i = 0; (i = text.find('%', i)) != std::string::npos; i += 2)
            text.insert(i, "%");
        return text;
    }
    for (std::size_t i = 0; (i = text.find(kInstance, i)) != std::string::npos;)
        text.replace(i, kInstance.size(), "%i");
    return text;
}

// Where the service's class archive is; its digest covers what an archive must agree with.
std::string class_archive(const Resolving& r, const StackService& service, const Scope& scope) {
    std::string basis;
    for (const auto& [name, value] : scope.values) {
        bool own = name.find('.') == std::string::npos;
        bool home = name.starts_with("home:"); // of the JRE, and of the jars
        bool classes = name.ends_with("class_path") || name.starts_with("extra_jars");
        if (home || (own && (classes || name == "gc" || name == "jit" || name == "jar")))
            basis += fmt::format("{}={}\n", name, plain_text(value));
    }
    return fmt::format("{}/{}/{}", r.stack.paths.cache, kClassArchiveDirectory,
                       class_archive_name(service.name, basis));
}

void resolve_one(Resolving& r, std::size_t index, Context& context) {
    const ServiceConf& conf = *r.confs[index];
    StackService& service = r.stack.services[index];
    // A variable may use those above it.
    for (const Member& variable : conf.variables) {
        if (context.scope().from_site.contains(variable.key)) continue;
        context.scope().values[variable.key] = context.resolve_value(variable.value);
    }
    context.for_all_instances(true);
    for (const FileConf& file : conf.files) {
        StackFile out{file.path, file.format, context.resolve_text(file), {}};
        out.values = *context.resolve_value(Value(file.values)).table();
        if (file.settings) merge_settings(r, service, file, context, out.values);
        service.files.push_back(std::move(out));
    }
    if (!conf.ui.empty()) service.ui = plain_text(context.resolve_value(Value(conf.ui)));
    for (const Value& step : conf.verify)
        service.verify.push_back(*context.resolve_value(step).table());
    context.for_all_instances(false);
    context.take_complete();
    if (conf.probe) {
        Value probe = context.resolve_value(*conf.probe);
        if (context.take_complete()) service.probe = read_probe_spec(probe, "probe", r.diagnostics);
    }
    if (conf.liveness) {
        Value liveness = context.resolve_value(*conf.liveness);
        if (context.take_complete())
            service.liveness = read_liveness(liveness, "liveness", r.diagnostics);
    }

    for (const auto& [name, value] : context.scope().values)
        service.variables[name] = unit_text(value, context.scope().from_site.contains(name));
    service.variables["cache"] = r.stack.paths.cache + "/" + service.name;
    if (service.jvm)
        service.variables["class_archive"] = class_archive(r, service, context.scope());
    if (service.instances > 0) service.variables["title"] += " %i";
}

// What everyone may name of all services.
void add_public(const Resolving& r, const std::vector<Scope>& own, Scope& scope) {
    for (const StackSecret& secret : r.stack.secrets)
        scope.values["secret:" + secret.name] = secret.path;
    for (std::size_t i = 0; i < own.size(); ++i) {
        for (const auto& [name, value] : own[i].values) {
            if (!is_public_variable(name)) continue;
            bool open = false;
            for_each_variable(plain_text(value),
                              [&](std::string_view, std::size_t) { open = true; });
            if (open && !own[i].from_site.contains(name)) continue;
            std::string full = r.stack.services[i].name + "." + name;
            scope.values[full] = value;
            if (own[i].from_site.contains(name)) scope.from_site[full] = true;
        }
    }
}

} // namespace

void resolve_contents(Resolving& r) {
    std::vector<Scope> own;
    for (std::size_t i = 0; i < r.confs.size(); ++i) own.push_back(own_scope(r, i));
    for (std::size_t i = 0; i < r.confs.size(); ++i) {
        Scope scope = own[i];
        add_public(r, own, scope);
        Context context(r, r.stack.services[i], std::move(scope));
        resolve_one(r, i, context);
    }
    StackService profile;
    profile.name = "profile " + r.stack.profile;
    Scope scope = site_scope(r, r.stack.listen);
    add_public(r, own, scope);
    Context context(r, profile, std::move(scope));
    for (const Value& step : r.input.profile.verify)
        r.stack.verify.push_back(*context.resolve_value(step).table());
}

} // namespace lakebed
