// class_archives: has the class archives made that running JVM services lack.
#pragma once

#include "cli/command.h"
#include "model/service_graph.h"

namespace lakebed {

// Services of `graph` whose units name an archive that is not there.
[[nodiscard]] std::vector<std::string> missing_class_archives(const Paths& paths,
                                                              const ServiceGraph& graph);

// Starts lakebed-class-archives.service when one is missing and lakebed runs, without waiting. A
// start without archives is slower and nothing else, so that no problem here is one of the command.
void start_class_archives(const Context& context);

} // namespace lakebed
