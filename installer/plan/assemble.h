// assemble: what the confs of a profile come to at one site: includes and conditions applied.
//
// How it works: a shared conf with its [when.*] lies below the service's own file with its
// [when.*]; of what the site says, [service.SHARED] lies below [service.NAME]. The tables are laid
// over one another and read once more as a whole.
#pragma once

#include <string>
#include <vector>

#include "base/diagnostics.h"
#include "input/profile.h"
#include "input/site.h"

namespace lakebed {

struct Conditions {
    bool small = false;  // else standard
    bool fenced = false; // the kernel enforces IPAddressDeny=
    bool operator==(const Conditions&) const = default;
};

struct AssembledService {
    ServiceConf conf;
    SiteService site;                // what the operator says, shared confs included
    std::vector<std::string> unset;  // of conf.configured_by: it is left out while there are any
    std::vector<std::string> shared; // confs it includes
};

// The services of a profile, in its order. Reports services, includes, conditions and variables
// that are not there, of all confs, in the profile or not.
[[nodiscard]] std::vector<AssembledService>
assemble_profile(const Profile& profile, const std::vector<ServiceConf>& confs, const Site& site,
                 const Conditions& conditions, Diagnostics& diagnostics);

[[nodiscard]] bool is_small(const Site& site, ByteSize ram);

} // namespace lakebed
