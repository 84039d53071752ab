// Profile and ServiceConf: which services a profile has, and everything known about one service.
// Files: profiles/<profile>.toml and profiles/conf/<service>.toml.
//
// How it works: each file of conf/ is read and checked alone, a [shared] one too. Which [when.*]
// hold and what a service takes from those it includes is decided in plan/assemble.h: it lays the
// tables over one another (input/conf_layers.h) and reads the result once more.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/diagnostics.h"
#include "base/quantity.h"
#include "base/value.h"
#include "input/guard_conf.h"

namespace lakebed {

struct Profile {
    std::string name;
    std::string title;
    std::vector<std::string> services;  // services and jobs, by name; order is that of display
    std::vector<SourcePos> service_pos; // of each of them
    std::vector<Value> verify;          // acceptance steps that are of no single service
    GuardConf guards;
    SourcePos pos;
    bool operator==(const Profile&) const = default;
};

enum class ServiceKind { service, job };

// name = { generate = 32 } or { value = "…" } (a user name, say: not secret but delivered alike).
// The site may replace either by { file = "/path" }.
struct SecretConf {
    std::string name; // unique over all services; file name below /etc/lakebed/secrets
    int generate = 0; // characters [A-Za-z0-9] from getrandom(2)
    std::string value;
    SourcePos pos;
    bool operator==(const SecretConf&) const = default;
};

struct PortConf {
    std::string key; // "port", "console_port": key in the site's [service.NAME], variable @key@
    int number = 0;
    SourcePos pos;
    bool operator==(const PortConf&) const = default;
};

// [memory.parts] NAME: what a part of the service's memory is for, @memory.NAME.mib@.
struct MemoryPart {
    enum class Kind {
        fixed,    // "192MiB"
        fraction, // { fraction = 0.1, min = "128MiB", max = "1GiB" } of the whole
        rest,     // "rest": what the others leave
        sum,      // ["a", "b"]: of parts above, and no part of its own
    } kind = Kind::fixed;
    std::string name;
    ByteSize size; // fixed
    double fraction = 0;
    ByteSize min; // fraction
    ByteSize max; // fraction; 0: none
    std::vector<std::string> of;
    SourcePos pos;
    bool operator==(const MemoryPart&) const = default;
};

// What a service gets: this share of the budget, within [min, max]; less when all together are
// more.
struct MemoryConf {
    ByteSize min;
    ByteSize max;
    double share = 0;
    double heap = 0; // of it, the Java heap: @heap.mib@
    std::vector<MemoryPart> parts;
    SourcePos min_pos;
    bool operator==(const MemoryConf&) const = default;
};

struct DataConf {
    std::string dir; // below the site's data_dir, unless the site moves it: [service.NAME] data_dir
    std::uint32_t mode = 0700;
    ByteSize min_free; // free space the plan asks for on its file system
    bool operator==(const DataConf&) const = default;
};

enum class FileFormat { text, toml, xml, properties, redis, postgresql, yaml };

// A config file of the service. Strings hold @variables@ (plan.h lists them); a file in which
// @credential:NAME@ is left is rendered at start into the unit's RuntimeDirectory.
struct FileConf {
    std::string path; // below the config directory
    FileFormat format = FileFormat::text;
    std::string text; // format text: the content
    SourcePos text_pos;
    Table values;          // other formats: key = value
    bool settings = false; // [service.NAME.settings] of the site are merged into `values`
    SourcePos pos;
    bool operator==(const FileConf&) const = default;
};

struct NeedConf {
    std::string on;   // service or job
    std::string type; // reconnects | session | init
    SourcePos pos;
    bool operator==(const NeedConf&) const = default;
};

struct IncludeConf {
    std::string name; // of a shared conf
    SourcePos pos;
    bool operator==(const IncludeConf&) const = default;
};

// [when.CONDITION]: laid over the conf it stands in while the condition holds.
struct WhenConf {
    std::string condition; // "small", "standard", "fenced", or a variable of the conf
    Value over;            // service.instances, service.start_timeout, memory, variables, file
    SourcePos pos;         // of the condition
    bool operator==(const WhenConf&) const = default;
};

// Conditions that the host and the site's sizing decide; every other one is a variable.
[[nodiscard]] bool is_host_condition(std::string_view condition);

inline constexpr int kMaxInstances = 64;

struct ServiceConf {
    std::string name;
    std::string title;
    bool shared = false; // [shared]: no service, but what those have in common that include it
    std::vector<IncludeConf> include; // later ones win
    std::vector<WhenConf> when;       // in the order in which they stand
    ServiceKind kind = ServiceKind::service;
    std::string component;               // of the catalog; may be empty
    std::vector<std::string> components; // further ones it reads (a JRE, Hadoop jars): @home:NAME@
    std::string user;                    // system user; empty: root (jobs only)
    std::string unit;                    // template file in units/
    bool jvm = false;
    std::optional<int> instances; // of a template unit: NAME@1, NAME@2 …
    SourcePos instances_pos;
    std::vector<std::string> configured_by; // variables without which it is left out
    std::string not_configured;             // what to say of it then; empty: which to set
    std::vector<NeedConf> needs;
    std::vector<PortConf> ports;
    std::string ui; // "http://@connect.url@:@console_port@/"; empty: no pages for people
    std::optional<MemoryConf> memory;
    std::optional<DataConf> data;
    std::vector<SecretConf> secrets;
    std::vector<std::string> credentials; // secrets (own or others') its unit loads
    std::vector<FileConf> files;
    Table variables;            // [variables]: more @names@; strings with @variables@
    std::optional<Value> probe; // tables with @variables@, read by model once resolved
    std::optional<Value> liveness;
    std::optional<Value> restart;
    std::vector<Value> fatal;
    std::string start_timeout = "90s";
    std::vector<Value> verify; // acceptance steps, see verify/
    Value source;              // the tables all this was read from, without include and when
    SourcePos pos;
    bool operator==(const ServiceConf&) const = default;
};

[[nodiscard]] Profile read_profile(std::string_view text, std::string_view file,
                                   Diagnostics& diagnostics);
[[nodiscard]] ServiceConf read_service_conf(std::string_view text, std::string_view file,
                                            Diagnostics& diagnostics);
// The same from tables, with nothing to include any more: files must be complete.
[[nodiscard]] ServiceConf read_service_tables(const Value& root, Diagnostics& diagnostics);

} // namespace lakebed
