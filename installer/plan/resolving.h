// Parts of resolve(), which go through the same Stack one after the other.
#pragma once

#include <vector>

#include "plan/assemble.h"
#include "plan/stack.h"
#include "plan/variables.h"

namespace lakebed {

struct Resolving {
    const ResolveInput& input;
    Stack& stack;
    Diagnostics& diagnostics;
    std::vector<AssembledService> members; // all services of the profile
    std::vector<const ServiceConf*> confs; // parallel to stack.services: those that are configured
};

// "FILE:LINE", for a hint that points at a second place.
[[nodiscard]] std::string place(const SourcePos& pos);

// Hint "did you mean X?", or `otherwise`.
[[nodiscard]] std::string did_you_mean(std::string_view word, const std::vector<std::string>& known,
                                       std::string otherwise = {});

// The operator's keys for a service; a shared empty one when there are none.
[[nodiscard]] const SiteService& site_service(const Resolving& r, const std::string& name);

// A variable whose value, when the site sets it, is the path of a file: "jar", "…_file".
[[nodiscard]] bool names_file(std::string_view variable);

// What the site says about services and shared confs: names, keys, types.
void check_site_services(Resolving& r);

// The budget, and of it what each service gets.
void resolve_memory(Resolving& r);

// Address a service binds to.
[[nodiscard]] std::string listen_address(const Resolving& r, const std::string& service);

// Config files, probes, verify steps and the variables of unit templates. Everything else of the
// services is there already.
void resolve_contents(Resolving& r);

} // namespace lakebed
