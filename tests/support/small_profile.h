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

struct SmallStack {
    Diagnostics diagnostics;
    ProfileData data;
    Stack stack;
    Desired desired;
};

inline SmallStack small_stack(const std::string& site = "",
                              const std::vector<std::string>& confs = {kStoreConf, kWebConf}) {
    SmallStack small;
    read_catalog(kSmallCatalog, "catalog.toml", small.data.catalog, small.diagnostics);
    small.data.profile.name = "small";
    for (const std::string& text : confs) {
        Diagnostics quiet;
        Value root = parse_toml(text, "", quiet);
        std::string name = *find(*find(*root.table(), "service")->table(), "name")->string();
        small.data.confs.push_back(
            read_service_conf(text, "conf/" + name + ".toml", small.diagnostics));
        small.data.profile.services.push_back(name);
        small.data.profile.service_pos.push_back({"small.toml", 1, 1});
    }
    small.data.templates["any.service.in"] = "@header@\n[Unit]\nAfter=@after@\n[Service]\nUser=@"
                                             "user@\n@credentials@\nExecStart=/bin/true @config@\n";
    Site read = read_site({{"lakebed.toml", site}}, small.diagnostics);
    small.stack = resolve(resolve_input(small.data, read), small.diagnostics);
    small.desired = render(small.stack, small.data.templates, small.diagnostics);
    return small;
}

} // namespace lakebed::test
