#include "cli/load.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "base/suggest.h"
#include "sys/files.h"

namespace lakebed {
namespace {

constexpr std::string_view kInConfiguration = "in the configuration";

tl::unexpected<Error> no_shipped_data(const std::string& where) {
    return fail(Errc::not_found, fmt::format("no files in \"{}\"", where),
                "install the lakebed package, or name its data with --share DIR");
}

Result<std::vector<SiteFile>> read_site_files(const Context& context) {
    bool named = !context.globals.config.empty();
    std::string main = named ? context.globals.config : context.paths.etc + "/lakebed.toml";
    std::vector<SiteFile> files;
    auto text = read_file(main);
    if (text)
        files.push_back({main, *text});
    else if (named || text.error().code != Errc::not_found)
        return tl::unexpected<Error>(
            Error{Errc::usage, text.error().message, "name the site's file with --config FILE"});
    std::string directory = std::filesystem::path(main).parent_path() / "conf.d";
    for (auto& [file, content] : TRY(read_toml_directory(directory)))
        files.push_back({file, content});
    return files;
}

Result<Profile> read_named_profile(const Context& context, const Inputs& inputs,
                                   Diagnostics& diagnostics) {
    std::string directory = context.paths.share + "/profiles";
    std::string file = fmt::format("{}/{}.toml", directory, inputs.profile_name);
    // A profile is a word, not a path that leads elsewhere.
    bool plain = inputs.profile_name.find('/') == std::string::npos;
    auto text = plain ? read_file(file) : Result<std::string>(fail(Errc::not_found, ""));
    if (text) return read_profile(*text, file, diagnostics);
    if (text.error().code != Errc::not_found) return tl::unexpected<Error>(text.error());
    std::vector<std::string> names;
    for (const auto& [path, ignored] : TRY(read_toml_directory(directory)))
        names.push_back(std::filesystem::path(path).stem());
    if (names.empty()) return no_shipped_data(directory);
    auto near = closest(inputs.profile_name, names);
    std::string hint = near ? fmt::format("did you mean \"{}\"?", *near) : "there are:";
    if (!near)
        for (const std::string& name : names) hint += " " + name;
    auto origin = inputs.site.origin.find("profile");
    if (context.globals.profile.empty() && origin != inputs.site.origin.end()) {
        diagnostics.error(origin->second,
                          fmt::format("there is no profile \"{}\"", inputs.profile_name), hint);
        return Profile();
    }
    return fail(Errc::usage, fmt::format("there is no profile \"{}\"", inputs.profile_name), hint);
}

Result<std::vector<ServiceConf>> read_confs(const Context& context, Diagnostics& diagnostics) {
    std::string directory = context.paths.share + "/conf";
    auto files = TRY(read_toml_directory(directory));
    if (files.empty()) return no_shipped_data(directory);
    std::vector<ServiceConf> confs;
    for (const auto& [file, text] : files)
        confs.push_back(read_service_conf(text, file, diagnostics));
    return confs;
}

Result<UnitTemplates> read_templates(const Context& context) {
    std::string directory = context.paths.share + "/units";
    UnitTemplates templates;
    for (const std::string& name : TRY(list_directory(directory)))
        if (name.ends_with(".in") || name.ends_with(".inc"))
            templates[name] = TRY(read_file(directory + "/" + name));
    if (templates.empty()) return no_shipped_data(directory);
    return templates;
}

Result<void> read_catalogs(const Context& context, Catalog& catalog, Diagnostics& diagnostics) {
    std::string directory = context.paths.share + "/catalog";
    auto files = TRY(read_toml_directory(directory));
    if (files.empty()) return no_shipped_data(directory);
    for (const auto& [file, text] : files) read_catalog(text, file, catalog, diagnostics);
    check_catalog(catalog, diagnostics);
    return {};
}

} // namespace

Result<Catalog> read_shipped_catalog(Context& context) {
    Catalog catalog;
    Diagnostics diagnostics;
    TRY(read_catalogs(context, catalog, diagnostics));
    TRY(take_problems(context, diagnostics, Errc::usage, "in the catalog"));
    return catalog;
}

Result<Inputs> read_inputs(Context& context) {
    Inputs inputs;
    Diagnostics diagnostics;
    inputs.site_files = TRY(read_site_files(context));
    inputs.site = read_site(inputs.site_files, diagnostics);
    inputs.profile_name =
        context.globals.profile.empty() ? inputs.site.profile : context.globals.profile;
    inputs.profile = TRY(read_named_profile(context, inputs, diagnostics));
    inputs.confs = TRY(read_confs(context, diagnostics));
    TRY(read_catalogs(context, inputs.catalog, diagnostics));
    inputs.templates = TRY(read_templates(context));
    TRY(take_problems(context, diagnostics, Errc::usage, kInConfiguration));
    return inputs;
}

Result<std::vector<AssembledService>> assemble_services(Context& context, const Inputs& inputs) {
    auto host = TRY(make_real_host({context.paths, context.depot}));
    HostFacts facts = TRY(host->read_facts());
    Diagnostics diagnostics;
    auto services =
        assemble_profile(inputs.profile, inputs.confs, inputs.site,
                         {is_small(inputs.site, facts.ram), facts.ip_fence}, diagnostics);
    TRY(take_problems(context, diagnostics, Errc::usage, kInConfiguration));
    return services;
}

Result<Loaded> load(Context& context) {
    Loaded loaded;
    loaded.inputs = TRY(read_inputs(context));
    loaded.host = TRY(make_real_host({context.paths, context.depot}));
    const Inputs& inputs = loaded.inputs;
    ResolveInput input{inputs.catalog, inputs.profile, inputs.confs,
                       inputs.site,    context.paths,  TRY(loaded.host->read_facts())};
    Diagnostics diagnostics;
    loaded.stack = resolve(input, diagnostics);
    TRY(take_problems(context, diagnostics, Errc::usage, kInConfiguration));
    Diagnostics rendering;
    loaded.desired = render(loaded.stack, inputs.templates, rendering);
    TRY(take_problems(context, rendering, Errc::usage, kInConfiguration));
    return loaded;
}

} // namespace lakebed
