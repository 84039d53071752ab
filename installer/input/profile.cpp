#include "input/profile.h"

#include <algorithm>

#include <fmt/format.h>

#include "input/shapes.h"

namespace lakebed {

Profile read_profile(std::string_view text, std::string_view file, Diagnostics& diagnostics) {
    Value root = parse_toml(text, file, diagnostics);
    Profile profile;
    profile.pos = root.pos;
    if (root.table()->empty() && diagnostics.has_errors()) return profile; // it did not even parse
    TableReader reader(root, "", diagnostics);
    profile.name = read_name(reader, "name");
    profile.title = reader.string("title").value_or("");
    const Value* services = reader.any("services");
    if (!services || !services->array() || services->array()->empty()) {
        reader.error("services", "services must be an array with at least one service");
    } else {
        for (const Value& item : *services->array()) {
            const std::string* name = item.string();
            if (!name) {
                diagnostics.error(
                    item.pos, fmt::format("a service is {}, expected a string", type_name(item)));
            } else if (std::ranges::find(profile.services, *name) != profile.services.end()) {
                diagnostics.error(item.pos, fmt::format("service \"{}\" is there twice", *name));
            } else {
                profile.services.push_back(*name);
                profile.service_pos.push_back(item.pos);
            }
        }
    }
    if (const Value* guards = reader.table("guards"))
        profile.guards = read_guard_conf(*guards, diagnostics);
    for (const Value* step : reader.tables("verify")) profile.verify.push_back(*step);
    reader.finish();
    return profile;
}

} // namespace lakebed
