// Reader of profiles/conf/<service>.toml.
#include <algorithm>

#include <fmt/format.h>

#include "base/suggest.h"
#include "input/conf_layers.h"
#include "input/conf_reading.h"
#include "input/shapes.h"

namespace lakebed {
namespace {

template <class Item, class Name>
void check_unique(const std::vector<Item>& items, Name Item::*name, std::string_view what,
                  Diagnostics& diagnostics) {
    for (auto it = items.begin(); it != items.end(); ++it)
        if (std::find_if(items.begin(), it,
                         [&](const Item& o) { return o.*name == (*it).*name; }) != it)
            diagnostics.error(it->pos, fmt::format("{} \"{}\" is there twice", what, (*it).*name));
}

// What [service] and [shared] may both say.
void read_common_keys(TableReader& reader, ServiceConf& conf) {
    conf.pos = reader.pos();
    conf.name = read_name(reader, "name");
    conf.title = reader.string("title").value_or(conf.name);
    if (conf.title.find_first_of("\r\n") != std::string::npos)
        reader.error("title", reader.name("title") + " has more than one line");
    conf.component = reader.string("component").value_or("");
    conf.components = reader.strings("components");
    conf.jvm = reader.boolean("jvm").value_or(false);
    conf.credentials = reader.strings("credentials");
    for (const std::string& name : conf.credentials)
        if (std::ranges::count(conf.credentials, name) > 1) {
            reader.error("credentials", fmt::format("credential \"{}\" is there twice", name));
            break;
        }
}

void read_shared_table(const Value& value, ServiceConf& conf, Diagnostics& diagnostics) {
    TableReader reader(value, "shared", diagnostics);
    conf.shared = true;
    read_common_keys(reader, conf);
    reader.finish();
}

void read_instances(TableReader& reader, ServiceConf& conf) {
    auto count = reader.integer("instances");
    if (!count) return;
    conf.instances_pos = reader.pos("instances");
    conf.instances = static_cast<int>(std::clamp<std::int64_t>(*count, 1, kMaxInstances));
    if (*count < 1 || *count > kMaxInstances)
        reader.error("instances",
                     fmt::format("service.instances must be within 1 and {}", kMaxInstances));
    if (conf.kind == ServiceKind::job)
        reader.error("instances", "a job has no instances", "it runs once");
}

void read_service_table(const Value& value, ServiceConf& conf, Diagnostics& diagnostics) {
    TableReader reader(value, "service", diagnostics);
    read_common_keys(reader, conf);
    if (auto kind = reader.string("kind")) {
        if (*kind == "job")
            conf.kind = ServiceKind::job;
        else if (*kind != "service")
            reader.error("kind", fmt::format("unknown kind \"{}\"", *kind),
                         "\"service\" or \"job\"");
    }
    conf.user = reader.string("user").value_or("");
    if (!conf.user.empty() && !is_user_name(conf.user))
        reader.error("user", fmt::format("\"{}\" is no name for a system user", conf.user));
    if (conf.user.empty() && conf.kind == ServiceKind::service)
        reader.error("user", "service.user is missing", "only a job may run as root");
    conf.unit = reader.require_string("unit");
    if (!conf.unit.empty() && !is_file_name(conf.unit))
        reader.error("unit", fmt::format("service.unit is \"{}\", expected a file name in units/",
                                         conf.unit));
    conf.start_timeout = reader.string("start_timeout").value_or(conf.start_timeout);
    if (auto timeout = parse_duration(conf.start_timeout); !timeout || timeout->count() <= 0)
        reader.error("start_timeout",
                     fmt::format("service.start_timeout is \"{}\", expected a duration "
                                 "like \"90s\"",
                                 conf.start_timeout));
    read_instances(reader, conf);
    conf.ui = reader.string("ui").value_or("");
    conf.configured_by = reader.strings("configured_by");
    if (conf.kind == ServiceKind::job && !conf.configured_by.empty())
        reader.error("configured_by", "a job is not left out: others need what it does");
    conf.not_configured = reader.string("not_configured").value_or("");
    if (conf.not_configured.find_first_of("\r\n") != std::string::npos)
        reader.error("not_configured", "service.not_configured has more than one line");
    if (!conf.not_configured.empty() && conf.configured_by.empty())
        reader.error("not_configured",
                     "service.not_configured is said of a service that is always "
                     "configured",
                     "configured_by names the variables that it needs");
    (void)reader.any("include"); // read_include() has it; known here for suggestions
    reader.finish();
}

NeedConf read_need(const Value& value, Diagnostics& diagnostics) {
    TableReader reader(value, "need", diagnostics);
    NeedConf need;
    need.pos = value.pos;
    need.on = reader.require_string("on");
    need.type = reader.string("type").value_or("reconnects");
    static const std::vector<std::string> kTypes = {"reconnects", "session", "init"};
    if (std::ranges::find(kTypes, need.type) == kTypes.end()) {
        auto near = closest(need.type, kTypes);
        reader.error("type", fmt::format("unknown type of need \"{}\"", need.type),
                     near ? fmt::format("did you mean \"{}\"?", *near)
                          : "one of reconnects, session, init");
        need.type = "reconnects";
    }
    reader.finish();
    return need;
}

void read_ports(const Value& value, ServiceConf& conf, Diagnostics& diagnostics) {
    for (const Member& member : *value.table()) {
        const auto* number = std::get_if<std::int64_t>(&member.value.data);
        if (member.key != "port" &&
            !(member.key.ends_with("_port") && is_variable_name(member.key)))
            diagnostics.error(member.key_pos,
                              fmt::format("\"{}\" is no key for a port", member.key),
                              "\"port\", or a name that ends in \"_port\"");
        else if (!number || *number < 1 || *number > 65535)
            diagnostics.error(
                member.value.pos,
                fmt::format("ports.{} must be an integer from 1 to 65535", member.key));
        else
            conf.ports.push_back({member.key, static_cast<int>(*number), member.value.pos});
    }
}

DataConf read_data(const Value& value, Diagnostics& diagnostics) {
    TableReader reader(value, "data", diagnostics);
    DataConf data;
    data.dir = reader.require_string("dir");
    if (!data.dir.empty() && (!is_relative_path(data.dir) || !is_plain_path("/" + data.dir)))
        reader.error(
            "dir", fmt::format("data.dir is \"{}\", expected a directory below the site's data_dir",
                               data.dir));
    data.mode = read_mode(reader, "mode").value_or(data.mode);
    data.min_free = read_size(reader, "min_free").value_or(ByteSize{});
    reader.finish();
    return data;
}

SecretConf read_secret(const Member& member, Diagnostics& diagnostics) {
    TableReader reader(member.value, "secrets." + member.key, diagnostics);
    SecretConf secret{member.key, 0, "", member.key_pos};
    if (!is_name(member.key))
        diagnostics.error(member.key_pos, fmt::format("\"{}\" is no name for a secret", member.key),
                          "lower-case letters, digits and . _ + -");
    if (auto length = reader.integer("generate")) {
        secret.generate = static_cast<int>(std::clamp<std::int64_t>(*length, 0, 4096));
        // 16 characters of 62 are 95 bits.
        if (*length < 16 || *length > 128)
            reader.error("generate",
                         fmt::format("{} must be within 16 and 128", reader.name("generate")));
    }
    secret.value = reader.string("value").value_or("");
    if ((secret.generate != 0) == !secret.value.empty())
        reader.error(
            "generate",
            fmt::format("secret \"{}\" needs exactly one of generate and value", secret.name));
    reader.finish();
    return secret;
}

FileConf read_file_conf(const Value& value, bool includes, Diagnostics& diagnostics) {
    static const std::vector<std::string> kFormats = {"text",  "toml",       "xml", "properties",
                                                      "redis", "postgresql", "yaml"};
    TableReader reader(value, "file", diagnostics);
    FileConf file;
    file.pos = value.pos;
    file.path = reader.require_string("path");
    if (!file.path.empty() && (!is_relative_path(file.path) || !is_plain_path("/" + file.path)))
        reader.error("path",
                     fmt::format("file.path is \"{}\", expected a path below the config directory",
                                 file.path));
    if (file.path == "probe.toml") reader.error("path", "probe.toml is written by lakebed itself");
    std::string format = reader.string("format").value_or("text");
    auto it = std::ranges::find(kFormats, format);
    if (it == kFormats.end()) {
        auto near = closest(format, kFormats);
        reader.error("format", fmt::format("unknown format \"{}\"", format),
                     near ? fmt::format("did you mean \"{}\"?", *near)
                          : "one of text, toml, xml, properties, redis, postgresql, yaml");
        it = kFormats.begin();
    }
    file.format = static_cast<FileFormat>(it - kFormats.begin());
    auto text = reader.string("text");
    file.text = text.value_or("");
    file.text_pos = reader.pos("text");
    if (const Value* values = reader.table("values")) file.values = *values->table();
    file.settings = reader.boolean("settings").value_or(false);
    bool open = includes && !find(*value.table(), "format"); // those it includes may say it
    if (!open && file.format == FileFormat::text && (!file.values.empty() || file.settings))
        reader.error("format", "a file of format text has no values and settings",
                     "put its content into text");
    if (file.format != FileFormat::text && text)
        reader.error("text", fmt::format("a file of format {} has values, not text", format));
    reader.finish();
    return file;
}

void check_variables(const ServiceConf& conf, Diagnostics& diagnostics) {
    static const std::vector<std::string> kReserved = {
        "site",      "site_id", "listen",   "connect",  "ip_allow", "libexec",     "name",
        "title",     "user",    "unit",     "config",   "runtime",  "data",        "home",
        "memory",    "heap",    "header",   "after",    "include",  "credentials", "secret",
        "instances", "cache",   "instance", "settings", "data_dir"};
    for (const Member& member : conf.variables) {
        bool is_port = member.key == "port" || member.key.ends_with("_port");
        if (!is_variable_name(member.key))
            diagnostics.error(member.key_pos,
                              fmt::format("\"{}\" is no name for a variable", member.key),
                              "lower-case letters, digits and _");
        else if (is_port || std::ranges::find(kReserved, member.key) != kReserved.end())
            diagnostics.error(
                member.key_pos,
                fmt::format("variable \"{}\" has a name that lakebed uses itself", member.key),
                is_port ? "ports stand in [ports]" : "take another name");
        if (member.value.table())
            diagnostics.error(
                member.value.pos,
                fmt::format("variable \"{}\" is {}, expected a plain value or an array of strings",
                            member.key, type_name(member.value)));
        const Array* items = member.value.array();
        for (const Value& item : items ? *items : Array())
            if (!item.string())
                diagnostics.error(item.pos,
                                  fmt::format("variable \"{}\" holds {}, expected strings",
                                              member.key, type_name(item)));
    }
}

void read_include(const Value& root, ServiceConf& conf, Diagnostics& diagnostics) {
    const Value* service = find(*root.table(), "service");
    const Value* include =
        service && service->table() ? find(*service->table(), "include") : nullptr;
    if (!include) return;
    if (!include->array()) {
        diagnostics.error(include->pos, fmt::format("service.include is {}, expected an array of "
                                                    "strings",
                                                    type_name(*include)));
        return;
    }
    for (const Value& item : *include->array()) {
        if (const std::string* name = item.string())
            conf.include.push_back({*name, item.pos});
        else
            diagnostics.error(item.pos, fmt::format("service.include holds {}, expected a string",
                                                    type_name(item)));
    }
}

// The tables without what is decided once the site is known.
Value source_of(Value root) {
    std::erase_if(*root.table(), [](const Member& member) { return member.key == "when"; });
    Value* service = find(*root.table(), "service");
    if (service && service->table())
        std::erase_if(*service->table(),
                      [](const Member& member) { return member.key == "include"; });
    return root;
}

void read_services_tables(TableReader& reader, ServiceConf& conf, Diagnostics& diagnostics) {
    if (const Value* ports = reader.table("ports")) read_ports(*ports, conf, diagnostics);
    if (const Value* memory = reader.table("memory"))
        conf.memory = read_memory(*memory, diagnostics);
    if (const Value* data = reader.table("data")) conf.data = read_data(*data, diagnostics);
    if (const Value* probe = reader.table("probe")) conf.probe = *probe;
    if (const Value* liveness = reader.table("liveness")) conf.liveness = *liveness;
    if (const Value* restart = reader.table("restart")) conf.restart = *restart;
    for (const Value* step : reader.tables("verify")) conf.verify.push_back(*step);
}

} // namespace

ServiceConf read_conf_tables(const Value& root, bool includes, Diagnostics& diagnostics) {
    ServiceConf conf;
    conf.pos = root.pos;
    conf.source = root;
    TableReader reader(root, "", diagnostics);
    const Value* shared = reader.table("shared");
    const Value* service = reader.table("service");
    if (shared && service)
        diagnostics.error(shared->pos, "a file has [service] or [shared], not both",
                          "put what is shared into a file of its own");
    else if (shared)
        read_shared_table(*shared, conf, diagnostics);
    else if (service)
        read_service_table(*service, conf, diagnostics);
    else if (!find(*root.table(), "service"))
        reader.error("service", "[service] is missing");
    for (const Value* need : reader.tables("need"))
        conf.needs.push_back(read_need(*need, diagnostics));
    if (!conf.shared) read_services_tables(reader, conf, diagnostics);
    if (const Value* secrets = reader.table("secrets"))
        for (const Member& member : *secrets->table())
            conf.secrets.push_back(read_secret(member, diagnostics));
    for (const Value* item : reader.tables("file"))
        conf.files.push_back(read_file_conf(*item, includes, diagnostics));
    if (const Value* variables = reader.table("variables")) conf.variables = *variables->table();
    for (const Value* rule : reader.tables("fatal")) conf.fatal.push_back(*rule);
    (void)reader.any("when"); // as include
    reader.finish();

    check_variables(conf, diagnostics);
    check_unique(conf.needs, &NeedConf::on, "need", diagnostics);
    check_unique(conf.files, &FileConf::path, "file", diagnostics);
    if (std::ranges::count_if(conf.files, &FileConf::settings) > 1)
        diagnostics.error(
            conf.pos, fmt::format("more than one file of {} takes the site's settings", conf.name),
            "they can go into one file only");
    if (conf.kind == ServiceKind::job && conf.liveness)
        diagnostics.error(conf.liveness->pos, "a job has no liveness: it ends");
    return conf;
}

ServiceConf read_service_tables(const Value& root, Diagnostics& diagnostics) {
    return read_conf_tables(root, false, diagnostics);
}

ServiceConf read_service_conf(std::string_view text, std::string_view file,
                              Diagnostics& diagnostics) {
    Diagnostics syntax;
    Value root = parse_toml(text, file, syntax);
    add_new(diagnostics, syntax);
    ServiceConf unread;
    unread.pos = root.pos;
    if (root.table()->empty() && syntax.has_errors()) return unread; // it did not even parse
    ServiceConf included = unread;
    read_include(root, included, diagnostics);
    ServiceConf conf = read_conf_tables(source_of(root), !included.include.empty(), diagnostics);
    conf.include = std::move(included.include);
    if (const Value* when = find(*root.table(), "when")) {
        if (when->table())
            conf.when = read_when(*when, conf, diagnostics);
        else
            diagnostics.error(when->pos,
                              fmt::format("when is {}, expected a table", type_name(*when)));
    }
    return conf;
}

} // namespace lakebed
