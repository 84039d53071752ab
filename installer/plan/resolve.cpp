// resolve(): which services, their ports, memory, data, secrets and needs.
#include <algorithm>
#include <regex>

#include <fmt/format.h>

#include "base/suggest.h"
#include "input/shapes.h"
#include "plan/memory.h"
#include "plan/resolving.h"
#include "plan/store_entry.h"

namespace lakebed {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

void choose_services(Resolving& r) {
    std::vector<std::string> known;
    for (const ServiceConf& conf : r.input.confs) {
        if (std::ranges::find(known, conf.name) != known.end())
            r.diagnostics.error(conf.pos,
                                fmt::format("service \"{}\" is described twice", conf.name));
        known.push_back(conf.name);
    }
    const Profile& profile = r.input.profile;
    for (std::size_t i = 0; i < profile.services.size(); ++i) {
        const std::string& name = profile.services[i];
        auto conf = std::ranges::find(r.input.confs, name, &ServiceConf::name);
        if (conf == r.input.confs.end()) {
            SourcePos pos = i < profile.service_pos.size() ? profile.service_pos[i] : profile.pos;
            r.diagnostics.error(pos, fmt::format("unknown service \"{}\"", name),
                                did_you_mean(name, known, "known are the files of conf/"));
            continue;
        }
        StackService service;
        service.name = conf->name;
        service.title = conf->title;
        service.kind = conf->kind == ServiceKind::job ? NodeKind::job : NodeKind::service;
        service.unit = "lakebed-" + conf->name + ".service";
        service.unit_template = conf->unit;
        service.user = conf->user;
        service.jvm = conf->jvm;
        service.credentials = conf->credentials;
        service.start_timeout = parse_duration(conf->start_timeout).value_or(service.start_timeout);
        if (!conf->component.empty()) service.components.push_back(conf->component);
        for (const std::string& component : conf->components)
            service.components.push_back(component);
        r.stack.services.push_back(std::move(service));
        r.confs.push_back(&*conf);
    }
}

void check_site_services(Resolving& r) {
    for (const auto& [name, site] : r.input.site.services) {
        auto conf = std::ranges::find(r.confs, name, [](const ServiceConf* c) { return c->name; });
        if (conf == r.confs.end()) {
            std::vector<std::string> known;
            for (const ServiceConf* c : r.confs) known.push_back(c->name);
            r.diagnostics.error(site.pos,
                                fmt::format("[service.{}]: profile \"{}\" has no such service",
                                            name, r.stack.profile),
                                did_you_mean(name, known));
            continue;
        }
        const ServiceConf& own = **conf;
        std::vector<std::string> keys = {"listen"};
        if (own.memory) keys.emplace_back("memory");
        if (own.data) keys.emplace_back("data_dir");
        if (std::ranges::any_of(own.files, &FileConf::settings)) keys.emplace_back("settings");
        for (const PortConf& port : own.ports) keys.push_back(port.key);
        for (const Member& variable : own.variables) keys.push_back(variable.key);
        auto has = [&](std::string_view key) { return std::ranges::find(keys, key) != keys.end(); };
        auto unknown = [&](std::string_view key, const SourcePos& pos) {
            r.diagnostics.error(
                pos, fmt::format("unknown key service.{}.{}", name, key),
                did_you_mean(key, keys,
                             fmt::format("keys of {}: {}", name, fmt::join(keys, ", "))));
        };
        for (const auto& [key, port] : site.ports)
            if (!has(key)) unknown(key, port.second);
        auto origin = [&](const char* key) {
            auto it = r.input.site.origin.find(fmt::format("service.{}.{}", name, key));
            return it == r.input.site.origin.end() ? site.pos : it->second;
        };
        if (site.memory && !has("memory")) unknown("memory", origin("memory"));
        if (site.data_dir && !has("data_dir")) unknown("data_dir", origin("data_dir"));
        if (!site.settings.empty() && !has("settings"))
            unknown("settings", site.settings.front().key_pos);
        for (const Member& variable : site.variables) {
            const Value* otherwise = find(own.variables, variable.key);
            if (!otherwise)
                unknown(variable.key, variable.key_pos);
            else if (otherwise->data.index() != variable.value.data.index())
                r.diagnostics.error(variable.value.pos,
                                    fmt::format("service.{}.{} is {}, expected {}", name,
                                                variable.key, type_name(variable.value),
                                                type_name(*otherwise)));
            else if (const std::string* text = variable.value.string();
                     text && std::ranges::any_of(
                                 *text, [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
                r.diagnostics.error(
                    variable.value.pos,
                    fmt::format("service.{}.{} has a line break or control character", name,
                                variable.key));
        }
    }
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

void resolve_memory(Resolving& r) {
    const Site& site = r.input.site;
    std::uint64_t budget = site.memory ? site.memory->bytes : r.input.facts.ram.bytes / 4 * 3;
    r.stack.memory_budget = {budget / kMiB * kMiB};
    SourcePos pos;
    if (auto it = site.origin.find("memory"); it != site.origin.end()) pos = it->second;
    if (site.memory && *site.memory > r.input.facts.ram)
        r.diagnostics.warning(pos,
                              fmt::format("memory is {}, more than this machine's {}",
                                          to_string(*site.memory), to_string(r.input.facts.ram)));
    std::vector<MemoryClaim> claims;
    std::vector<StackService*> owners;
    for (std::size_t i = 0; i < r.confs.size(); ++i) {
        const ServiceConf& conf = *r.confs[i];
        if (!conf.memory) continue;
        MemoryClaim claim{conf.name, conf.memory->share, conf.memory->min, conf.memory->max, {}};
        claim.fixed = site_service(r, conf.name).memory;
        if (claim.fixed && *claim.fixed < claim.min) {
            r.diagnostics.error(
                site.origin.at(fmt::format("service.{}.memory", conf.name)),
                fmt::format("service.{}.memory is {}, but {} does not run with less than {}",
                            conf.name, to_string(*claim.fixed), conf.title, to_string(claim.min)));
            claim.fixed = claim.min;
        }
        claims.push_back(std::move(claim));
        owners.push_back(&r.stack.services[i]);
    }
    auto sizes = share_memory(claims, r.stack.memory_budget);
    if (!sizes) {
        r.diagnostics.error(pos, sizes.error().message, sizes.error().hint);
        return;
    }
    for (std::size_t i = 0; i < owners.size(); ++i) owners[i]->memory = (*sizes)[i];
}

void resolve_data(Resolving& r) {
    std::string base = r.input.site.data_dir;
    if (!r.input.site.origin.contains("data_dir")) base = r.stack.paths.state + "/data";
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
    for (const ServiceConf* conf : r.confs) {
        for (const SecretConf& secret : conf->secrets) {
            if (auto [it, fresh] = seen.emplace(secret.name, secret.pos); !fresh) {
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
    for (const auto& [name, pos] : site.secret_pos)
        if (!seen.contains(name))
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
            r.stack.services[i].needs.push_back({target->unit, type});
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
    auto it = r.input.site.services.find(name);
    return it == r.input.site.services.end() ? kNone : it->second;
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
    Resolving r{input, stack, diagnostics, {}};
    choose_services(r);
    check_site_services(r);
    resolve_ports(r);
    resolve_memory(r);
    resolve_data(r);
    resolve_store(r);
    resolve_secrets(r);
    resolve_needs(r);
    resolve_rules(r);
    resolve_contents(r);
    return stack;
}

} // namespace lakebed
