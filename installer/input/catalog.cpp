#include "input/catalog.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/suggest.h"
#include "base/value.h"
#include "input/shapes.h"
#include "input/sources.h"

namespace lakebed {
namespace {

ContentType read_type(TableReader& reader) {
    static const std::vector<std::string> kNames = {"jar", "zip", "tar.gz", "tar.xz", "elf", "any"};
    auto text = reader.string("type");
    if (!text) return ContentType::any;
    auto it = std::ranges::find(kNames, *text);
    if (it != kNames.end()) return static_cast<ContentType>(it - kNames.begin());
    auto near = closest(*text, kNames);
    reader.error("type", fmt::format("unknown type \"{}\"", *text),
                 near ? fmt::format("did you mean \"{}\"?", *near)
                      : "one of jar, zip, tar.gz, tar.xz, elf, any");
    return ContentType::any;
}

Artifact read_artifact(const Value& value, Diagnostics& diagnostics) {
    TableReader reader(value, "artifact", diagnostics);
    Artifact artifact;
    artifact.pos = value.pos;
    artifact.name = read_name(reader, "name");
    artifact.version = reader.require_string("version");
    artifact.file = reader.require_string("file");
    if (!artifact.file.empty() && !is_file_name(artifact.file))
        reader.error("file",
                     fmt::format("artifact.file is \"{}\", expected a file name", artifact.file));
    artifact.type = read_type(reader);
    artifact.size = read_size(reader, "size").value_or(ByteSize{});
    artifact.sha256 = reader.string("sha256").value_or("");
    artifact.licence = reader.require_string("licence");
    artifact.redistribute = reader.boolean("redistribute").value_or(true);
    if (const Value* sources = reader.any("sources")) {
        if (const Array* array = sources->array()) {
            for (const Value& item : *array)
                if (auto source = read_source(item, diagnostics))
                    artifact.sources.push_back(std::move(*source));
            if (array->empty()) reader.error("sources", "artifact.sources is empty");
        } else {
            reader.error("sources",
                         fmt::format("artifact.sources is {}, expected an array of tables",
                                     type_name(*sources)));
        }
    } else {
        reader.error("sources", fmt::format("artifact \"{}\" has no sources", artifact.name),
                     "sources = [{ maven = \"group:artifact:version\" }]");
    }
    bool built_here = std::ranges::any_of(artifact.sources, [](const Source& source) {
        return std::holds_alternative<GoSource>(source);
    });
    if (artifact.sha256.empty() && !built_here)
        reader.error("sha256", fmt::format("artifact \"{}\" has no sha256", artifact.name),
                     "only what is built here (go) may go without");
    if (!artifact.sha256.empty() && !is_sha256(artifact.sha256))
        reader.error("sha256",
                     fmt::format("artifact.sha256 is \"{}\", expected 64 lower-case hex digits",
                                 artifact.sha256));
    reader.finish();
    return artifact;
}

LayoutStep read_layout_step(const Value& value, Diagnostics& diagnostics) {
    TableReader reader(value, "component.layout", diagnostics);
    LayoutStep step;
    step.artifact = reader.require_string("artifact");
    step.unpack = reader.boolean("unpack").value_or(false);
    step.to = reader.string("to").value_or("");
    step.rename = reader.string("rename").value_or("");
    step.inner = reader.string("inner").value_or("");
    step.strip =
        static_cast<int>(std::clamp<std::int64_t>(reader.integer("strip").value_or(0), -1, 1000));
    step.include = reader.strings("include");
    step.exclude = reader.strings("exclude");
    step.mode = read_mode(reader, "mode").value_or(0);
    if (!step.to.empty() && !is_relative_path(step.to))
        reader.error("to",
                     fmt::format("\"{}\" does not stay below the component's directory", step.to));
    if (!step.rename.empty() && !is_file_name(step.rename))
        reader.error("rename", fmt::format("\"{}\" is no file name", step.rename));
    if (step.strip < 0) reader.error("strip", "component.layout.strip is negative");
    if (!step.unpack &&
        (step.strip != 0 || !step.inner.empty() || !step.include.empty() || !step.exclude.empty()))
        reader.error("artifact",
                     "strip, inner, include and exclude have a meaning with unpack only",
                     "add unpack = true");
    reader.finish();
    return step;
}

Component read_component(const Value& value, Diagnostics& diagnostics) {
    TableReader reader(value, "component", diagnostics);
    Component component;
    component.pos = value.pos;
    component.name = read_name(reader, "name");
    component.version = reader.require_string("version");
    if (!component.version.empty() && !is_file_name(component.version))
        reader.error("version",
                     fmt::format("component.version is \"{}\", which cannot stand in a path",
                                 component.version));
    component.unpacked = read_size(reader, "unpacked").value_or(ByteSize{});
    for (const Value* step : reader.tables("layout"))
        component.layout.push_back(read_layout_step(*step, diagnostics));
    if (component.layout.empty())
        reader.error("layout", fmt::format("component \"{}\" has no layout", component.name));
    reader.finish();
    return component;
}

template <class Item>
void add_unique(std::vector<Item>& items, Item item, std::string_view what,
                Diagnostics& diagnostics) {
    auto it = std::ranges::find(items, item.name, &Item::name);
    if (it == items.end() || item.name.empty()) {
        items.push_back(std::move(item));
        return;
    }
    diagnostics.error(item.pos, fmt::format("{} \"{}\" is there twice", what, item.name),
                      fmt::format("the other is at {}:{}", it->pos.file, it->pos.line));
}

} // namespace

const Artifact* find_artifact(const Catalog& catalog, std::string_view name) {
    auto it = std::ranges::find(catalog.artifacts, name, &Artifact::name);
    return it == catalog.artifacts.end() ? nullptr : &*it;
}

const Component* find_component(const Catalog& catalog, std::string_view name) {
    auto it = std::ranges::find(catalog.components, name, &Component::name);
    return it == catalog.components.end() ? nullptr : &*it;
}

void read_catalog(std::string_view text, std::string_view file, Catalog& catalog,
                  Diagnostics& diagnostics) {
    Value root = parse_toml(text, file, diagnostics);
    TableReader reader(root, "", diagnostics);
    for (const Value* value : reader.tables("artifact"))
        add_unique(catalog.artifacts, read_artifact(*value, diagnostics), "artifact", diagnostics);
    for (const Value* value : reader.tables("component"))
        add_unique(catalog.components, read_component(*value, diagnostics), "component",
                   diagnostics);
    reader.finish();
}

void check_catalog(const Catalog& catalog, Diagnostics& diagnostics) {
    std::vector<std::string> known;
    for (const Artifact& artifact : catalog.artifacts) known.push_back(artifact.name);
    for (const Component& component : catalog.components) {
        for (const LayoutStep& step : component.layout) {
            if (step.artifact.empty() || find_artifact(catalog, step.artifact)) continue;
            auto near = closest(step.artifact, known);
            diagnostics.error(
                component.pos,
                fmt::format("component \"{}\" is laid out from \"{}\", which is no artifact",
                            component.name, step.artifact),
                near ? fmt::format("did you mean \"{}\"?", *near) : std::string());
        }
    }
}

} // namespace lakebed
