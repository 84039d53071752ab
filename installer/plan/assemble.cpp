#include "plan/assemble.h"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "input/conf_layers.h"
#include "plan/resolving.h"

namespace lakebed {
namespace {

using Holds = std::function<bool(const std::string& condition)>;

const ServiceConf* find_conf(const std::vector<ServiceConf>& confs, const std::string& name) {
    auto it = std::ranges::find(confs, name, &ServiceConf::name);
    return it == confs.end() ? nullptr : &*it;
}

// Shared confs that `conf` includes, in its order; those that are not there are left out.
std::vector<const ServiceConf*> included(const ServiceConf& conf,
                                         const std::vector<ServiceConf>& confs) {
    std::vector<const ServiceConf*> found;
    for (const IncludeConf& include : conf.include)
        if (const ServiceConf* shared = find_conf(confs, include.name); shared && shared->shared)
            found.push_back(shared);
    return found;
}

// Names and default values of all variables of a conf, those it includes below its own.
Table all_variables(const ServiceConf& conf, const std::vector<ServiceConf>& confs) {
    Table variables;
    for (const ServiceConf* shared : included(conf, confs)) merge(variables, shared->variables);
    merge(variables, conf.variables);
    return variables;
}

void check_include(const ServiceConf& conf, const std::vector<ServiceConf>& confs,
                   Diagnostics& diagnostics) {
    std::vector<std::string> known;
    for (const ServiceConf& other : confs)
        if (other.shared) known.push_back(other.name);
    for (const IncludeConf& include : conf.include) {
        const ServiceConf* found = find_conf(confs, include.name);
        if (found && found->shared) continue;
        diagnostics.error(
            include.pos,
            found ? fmt::format("{} includes \"{}\", which is a service of its own", conf.name,
                                include.name)
                  : fmt::format("{} includes \"{}\", which is no shared conf", conf.name,
                                include.name),
            did_you_mean(include.name, known, "shared confs are the files of conf/ with [shared]"));
    }
}

void check_when(const ServiceConf& conf, const Table& variables, Diagnostics& diagnostics) {
    std::vector<std::string> names, conditions = {"small", "standard", "fenced"};
    for (const Member& variable : variables) names.push_back(variable.key);
    conditions.insert(conditions.end(), names.begin(), names.end());
    for (const WhenConf& when : conf.when) {
        if (std::ranges::find(conditions, when.condition) == conditions.end())
            diagnostics.error(
                when.pos, fmt::format("unknown condition \"{}\" of {}", when.condition, conf.name),
                did_you_mean(when.condition, conditions,
                             "one of small, standard, fenced, or a variable of the conf"));
        const Value* over = find(*when.over.table(), "variables");
        for (const Member& variable : over && over->table() ? *over->table() : Table()) {
            const Value* otherwise = find(variables, variable.key);
            if (!otherwise)
                diagnostics.error(variable.key_pos,
                                  fmt::format("when.{} sets \"{}\", which is no variable of {}",
                                              when.condition, variable.key, conf.name),
                                  did_you_mean(variable.key, names, "add it to [variables]"));
            else if (otherwise->data.index() != variable.value.data.index())
                diagnostics.error(variable.value.pos,
                                  fmt::format("when.{}.variables.{} is {}, expected {}",
                                              when.condition, variable.key,
                                              type_name(variable.value), type_name(*otherwise)));
        }
    }
}

void check_confs(const std::vector<ServiceConf>& confs, Diagnostics& diagnostics) {
    std::vector<std::string> seen;
    for (const ServiceConf& conf : confs) {
        if (std::ranges::find(seen, conf.name) != seen.end())
            diagnostics.error(conf.pos,
                              fmt::format("service \"{}\" is described twice", conf.name));
        seen.push_back(conf.name);
        check_include(conf, confs, diagnostics);
        Table variables = all_variables(conf, confs);
        check_when(conf, variables, diagnostics);
        std::vector<std::string> names;
        for (const Member& variable : variables) names.push_back(variable.key);
        for (const std::string& name : conf.configured_by)
            if (!find(variables, name))
                diagnostics.error(conf.pos,
                                  fmt::format("service.configured_by names \"{}\", which is no "
                                              "variable of {}",
                                              name, conf.name),
                                  did_you_mean(name, names, "add it to [variables]"));
    }
}

void lay_site_over(SiteService& under, const SiteService& over) {
    if (over.listen) under.listen = over.listen;
    merge(under.settings, over.settings);
    merge(under.variables, over.variables);
}

SiteService site_of(const ServiceConf& conf, const std::vector<const ServiceConf*>& shared,
                    const Site& site) {
    SiteService result;
    for (const ServiceConf* one : shared)
        if (auto it = site.services.find(one->name); it != site.services.end())
            lay_site_over(result, it->second);
    if (auto it = site.services.find(conf.name); it != site.services.end()) {
        SiteService own = it->second;
        lay_site_over(result, own);
        own.listen = result.listen;
        own.settings = std::move(result.settings);
        own.variables = std::move(result.variables);
        return own;
    }
    return result;
}

Value source_with(const ServiceConf& conf, const Holds& holds) {
    Value root = conf.source;
    for (const WhenConf& when : conf.when)
        if (holds(when.condition)) lay_over(*root.table(), *when.over.table());
    return root;
}

Value combine(const ServiceConf& conf, const std::vector<const ServiceConf*>& shared,
              const Holds& holds) {
    Value root = source_with(conf, holds);
    for (auto it = shared.rbegin(); it != shared.rend(); ++it)
        include_shared(*root.table(), *source_with(**it, holds).table());
    return root;
}

// What each variable comes to, as far as other variables of the conf say.
Table final_variables(const Value& root, const SiteService& site) {
    Table values;
    const Value* variables = find(*root.table(), "variables");
    for (const Member& variable : variables && variables->table() ? *variables->table() : Table()) {
        const Value* chosen = find(site.variables, variable.key);
        Value value = chosen ? *chosen
                             : interpolate_value(
                                   variable.value,
                                   [&](std::string_view name) -> std::optional<Value> {
                                       const Value* other = find(values, name);
                                       if (!other) return {};
                                       return *other;
                                   },
                                   [](std::string_view, const SourcePos&) {});
        set(values, variable.key, std::move(value));
    }
    return values;
}

bool is_set(const Table& variables, const std::string& name) {
    const Value* value = find(variables, name);
    if (!value) return false;
    if (const bool* flag = std::get_if<bool>(&value->data)) return *flag;
    if (const std::string* text = value->string()) return !text->empty();
    const Array* items = value->array();
    return !items || !items->empty();
}

AssembledService assemble(const ServiceConf& conf, const std::vector<ServiceConf>& confs,
                          const Site& site, const Conditions& conditions,
                          Diagnostics& diagnostics) {
    auto shared = included(conf, confs);
    AssembledService service{conf, site_of(conf, shared, site), {}, {}};
    for (const ServiceConf* one : shared) service.shared.push_back(one->name);
    auto by_host = [&](const std::string& condition) {
        return condition == "fenced"
                   ? conditions.fenced
                   : is_host_condition(condition) && (condition == "small") == conditions.small;
    };
    Table variables = final_variables(combine(conf, shared, by_host), service.site);
    bool layered = !shared.empty() || !conf.when.empty();
    if (layered) {
        Value root = combine(conf, shared, [&](const std::string& condition) {
            return is_host_condition(condition) ? by_host(condition) : is_set(variables, condition);
        });
        Diagnostics found;
        service.conf = read_service_tables(root, found);
        add_new(diagnostics, found);
    }
    for (const std::string& name : conf.configured_by)
        if (!is_set(variables, name)) service.unset.push_back(name);
    return service;
}

} // namespace

bool is_small(const Site& site, ByteSize ram) {
    if (site.sizing != Sizing::automatic) return site.sizing == Sizing::small;
    return ram.bytes < std::uint64_t{12} << 30;
}

std::vector<AssembledService> assemble_profile(const Profile& profile,
                                               const std::vector<ServiceConf>& confs,
                                               const Site& site, const Conditions& conditions,
                                               Diagnostics& diagnostics) {
    check_confs(confs, diagnostics);
    std::vector<std::string> known;
    for (const ServiceConf& conf : confs)
        if (!conf.shared) known.push_back(conf.name);
    std::vector<AssembledService> services;
    for (std::size_t i = 0; i < profile.services.size(); ++i) {
        const std::string& name = profile.services[i];
        SourcePos pos = i < profile.service_pos.size() ? profile.service_pos[i] : profile.pos;
        const ServiceConf* conf = find_conf(confs, name);
        if (conf && !conf->shared)
            services.push_back(assemble(*conf, confs, site, conditions, diagnostics));
        else if (conf)
            diagnostics.error(pos, fmt::format("\"{}\" is a shared conf and no service", name),
                              "name the services that include it");
        else
            diagnostics.error(pos, fmt::format("unknown service \"{}\"", name),
                              did_you_mean(name, known, "known are the files of conf/"));
    }
    return services;
}

} // namespace lakebed
