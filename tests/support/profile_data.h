// Reads a folder laid out like the repository (profiles/, units/) the way the CLI reads /usr/share.
#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "input/catalog.h"
#include "input/profile.h"
#include "plan/stack.h"
#include "render/render.h"
#include "support/text.h"

namespace lakebed::test {

struct ProfileData {
    Catalog catalog;
    Profile profile;
    std::vector<ServiceConf> confs;
    UnitTemplates templates;
};

inline std::vector<std::filesystem::path> files_of(const std::filesystem::path& directory) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(directory))
        if (entry.is_regular_file()) files.push_back(entry.path());
    std::ranges::sort(files);
    return files;
}

inline ProfileData read_profile_data(const std::filesystem::path& root, const std::string& profile,
                                     Diagnostics& diagnostics) {
    ProfileData data;
    auto name = [&](const std::filesystem::path& path) {
        return std::filesystem::relative(path, root).string();
    };
    for (const auto& path : files_of(root / "profiles/catalog"))
        read_catalog(file_text(path), name(path), data.catalog, diagnostics);
    check_catalog(data.catalog, diagnostics);
    for (const auto& path : files_of(root / "profiles/conf"))
        data.confs.push_back(read_service_conf(file_text(path), name(path), diagnostics));
    auto path = root / "profiles" / (profile + ".toml");
    data.profile = read_profile(file_text(path), name(path), diagnostics);
    for (const auto& unit : files_of(root / "units"))
        data.templates[unit.filename().string()] = file_text(unit);
    return data;
}

// A machine of 16 GiB whose kernel enforces IPAddressDeny=, with the default paths.
inline ResolveInput resolve_input(const ProfileData& data, Site site = {}) {
    return {data.catalog,
            data.profile,
            data.confs,
            std::move(site),
            {},
            {{std::uint64_t{16} << 30}, "x86_64", "0123456789abcdef0123456789abcdef", true}};
}

} // namespace lakebed::test
