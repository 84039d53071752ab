// A stack made of domain text: services in conf/ form, a site, and unit templates that need
// nothing.
#pragma once

#include <string>
#include <vector>

#include "render/render.h"
#include "support/profile_data.h"

namespace lakebed::test {

inline constexpr const char* kSmallCatalog = R"([[artifact]]
name = "store-bin"
version = "1"
file = "store.jar"
size = 1000
sha256 = "2222222222222222222222222222222222222222222222222222222222222222"
licence = "MIT"
sources = [{ url = "https://example.invalid/store.jar" }]
[[component]]
name = "store"
version = "1"
unpacked = "100MiB"
layout = [{ artifact = "store-bin" }]
)";

inline constexpr const char* kStoreConf = R"([service]
name = "store"
component = "store"
user = "lakebed-store"
unit = "any.service.in"
credentials = ["store-password"]
[ports]
port = 7001
admin_port = 7002
[memory]
share = 1
min = "128MiB"
max = "1GiB"
[data]
dir = "store"
min_free = "1GiB"
[secrets]
store-password = { generate = 32 }
[variables]
level = "info"
[[file]]
path = "store.conf"
format = "redis"
settings = true
[file.values]
port = "@port@"
level = "@level@"
password = "@credential:store-password@"
)";

inline constexpr const char* kWebConf = R"([service]
name = "web"
user = "lakebed-web"
unit = "any.service.in"
[[need]]
on = "store"
type = "reconnects"
[ports]
port = 7003
[[file]]
path = "web.conf"
text = "store is at @store.connect@:@store.port@"
)";

// A service whose unit is a template.
inline constexpr const char* kWorkerConf = R"([service]
name = "worker"
title = "Worker"
instances = 3
user = "lakebed-worker"
unit = "worker.service.in"
[memory]
share = 1
min = "64MiB"
max = "128MiB"
[[file]]
path = "worker.conf"
text = "a worker"
[probe]
kind = "http"
port = 7100
path = "/workers/@name@"
contains = "@instance@"
)";

struct Machine {
    ByteSize ram{std::uint64_t{16} << 30};
    bool ip_fence = true;
    std::string profile; // more text of the profile's file
};

struct SmallStack {
    Diagnostics diagnostics;
    ProfileData data;
    Stack stack;
    Desired desired;
};

inline SmallStack small_stack(const std::string& site = "",
                              const std::vector<std::string>& confs = {kStoreConf, kWebConf},
                              const Machine& machine = {}) {
    SmallStack small;
    read_catalog(kSmallCatalog, "catalog.toml", small.data.catalog, small.diagnostics);
    if (!machine.profile.empty())
        small.data.profile =
            read_profile("name = \"small\"\nservices = [\"-\"]\n" + machine.profile, "small.toml",
                         small.diagnostics);
    small.data.profile.name = "small";
    small.data.profile.services.clear();
    small.data.profile.service_pos.clear();
    for (const std::string& text : confs) {
        Diagnostics quiet;
        Value root = parse_toml(text, "", quiet);
        const Value* service = find(*root.table(), "service");
        const Value* head = service ? service : find(*root.table(), "shared");
        std::string name = *find(*head->table(), "name")->string();
        small.data.confs.push_back(
            read_service_conf(text, "conf/" + name + ".toml", small.diagnostics));
        if (!service) continue;
        small.data.profile.services.push_back(name);
        small.data.profile.service_pos.push_back({"small.toml", 1, 1});
    }
    small.data.templates["any.service.in"] = "@header@\n[Unit]\nAfter=@after@\n[Service]\nUser=@"
                                             "user@\n@credentials@\nExecStart=/bin/true @config@\n";
    small.data.templates["bare.service.in"] = "[Unit]\n[Service]\nExecStart=/bin/true\n";
    small.data.templates["worker.service.in"] =
        "[Unit]\nDescription=@title@\n[Service]\nUser=@user@\nRuntimeDirectory=lakebed/@name@\n"
        "ExecStart=/bin/work @instance@ of @instances@ @config@ @runtime@ @cache@\n";
    Site read = read_site({{"lakebed.toml", site}}, small.diagnostics);
    ResolveInput input = resolve_input(small.data, read);
    input.facts.ram = machine.ram;
    input.facts.ip_fence = machine.ip_fence;
    small.stack = resolve(input, small.diagnostics);
    small.desired = render(small.stack, small.data.templates, small.diagnostics);
    return small;
}

} // namespace lakebed::test
