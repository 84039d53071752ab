// load: the operator's files and the shipped data, read and resolved into a Stack and its files.
#pragma once

#include <memory>

#include "cli/command.h"
#include "host/host.h"
#include "input/catalog.h"
#include "input/profile.h"
#include "input/site.h"
#include "plan/assemble.h"
#include "plan/desired.h"
#include "plan/stack.h"
#include "render/render.h"

namespace lakebed {

struct Inputs {
    Catalog catalog;
    std::string profile_name;
    Profile profile;
    std::vector<ServiceConf> confs;
    std::vector<SiteFile> site_files;
    Site site;
    UnitTemplates templates;
};

// Errors in any of the files come back as Errc::usage; all of them have been printed then.
[[nodiscard]] Result<Inputs> read_inputs(Context& context);
[[nodiscard]] Result<Catalog> read_shipped_catalog(Context& context);

// The services of the profile with their includes and conditions, for this host.
[[nodiscard]] Result<std::vector<AssembledService>> assemble_services(Context& context,
                                                                      const Inputs& inputs);

struct Loaded {
    Inputs inputs;
    std::unique_ptr<Host> host;
    Stack stack;
    Desired desired;
};
[[nodiscard]] Result<Loaded> load(Context& context);

} // namespace lakebed
