#include "input/site.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/suggest.h"
#include "input/profile.h"
#include "input/shapes.h"

namespace lakebed {
namespace {

void record_origin(const Table& table, const std::string& prefix,
                   std::map<std::string, SourcePos>& origin) {
    for (const Member& member : table) {
        std::string name = prefix.empty() ? member.key : prefix + "." + member.key;
        if (const Table* inner = member.value.table())
            record_origin(*inner, name, origin);
        else
            origin[name] = member.value.pos;
    }
}

void read_listen(TableReader& reader, std::string_view key, const std::string& address) {
    if (is_address(address)) return;
    reader.error(
        key,
        fmt::format("{} is \"{}\", expected an IPv4 or IPv6 address", reader.name(key), address),
        address == "localhost"
            ? "write \"127.0.0.1\""
            : "\"127.0.0.1\" for this machine only, \"0.0.0.0\" for every interface");
}

void read_path(TableReader& reader, std::string_view key, std::string& path) {
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    if (is_plain_path(path)) return;
    reader.error(key,
                 fmt::format("{} is \"{}\", expected an absolute path", reader.name(key), path),
                 "letters, digits and / . _ + - only, without .. in it");
}

std::optional<int> read_instances(TableReader& reader) {
    auto count = reader.integer("instances");
    if (!count) return {};
    if (*count >= 1 && *count <= kMaxInstances) return static_cast<int>(*count);
    reader.error("instances", fmt::format("{} must be within 1 and {}", reader.name("instances"),
                                          kMaxInstances));
    return {};
}

Sizing read_sizing(TableReader& reader) {
    static const std::vector<std::string> kNames = {"auto", "small", "standard"};
    auto text = reader.string("sizing");
    if (!text) return Sizing::automatic;
    auto it = std::ranges::find(kNames, *text);
    if (it != kNames.end()) return static_cast<Sizing>(it - kNames.begin());
    auto near = closest(*text, kNames);
    reader.error("sizing", fmt::format("unknown sizing \"{}\"", *text),
                 near ? fmt::format("did you mean \"{}\"?", *near)
                      : "one of auto, small, standard");
    return Sizing::automatic;
}

SiteService read_site_service(const Value& value, const std::string& path,
                              Diagnostics& diagnostics) {
    SiteService service;
    service.pos = value.pos;
    TableReader reader(value, path, diagnostics);
    if (!value.table()) return service;
    service.memory = read_size(reader, "memory");
    service.data_dir = reader.string("data_dir");
    if (service.data_dir) read_path(reader, "data_dir", *service.data_dir);
    service.listen = reader.string("listen");
    if (service.listen) read_listen(reader, "listen", *service.listen);
    service.instances = read_instances(reader);
    if (const Value* settings = reader.table("settings")) service.settings = *settings->table();
    for (const Member& member : *value.table()) {
        if (member.key == "memory" || member.key == "data_dir" || member.key == "listen" ||
            member.key == "instances" || member.key == "settings")
            continue;
        if (member.key == "port" || member.key.ends_with("_port")) {
            const auto* number = std::get_if<std::int64_t>(&member.value.data);
            if (!number || *number < 1 || *number > 65535)
                reader.error(member.key, fmt::format("{} must be an integer from 1 to 65535",
                                                     reader.name(member.key)));
            else
                service.ports[member.key] = {static_cast<int>(*number), member.value.pos};
            continue;
        }
        // Whether the service has such a variable is resolve()'s to say: it knows the profile.
        service.variables.push_back(member);
    }
    return service;
}

void read_secrets(const Value& value, Site& site, Diagnostics& diagnostics) {
    for (const Member& member : *value.table()) {
        if (!member.value.table()) {
            // The value is not repeated: it may well be the secret itself.
            diagnostics.error(
                member.value.pos,
                fmt::format("secrets.{} is {}; a secret does not stand in this file", member.key,
                            type_name(member.value)),
                fmt::format("put it into a file of its own: {} = {{ file = \"/path\" }}",
                            member.key));
            continue;
        }
        TableReader reader(member.value, "secrets." + member.key, diagnostics);
        std::string path = reader.require_string("file");
        if (!path.empty()) read_path(reader, "file", path);
        site.secret_files[member.key] = path;
        site.secret_pos[member.key] = member.key_pos;
        reader.finish();
    }
}

bool is_own_key(std::string_view key) {
    static constexpr std::string_view kOwn[] = {"name",       "profile", "sizing",  "listen",
                                                "data_dir",   "memory",  "secrets", "service",
                                                "allow_from", "guards"};
    return std::ranges::find(kOwn, key) != std::end(kOwn);
}

// The first key that two tables of one file both set.
const Member* set_twice(const Table& one, const Table& other) {
    for (const Member& member : other) {
        const Value* present = find(one, member.key);
        if (!present) continue;
        if (!present->table() || !member.value.table()) return &member;
        if (const Member* inner = set_twice(*present->table(), *member.value.table())) return inner;
    }
    return nullptr;
}

} // namespace

void expand_shorthand(Table& root, Diagnostics& diagnostics) {
    Table services, rest;
    for (Member& member : root) {
        bool of_service = member.value.table() && !is_own_key(member.key);
        (of_service ? services : rest).push_back(std::move(member));
    }
    root = std::move(rest);
    if (services.empty()) return;
    if (!find(root, "service")) set(root, "service", Table{});
    Table* written_out = find(root, "service")->table();
    if (!written_out) return; // of another type: read_site() says so
    for (Member& member : services) {
        const Value* both = find(*written_out, member.key);
        const Member* twice =
            both && both->table() ? set_twice(*both->table(), *member.value.table()) : nullptr;
        if (twice)
            diagnostics.error(twice->key_pos,
                              fmt::format("{} is set twice: in [{}] and in [service.{}]",
                                          twice->key, member.key, member.key),
                              "keep one of them: both name the same service");
        merge(*written_out, {std::move(member)});
    }
}

Site read_site(const std::vector<SiteFile>& files, Diagnostics& diagnostics) {
    Value root{Table{}};
    std::set<std::string> shorthand;
    for (const SiteFile& file : files) {
        Value layer = parse_toml(file.text, file.file, diagnostics);
        for (const Member& member : *layer.table())
            if (member.value.table() && !is_own_key(member.key)) shorthand.insert(member.key);
        expand_shorthand(*layer.table(), diagnostics);
        merge(*root.table(), *layer.table());
        root.pos = layer.pos;
    }

    Site site;
    record_origin(*root.table(), "", site.origin);
    TableReader reader(root, "", diagnostics);
    site.name = reader.string("name").value_or(site.name);
    if (!is_name(site.name) || site.name.size() > 63)
        reader.error("name",
                     fmt::format("name is \"{}\", expected lower-case letters, digits and . _ + -, "
                                 "at most 63",
                                 site.name));
    site.profile = reader.string("profile").value_or(site.profile);
    site.sizing = read_sizing(reader);
    site.listen = reader.string("listen").value_or(site.listen);
    read_listen(reader, "listen", site.listen);
    site.data_dir = reader.string("data_dir").value_or(site.data_dir);
    read_path(reader, "data_dir", site.data_dir);
    site.memory = read_size(reader, "memory");
    site.allow_from = reader.strings("allow_from");
    for (const std::string& range : site.allow_from)
        if (!is_cidr(range))
            reader.error("allow_from",
                         fmt::format("\"{}\" in allow_from is no address range", range),
                         "write it like \"10.0.0.0/8\" or \"2001:db8::/32\"");
    if (const Value* guards = reader.table("guards"))
        site.guards = read_guard_conf(*guards, diagnostics);
    if (const Value* secrets = reader.table("secrets")) read_secrets(*secrets, site, diagnostics);
    if (const Value* services = reader.table("service"))
        for (const Member& member : *services->table()) {
            SiteService& service = site.services[member.key];
            service = read_site_service(member.value, "service." + member.key, diagnostics);
            service.shorthand = shorthand.contains(member.key);
        }
    reader.finish();
    return site;
}

} // namespace lakebed
