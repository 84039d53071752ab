// check_site_services(): what the site says about services, against what they know.
#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "input/shapes.h"
#include "plan/resolving.h"

namespace lakebed {
namespace {

// What [service.NAME] may say.
struct Known {
    std::vector<std::string> keys;
    Table variables;
};

Known known_of(const ServiceConf& conf) {
    Known known{{"listen"}, conf.variables};
    if (conf.instances) known.keys.emplace_back("instances");
    if (conf.memory) known.keys.emplace_back("memory");
    if (conf.data) known.keys.emplace_back("data_dir");
    if (std::ranges::any_of(conf.files, &FileConf::settings)) known.keys.emplace_back("settings");
    for (const PortConf& port : conf.ports) known.keys.push_back(port.key);
    for (const Member& variable : conf.variables) known.keys.push_back(variable.key);
    return known;
}

bool has_control_character(const std::string& text) {
    return std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

class Check {
  public:
    Check(Resolving& r, const std::string& name, const SiteService& site, Known known)
        : r_(r), name_(name), site_(site), known_(std::move(known)) {}

    void run() {
        for (const auto& [key, port] : site_.ports)
            if (!has(key)) unknown(key, port.second);
        for (const char* key : {"memory", "data_dir", "instances"}) {
            auto origin = r_.input.site.origin.find(fmt::format("service.{}.{}", name_, key));
            if (origin != r_.input.site.origin.end() && !has(key)) unknown(key, origin->second);
        }
        if (!site_.settings.empty() && !has("settings"))
            unknown("settings", site_.settings.front().key_pos);
        for (const Member& variable : site_.variables) check(variable);
    }

  private:
    [[nodiscard]] bool has(std::string_view key) const {
        return std::ranges::find(known_.keys, key) != known_.keys.end();
    }

    void unknown(std::string_view key, const SourcePos& pos) {
        r_.diagnostics.error(
            pos, fmt::format("unknown key service.{}.{}", name_, key),
            did_you_mean(key, known_.keys,
                         fmt::format("keys of {}: {}", name_, fmt::join(known_.keys, ", "))));
    }

    void error(const Value& value, const std::string& key, const std::string& what,
               std::string hint = {}) {
        r_.diagnostics.error(value.pos, fmt::format("service.{}.{} {}", name_, key, what),
                             std::move(hint));
    }

    void check(const Member& variable) {
        const std::string& key = variable.key;
        const Value& value = variable.value;
        const Value* otherwise = find(known_.variables, key);
        if (!otherwise) {
            unknown(key, variable.key_pos);
            return;
        }
        if (otherwise->data.index() != value.data.index()) {
            error(value, key,
                  fmt::format("is {}, expected {}", type_name(value), type_name(*otherwise)));
            return;
        }
        const Array* items = value.array();
        for (const Value& item : items ? *items : Array()) {
            if (!item.string())
                error(item, key, fmt::format("holds {}, expected strings", type_name(item)));
            else if (has_control_character(*item.string()))
                error(item, key, "has a line break or control character");
        }
        const std::string* text = value.string();
        if (!text) return;
        if (has_control_character(*text))
            error(value, key, "has a line break or control character");
        else if (names_file(key) && !text->empty() && !is_plain_path(*text))
            error(value, key, fmt::format("is \"{}\", expected an absolute path", *text),
                  "letters, digits and / . _ + - only, without .. in it");
    }

    Resolving& r_;
    const std::string& name_;
    const SiteService& site_;
    Known known_;
};

// The conf that [service.NAME] is about: a service of the profile, or one that such include.
const ServiceConf* conf_of(const Resolving& r, const std::string& name) {
    for (const AssembledService& member : r.members)
        if (member.conf.name == name) return &member.conf;
    for (const AssembledService& member : r.members)
        if (std::ranges::find(member.shared, name) != member.shared.end())
            return &*std::ranges::find(r.input.confs, name, &ServiceConf::name);
    return nullptr;
}

} // namespace

bool names_file(std::string_view variable) {
    return variable == "jar" || variable.ends_with("_file");
}

void check_site_services(Resolving& r) {
    std::set<std::string> names;
    for (const AssembledService& member : r.members) {
        names.insert(member.conf.name);
        names.insert(member.shared.begin(), member.shared.end());
    }
    for (const auto& [name, site] : r.input.site.services) {
        if (const ServiceConf* conf = conf_of(r, name)) {
            Check(r, name, site, known_of(*conf)).run();
            continue;
        }
        std::vector<std::string> known(names.begin(), names.end());
        if (site.shorthand) known.insert(known.end(), {"secrets", "service"});
        r.diagnostics.error(site.pos,
                            fmt::format("[{}{}]: profile \"{}\" has no such service",
                                        site.shorthand ? "" : "service.", name, r.stack.profile),
                            did_you_mean(name, known));
    }
}

} // namespace lakebed
