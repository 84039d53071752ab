// Stack: catalog + profile + site, resolved for one host. Everything that render and make_plan
// need.
//
// Variables that strings of conf/ files and unit templates may use, written @name@:
//   site: @site@ @site_id@ @listen@ @connect@ (address clients use) @ip_allow@ (IPAddressAllow=
//   list)
//         @listen.url@ @connect.url@ (the same, in brackets when IPv6)
//         @access_from@ (pg_hba address: that of listen when it is loopback, else all) @state@
//   programs: @libexec@ (where lakebed-probe and lakebed-init are)
//   own:  @name@ @title@ @user@ @unit@ @config@ (config directory) @runtime@ (RuntimeDirectory)
//         @data@ @home@ @home:COMPONENT@ @memory@ (bytes) @memory.mib@ @heap.mib@
//         @memory.PART.mib@ @start_timeout@ @PORTKEY@ each [variables] key (its own and those of
//         the shared confs it includes; an array of strings inside a longer string is joined
//         with ":")
//   of a service with instances: @instances@ (how many) @instance@ (which one). @instance@ and
//         with it @name@ @unit@ @runtime@ differ between the instances: "NAME@%i" in the unit,
//         "NAME@1" in the graph, "NAME@@instance@" in probe.toml (lakebed-probe --instance fills
//         it in), an error in config files and acceptance steps, of which there is one for all
//   of others: @SERVICE.PORTKEY@ @SERVICE.data@ @SERVICE.user@ @SERVICE.runtime@ @SERVICE.home@
//         @SERVICE.instances@ @SERVICE.VARIABLE@
//   secrets: @secret:NAME@ (path of the file)
//   at start, by lakebed-init render: @credential:NAME@ @credential-sha256:NAME@
//   units only: @header@ @after@ @credentials@ @include:FILE@ (a file of units/) @cache@ (the
//         CacheDirectory, one for all instances); of a JVM service @class_archive@ (what its class
//         archive is called as long as JRE, class path, @gc@ and @jit@ stay as they are)
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/diagnostics.h"
#include "input/catalog.h"
#include "input/profile.h"
#include "input/site.h"
#include "model/service_graph.h"

