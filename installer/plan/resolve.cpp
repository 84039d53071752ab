// resolve(): which services, their ports, memory, data, secrets and needs.
#include <algorithm>
#include <regex>
#include <set>

#include <fmt/format.h>

#include "base/suggest.h"
#include "input/shapes.h"
#include "plan/resolving.h"
#include "plan/store_entry.h"

namespace lakebed {
namespace {

std::string words(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names)
        text += (text.empty() ? "" : &name == &names.back() ? " and " : ", ") + name;
    return text;
}

void choose_services(Resolving& r) {
    Conditions conditions{is_small(r.input.site, r.input.facts.ram), r.input.facts.ip_fence};
    r.stack.sizing = conditions.small ? "small" : "standard";
    r.members =
        assemble_profile(r.input.profile, r.input.confs, r.input.site, conditions, r.diagnostics);
    for (const AssembledService& member : r.members) {
        const ServiceConf& conf = member.conf;
        if (!member.unset.empty()) {
            r.stack.not_configured.push_back(
                {conf.name, conf.title,
                 conf.not_configured.empty()
                     ? fmt::format("set {} in [{}]", words(member.unset), conf.name)
                     : conf.not_configured});
            continue;
        }
        StackService service;
        service.name = conf.name;
        service.title = conf.title;
        service.kind = conf.kind == ServiceKind::job ? NodeKind::job : NodeKind::service;
        if (conf.instances) service.instances = member.site.instances.value_or(*conf.instances);
        service.unit =
            fmt::format("lakebed-{}{}.service", conf.name, service.instances > 0 ? "@" : "");
        service.unit_template = conf.unit;
        service.user = conf.user;
        service.jvm = conf.jvm;
        service.credentials = conf.credentials;
        service.start_timeout = parse_duration(conf.start_timeout).value_or(service.start_timeout);
        if (!conf.component.empty()) service.components.push_back(conf.component);
        for (const std::string& component : conf.components)
            service.components.push_back(component);
        r.stack.services.push_back(std::move(service));
        r.confs.push_back(&conf);
    }
}

// What the operator's variables name must be there; see host_checks.cpp.
void resolve_brought_files(Resolving& r) {
    for (StackService& service : r.stack.services)
        for (const Member& variable : site_service(r, service.name).variables)
            if (const std::string* path = variable.value.string();
                path && !path->empty() && names_file(variable.key))
                service.brought.push_back({*path,
                                           fmt::format("service.{}.{}", service.name, variable.key),
                                           variable.value.pos});
}

void resolve_ports(Resolving& r) {
    struct Claim {
        std::string service;
        const StackPort* port;
    };
    std::vector<Claim> claims;
    for (std::size_t i = 0; i < r.confs.size(); ++i) {
        StackService& service = r.stack.services[i];
        const SiteService& site = site_service(r, service.name);
        for (const PortConf& conf : r.confs[i]->ports) {
            StackPort port{conf.key, static_cast<Port>(conf.number),
                           listen_address(r, service.name), conf.pos};
            if (auto it = site.ports.find(conf.key); it != site.ports.end()) {
                port.number = static_cast<Port>(it->second.first);
                port.pos = it->second.second;
                if (port.number < 1024)
                    r.diagnostics.error(
                        port.pos,
                        fmt::format("service.{}.{} is {}, a port only root may bind", service.name,
                                    port.key, port.number),
                        "take one from 1024 on: the services run without privileges");
            }
            service.ports.push_back(std::move(port));
        }
        for (const StackPort& port : service.ports) {
            for (const Claim& other : claims) {
                bool meet = other.port->address == port.address ||
                            is_wildcard(other.port->address) || is_wildcard(port.address);
                if (other.port->number != port.number || !meet) continue;
                r.diagnostics.error(
                    port.pos,
                    fmt::format(
                        "port {} is used twice: by service.{}.{} ({}) and service.{}.{} ({})",
                        port.number, other.service, other.port->key, place(other.port->pos),
                        service.name, port.key, place(port.pos)),
                    fmt::format("[service.{}] {} = another port, or [service.{}] {}", service.name,
                                port.key, other.service, other.port->key));
            }
        }
        for (const StackPort& port : service.ports) claims.push_back({service.name, &port});
    }
}

void resolve_data(Resolving& r) {
    std::string base = r.input.site.data_dir;
    if (!r.input.site.origin.contains("data_dir")) base = r.stack.paths.state + "/data";
    r.stack.data_root = base;
    for (std::size_t i = 0; i < r.confs.size(); ++i) {
        const ServiceConf& conf = *r.confs[i];
        if (!conf.data) continue;
        StackService& service = r.stack.services[i];
        const SiteService& site = site_service(r, conf.name);
        service.data_dir = site.data_dir ? *site.data_dir : base + "/" + conf.data->dir;
        service.data_mode = conf.data->mode;
        service.min_free = conf.data->min_free;
        for (const StackService& other : r.stack.services) {
            if (&other == &service) break;
            if (other.data_dir.empty()) continue;
            bool nested = (service.data_dir + "/").starts_with(other.data_dir + "/") ||
                          (other.data_dir + "/").starts_with(service.data_dir + "/");
            if (nested)
                r.diagnostics.error(
                    site.data_dir ? site.pos : conf.pos,
                    fmt::format("data of {} ({}) and of {} ({}) would lie in one another",
                                other.name, other.data_dir, service.name, service.data_dir),
                    fmt::format("[service.{}] data_dir = a directory of its own", service.name));
        }
    }
}

void resolve_guards(Resolving& r) {
    GuardLimits& limits = r.stack.guards;
    const GuardConf &profile = r.input.profile.guards, &site = r.input.site.guards;
    auto lay = [](auto& value, const auto& under, const auto& over) {
        if (over)
            value = {*over};
        else if (under)
            value = {*under};
    };
    lay(limits.min_free, profile.min_free, site.min_free);
    limits.resume_free = {limits.min_free.bytes / 2 * 3};
    // A mark of the profile goes with the profile's other one.
    lay(limits.resume_free, site.min_free ? std::optional<ByteSize>() : profile.resume_free,
        site.resume_free);
    if (auto inodes = site.min_free_inodes ? site.min_free_inodes : profile.min_free_inodes)
        limits.min_free_inodes = static_cast<std::uint64_t>(*inodes);
    if (limits.resume_free >= limits.min_free) return;
    auto origin = r.input.site.origin.find("guards.resume_free");
    r.diagnostics.error(origin == r.input.site.origin.end() ? r.input.profile.pos : origin->second,
                        fmt::format("guards.resume_free is {}, less than guards.min_free of {}",
                                    to_string(limits.resume_free), to_string(limits.min_free)),
                        "leave resume_free out: it is half as much again");
}

void resolve_store(Resolving& r) {
    std::vector<std::string> known;
    for (const Component& component : r.input.catalog.components) known.push_back(component.name);
    for (const ServiceConf* conf : r.confs) {
        std::vector<std::string> names = conf->components;
        if (!conf->component.empty()) names.insert(names.begin(), conf->component);
        for (const std::string& name : names) {
            if (std::ranges::find(r.stack.store, name, &StoreEntry::component) !=
                r.stack.store.end())
                continue;
            const Component* component = find_component(r.input.catalog, name);
            if (!component) {
                r.diagnostics.error(
                    conf->pos,
                    fmt::format("component \"{}\" of {} is not in the catalog", name, conf->name),
                    did_you_mean(name, known));
                continue;
            }
            r.stack.store.push_back(make_store_entry(*component, r.input.catalog, r.stack.paths));
        }
    }
}

void resolve_secrets(Resolving& r) {
    const Site& site = r.input.site;
    std::vector<std::string> names;
    std::map<std::string, SourcePos> seen;
    std::set<std::string> known;
    for (const ServiceConf* conf : r.confs) {
        for (const SecretConf& secret : conf->secrets) {
            if (auto [it, fresh] = seen.emplace(secret.name, secret.pos); !fresh) {
                if (it->second == secret.pos) continue; // of a shared conf, by another service
                r.diagnostics.error(secret.pos,
                                    fmt::format("secret \"{}\" is there twice", secret.name),
                                    "the other is at " + place(it->second));
                continue;
            }
            StackSecret own{secret.name, r.stack.paths.etc + "/secrets/" + secret.name,
                            secret.generate, secret.value};
            if (auto it = site.secret_files.find(secret.name); it != site.secret_files.end())
                own = {secret.name, it->second, 0, ""};
            r.stack.secrets.push_back(std::move(own));
            names.push_back(secret.name);
        }
    }
    // One that is left out has its secrets still, for the day it is configured.
    for (const AssembledService& member : r.members)
        for (const SecretConf& secret : member.conf.secrets) known.insert(secret.name);
    for (const auto& [name, pos] : site.secret_pos)
        if (!known.contains(name))
            r.diagnostics.error(
                pos, fmt::format("unknown secret \"{}\"", name),
                did_you_mean(name, names,
                             fmt::format("profile \"{}\" has none of that name", r.stack.profile)));
    for (const ServiceConf* conf : r.confs)
        for (const std::string& name : conf->credentials)
            if (!seen.contains(name))
                r.diagnostics.error(
                    conf->pos,
                    fmt::format("credential \"{}\" of {} is no secret of this profile", name,
                                conf->name),
                    did_you_mean(name, names));
}

void resolve_needs(Resolving& r) {
    std::vector<std::string> known;
    for (const StackService& service : r.stack.services) known.push_back(service.name);
    for (std::size_t i = 0; i < r.confs.size(); ++i) {
        for (const NeedConf& need : r.confs[i]->needs) {
            auto target = std::ranges::find(r.stack.services, need.on, &StackService::name);
            auto optional = std::ranges::find_if(r.members, [&](const AssembledService& member) {
                return member.conf.name == need.on && !member.conf.configured_by.empty();
            });
            if (optional != r.members.end()) {
                r.diagnostics.error(
                    need.pos,
                    fmt::format("{} needs \"{}\", which is left out where it is not configured",
                                r.confs[i]->name, need.on),
                    "nothing may need a service that has configured_by");
                continue;
            }
            if (target == r.stack.services.end()) {
                r.diagnostics.error(
                    need.pos,
                    fmt::format("{} needs \"{}\", which is not in profile \"{}\"", r.confs[i]->name,
                                need.on, r.stack.profile),
                    did_you_mean(need.on, known,
                                 fmt::format("add \"{}\" to the profile's services", need.on)));
                continue;
            }
            auto type = parse_edge_type(need.type).value_or(EdgeType::reconnects);
            for (const std::string& unit : unit_names(*target))
                r.stack.services[i].needs.push_back({unit, type});
        }
    }
}

// std::regex throws on a bad expression; lakebedd must never meet one.
void check_fatal_rule(const FatalRule& rule, const SourcePos& pos, Diagnostics& diagnostics) {
    try {
        std::regex compiled(rule.log_regex);
    } catch (const std::regex_error& error) {
        diagnostics.error(pos, fmt::format("fatal.log \"{}\" is no regular expression: {}",
                                           rule.log_regex, error.what()));
    }
}

void resolve_rules(Resolving& r) {
    for (std::size_t i = 0; i < r.confs.size(); ++i) {
        const ServiceConf& conf = *r.confs[i];
        StackService& service = r.stack.services[i];
        if (conf.restart)
            service.restart = read_restart_policy(*conf.restart, "restart", r.diagnostics);
        for (const Value& value : conf.fatal) {
            service.fatal.push_back(read_fatal_rule(value, "fatal", r.diagnostics));
            check_fatal_rule(service.fatal.back(), value.pos, r.diagnostics);
        }
    }
}

} // namespace

