// render: a Stack to the bytes of config files, unit files and the graph. Pure and deterministic.
#pragma once

#include <map>
#include <string>

#include "plan/desired.h"
#include "plan/stack.h"

namespace lakebed {

// Text of the files in units/ by file name.
using UnitTemplates = std::map<std::string, std::string>;

// Unknown variables and missing templates are reported with file and line of the template.
[[nodiscard]] Desired render(const Stack& stack, const UnitTemplates& templates,
                             Diagnostics& diagnostics);

// One config file in its format, each value escaped as the format wants. @credential…@ stays.
[[nodiscard]] Result<std::string> render_file(const StackFile& file);

} // namespace lakebed
