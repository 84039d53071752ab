// The step journal: what an apply was about to do and what it has done, one record a line.
//
//   begin FROM TO STEPS
//   intent N KIND SENTENCE
//   intent N WriteFile sha256:HEX PATH      intent N InstallUnit sha256:HEX UNIT
//   done N
//   failed N REASON
//   end GENERATION
// (the host puts the time before each)
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "plan/plan.h"

namespace lakebed {

[[nodiscard]] std::string begin_record(const Plan& plan);
[[nodiscard]] std::string intent_record(std::size_t number, const Step& step);
[[nodiscard]] std::string done_record(std::size_t number);
[[nodiscard]] std::string failed_record(std::size_t number, const Error& error);
[[nodiscard]] std::string end_record(const Plan& plan);

// Files that were to be written since the last "end": path -> sha256 (see Inventory::unfinished).
// `units` is the directory of the units.
[[nodiscard]] std::map<std::string, std::string> unfinished_files(std::string_view journal,
                                                                  const std::string& units);

} // namespace lakebed
