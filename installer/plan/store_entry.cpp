#include "plan/store_entry.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/digest.h"

namespace lakebed {
namespace {

Array strings(const std::vector<std::string>& texts) {
    Array items;
    for (const std::string& text : texts) items.emplace_back(text);
    return items;
}

// What a component is made of, as canonical text: equal text, equal files.
std::string pins(const StoreEntry& entry) {
    Table root;
    set(root, "component", entry.component);
    set(root, "version", entry.version);
    Array layout;
    for (const LayoutStep& step : entry.layout) {
        Table table;
        set(table, "artifact", step.artifact);
        set(table, "unpack", step.unpack);
        set(table, "to", step.to);
        set(table, "rename", step.rename);
        set(table, "inner", step.inner);
        set(table, "strip", std::int64_t{step.strip});
        set(table, "include", strings(step.include));
        set(table, "exclude", strings(step.exclude));
        set(table, "mode", std::int64_t{step.mode});
        layout.emplace_back(std::move(table));
    }
    set(root, "layout", std::move(layout));
    Array artifacts;
    for (const Artifact& artifact : entry.artifacts) {
        Table table;
        set(table, "name", artifact.name);
        set(table, "file", artifact.file);
        set(table, "sha256", artifact.sha256);
        if (artifact.sha256.empty()) {
            // Built here: what it is built from is the pin.
            for (const Source& source : artifact.sources)
                if (const auto* go = std::get_if<GoSource>(&source))
                    set(table, "go",
                        fmt::format("{}@{} {} {} {}", go->module, go->version, go->package, go->h1,
                                    go->binary));
        }
        artifacts.emplace_back(std::move(table));
    }
    set(root, "artifacts", std::move(artifacts));
    return write_toml(root);
}

} // namespace

StoreEntry make_store_entry(const Component& component, const Catalog& catalog,
                            const Paths& paths) {
    StoreEntry entry;
    entry.component = component.name;
    entry.version = component.version;
    entry.unpacked = component.unpacked;
    entry.layout = component.layout;
    for (const LayoutStep& step : component.layout) {
        const Artifact* artifact = find_artifact(catalog, step.artifact);
        bool known = std::ranges::any_of(
            entry.artifacts, [&](const Artifact& other) { return other.name == step.artifact; });
        if (artifact && !known) entry.artifacts.push_back(*artifact);
    }
    entry.path = fmt::format("{}/{}-{}-{}", paths.store, entry.component, entry.version,
                             digest8(pins(entry)));
    return entry;
}

} // namespace lakebed
