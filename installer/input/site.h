// Site: what the operator decided. /etc/lakebed/lakebed.toml and conf.d/*.toml, later files win.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/diagnostics.h"
#include "base/quantity.h"
#include "base/value.h"
#include "input/guard_conf.h"

namespace lakebed {

enum class Sizing { automatic, small, standard };

struct SiteService {
    std::map<std::string, std::pair<int, SourcePos>> ports; // "port", "console_port" …
    std::optional<ByteSize> memory;
    std::optional<std::string> data_dir;
    std::optional<std::string> listen;
    std::optional<int> instances;
    Table settings;         // passed through to the service's own config
    Table variables;        // other keys, checked against the service's [variables] in resolve()
    bool shorthand = false; // written as [redis], not as [service.redis]
    SourcePos pos;
    bool operator==(const SiteService&) const = default;
};

struct Site {
    std::string name = "lakebed";
    std::string profile = "lakehouse";
    Sizing sizing = Sizing::automatic; // small below 12 GiB of RAM
    std::string listen = "127.0.0.1";
    std::string data_dir = "/var/lib/lakebed/data";
    std::optional<ByteSize> memory;      // for all services together; default: a part of RAM
    std::vector<std::string> allow_from; // CIDRs that may reach services that cannot bind
    GuardConf guards;
    std::map<std::string, std::string> secret_files; // [secrets] NAME = { file = "/path" }
    std::map<std::string, SourcePos> secret_pos;
    std::map<std::string, SiteService> services;
    // Where each value that was set came from, by dotted key ("service.redis.port").
    std::map<std::string, SourcePos> origin;
    bool operator==(const Site&) const = default;
};

// [NAME] in a site file, where NAME is no key of ours, is short for [service.NAME]; this writes it
// out. A key that both forms set in one file is reported.
void expand_shorthand(Table& root, Diagnostics& diagnostics);

struct SiteFile {
    std::string file; // path, for messages
    std::string text;
};

// Layers the files in order and reads the result once as a whole.
[[nodiscard]] Site read_site(const std::vector<SiteFile>& files, Diagnostics& diagnostics);

} // namespace lakebed