std::string place(const SourcePos& pos) {
    return fmt::format("{}:{}", pos.file, pos.line);
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known,
                         std::string otherwise) {
    auto near = closest(word, known);
    return near ? fmt::format("did you mean \"{}\"?", *near) : std::move(otherwise);
}

const SiteService& site_service(const Resolving& r, const std::string& name) {
    static const SiteService kNone;
    auto it = std::ranges::find(r.members, name,
                                [](const AssembledService& member) { return member.conf.name; });
    return it == r.members.end() ? kNone : it->site;
}

std::string listen_address(const Resolving& r, const std::string& service) {
    return site_service(r, service).listen.value_or(r.input.site.listen);
}

Stack resolve(const ResolveInput& input, Diagnostics& diagnostics) {
    Stack stack;
    stack.site = input.site.name;
    stack.site_id = input.facts.site_id;
    stack.profile = input.profile.name;
    stack.listen = input.site.listen;
    stack.paths = input.paths;
    stack.ram = input.facts.ram;
    if (input.facts.architecture != "x86_64")
        diagnostics.error(
            {}, fmt::format("this machine is {}, but the catalog has programs for x86_64 only",
                            input.facts.architecture));
    if (!is_loopback(stack.listen) && input.site.allow_from.empty()) {
        auto pos = input.site.origin.find("listen");
        diagnostics.warning(
            pos == input.site.origin.end() ? SourcePos{} : pos->second,
            "services that cannot bind to one address stay closed to other machines",
            "name those that may reach them: allow_from = [\"10.0.0.0/8\"]");
    }
    Resolving r{input, stack, diagnostics, {}, {}};
    choose_services(r);
    check_site_services(r);
    resolve_ports(r);
    resolve_memory(r);
    resolve_data(r);
    resolve_guards(r);
    resolve_brought_files(r);
    resolve_store(r);
    resolve_secrets(r);
    resolve_needs(r);
    resolve_rules(r);
    resolve_contents(r);
    return stack;
}

} // namespace lakebed
