// Catalog: which artifacts exist, pinned, and how a component is laid out from them.
// Files: profiles/catalog/*.toml.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/diagnostics.h"
#include "base/quantity.h"

namespace lakebed {

struct MavenSource { // maven = "group:artifact:version[:type[:classifier]]"
    std::string group, artifact, version;
    std::string type = "jar";
    std::string classifier;
    bool operator==(const MavenSource&) const = default;
};
struct PypiSource { // pypi = "name==version"; a wheel needs all four tags, none means sdist
    std::string name, version;
    std::string python, implementation, abi, platform; // --python-version …
    bool operator==(const PypiSource&) const = default;
};
struct GoSource { // go = "module@version" [package = "sub/dir"], h1 = "h1:…"
    std::string module, version;
    std::string package; // below the module; empty: the module itself
    std::string h1;      // go.sum hash of the module
    std::string binary;  // name of the built file
    bool operator==(const GoSource&) const = default;
};
struct UrlSource { // url = "https://…"
    std::string url;
    bool operator==(const UrlSource&) const = default;
};
struct FileSource { // file = "/path": brought by the operator
    std::string path;
    bool operator==(const FileSource&) const = default;
};
using Source = std::variant<MavenSource, PypiSource, GoSource, UrlSource, FileSource>;

// What the first bytes must look like; anything else is named for what it is.
enum class ContentType { jar, zip, tar_gz, tar_xz, elf, any };

struct Artifact {
    std::string name; // unique in the catalog: "postgresql-jdbc"
    std::string version;
    std::string file; // file name below which it is laid out: "postgresql-42.7.3.jar"
    ContentType type = ContentType::any;
    ByteSize size;       // 0 when built here (go)
    std::string sha256;  // lower-case hex; empty only when built here (go): recorded in the depot
    std::string licence; // SPDX identifier
    bool redistribute = true;
    std::vector<Source> sources; // tried in order
    SourcePos pos;
    bool operator==(const Artifact&) const = default;
};

// One step of laying out a component: an archive's members, or the artifact as one file.
struct LayoutStep {
    std::string artifact;
    bool unpack = false; // else: placed as one file
    std::string to;      // directory below the component's root; "" is the root
    std::string rename;  // file name when placed as one file; "" keeps Artifact::file
    std::string inner;   // unpack: archive inside the archive to unpack instead (glob)
    int strip = 0;       // unpack: leading path components to drop
    std::vector<std::string>
        include; // unpack: globs on the member's path before `strip`; empty: all
    std::vector<std::string> exclude;
    std::uint32_t mode = 0; // force this mode on files (0755 …); 0: from the archive, masked
    bool operator==(const LayoutStep&) const = default;
};

struct Component {
    std::string name; // "postgresql"
    std::string version;
    ByteSize unpacked; // disk it needs once laid out
    std::vector<LayoutStep> layout;
    SourcePos pos;
    bool operator==(const Component&) const = default;
};

struct Catalog {
    std::vector<Artifact> artifacts;
    std::vector<Component> components;
    bool operator==(const Catalog&) const = default;
};

[[nodiscard]] const Artifact* find_artifact(const Catalog& catalog, std::string_view name);
[[nodiscard]] const Component* find_component(const Catalog& catalog, std::string_view name);

// Adds one catalog file. Duplicates, unknown keys, malformed coordinates and digests are reported.
void read_catalog(std::string_view text, std::string_view file, Catalog& catalog,
                  Diagnostics& diagnostics);

// Names that components use but no artifact has; call once all files are read.
void check_catalog(const Catalog& catalog, Diagnostics& diagnostics);

} // namespace lakebed