namespace lakebed {

// Where things live on the target; --root puts all of it below another directory (tests, images).
struct Paths {
    std::string etc = "/etc/lakebed";
    std::string share = "/usr/share/lakebed";
    std::string libexec = "/usr/libexec/lakebed";
    std::string store = "/opt/lakebed/store";
    std::string state = "/var/lib/lakebed"; // generations/, config/, current, init/
    std::string units = "/etc/systemd/system";
    std::string run = "/run/lakebed";
    std::string cache = "/var/cache/lakebed";
    bool operator==(const Paths&) const = default;
};

// What resolve must know of the host. Read once by Host::read_facts().
struct HostFacts {
    ByteSize ram;
    std::string architecture; // uname -m
    std::string site_id;      // existing, or freshly made for a first apply
    bool ip_fence = false;    // the kernel enforces IPAddressDeny=
    bool operator==(const HostFacts&) const = default;
};

struct StoreEntry {
    std::string component;
    std::string version;
    std::string path; // <store>/<component>-<version>-<digest8>
    ByteSize unpacked;
    std::vector<LayoutStep> layout;
    std::vector<Artifact> artifacts; // those the layout names
    bool operator==(const StoreEntry&) const = default;
};

struct StackFile {
    std::string path;
    FileFormat format = FileFormat::text;
    std::string text;
    Table values; // all @variables@ replaced but @credential…@
    bool operator==(const StackFile&) const = default;
};

struct StackSecret {
    std::string name;
    std::string path;  // file that holds it
    int generate = 0;  // >0: made when missing
    std::string value; // else, when not empty: written when missing; else the file must exist
    bool operator==(const StackSecret&) const = default;
};

struct StackPort {
    std::string key;
    Port number = 0;
    std::string address; // it is bound to
    SourcePos pos;       // where it was set
    bool operator==(const StackPort&) const = default;
};

// A file of the operator's that a variable names: [flex] jar = "/srv/flex.jar".
struct BroughtFile {
    std::string path;
    std::string key; // "service.flex.jar"
    SourcePos pos;
    bool operator==(const BroughtFile&) const = default;
};

struct StackService {
    std::string name;
    std::string title;
    NodeKind kind = NodeKind::service;
    int instances = 0;         // 0: its unit is no template
    std::string unit;          // "lakebed-redis.service", "lakebed-worker@.service"
    std::string unit_template; // file in units/
    std::string user;          // empty: root
    bool jvm = false;
    std::vector<std::string> components;
    std::vector<StackPort> ports;
    std::string ui;       // address of its pages for people; empty: none
    ByteSize memory;      // of each instance; 0: not limited (jobs)
    std::string data_dir; // empty: none
    std::uint32_t data_mode = 0700;
    ByteSize min_free;
    std::vector<std::string> credentials; // names of secrets its unit loads
    std::vector<BroughtFile> brought;
    std::vector<StackFile> files;
    std::map<std::string, std::string> variables; // for its unit template
    std::vector<Need> needs;
    std::optional<ProbeSpec> probe;
    std::optional<Liveness> liveness;
    RestartPolicy restart;
    std::vector<FatalRule> fatal;
    Duration start_timeout = std::chrono::seconds(90);
    std::vector<Table> verify;
    bool operator==(const StackService&) const = default;
};

// The marks of every disk guard, as in DiskCheck.
struct GuardLimits {
    ByteSize min_free{std::uint64_t{512} << 20};
    ByteSize resume_free;
    std::uint64_t min_free_inodes = 4096;
    bool operator==(const GuardLimits&) const = default;
};

struct Stack {
    std::string site;
    std::string site_id;
    std::string profile;
    std::string sizing; // "small" or "standard"
    std::string listen;
    Paths paths;
    ByteSize ram;
    ByteSize memory_budget;
    std::string data_root; // below it the data of each service that was not moved
    GuardLimits guards;
    std::vector<StoreEntry> store;
    std::vector<StackSecret> secrets;
    std::vector<StackService> services;
    std::vector<NotConfigured> not_configured; // services of the profile that are left out
    std::vector<Table> verify;                 // the profile's own
    bool operator==(const Stack&) const = default;
};

struct ResolveInput {
    Catalog catalog;
    Profile profile;
    std::vector<ServiceConf> confs; // at least those the profile names
    Site site;
    Paths paths;
    HostFacts facts;
};

// Names of a service's nodes and units: NAME@1, NAME@2 … when it has instances, else one.
[[nodiscard]] std::vector<std::string> node_names(const StackService& service);
[[nodiscard]] std::vector<std::string> unit_names(const StackService& service);
// "lakebed-worker@2.service" to "lakebed-worker@.service"; other names as they are.
[[nodiscard]] std::string unit_file_of(const std::string& unit);
// The figure in place of "@instance@", in every string.
[[nodiscard]] Value value_with_instance(const Value& value, int instance);
inline constexpr std::string_view kInstance = "@instance@";

// Everything wrong is reported: unknown services and keys with suggestions, unknown variables, port
// clashes inside the config (both positions), memory that does not fit, an unsupported
// architecture.
[[nodiscard]] Stack resolve(const ResolveInput& input, Diagnostics& diagnostics);

// Replaces @name@ in `text` by lookup(name); text without a match of @[a-z][a-zA-Z0-9_.:-]*@ stays
// as it is. Names for which `lookup` returns nullopt are returned in `unknown` and left in place.
[[nodiscard]] std::string
interpolate(std::string_view text,
            const std::function<std::optional<std::string>(std::string_view)>& lookup,
            std::vector<std::string>& unknown);

} // namespace lakebed
