// Parts of read_service_conf().
#pragma once

#include "input/profile.h"

namespace lakebed {

[[nodiscard]] MemoryConf read_memory(const Value& value, Diagnostics& diagnostics);

// [when.*] of a conf whose other tables are `base`. Each is also tried over them, so that a mistake
// is found where it stands and not only where the condition holds.
[[nodiscard]] std::vector<WhenConf> read_when(const Value& when, const ServiceConf& conf,
                                              Diagnostics& diagnostics);

// Reads what a conf says apart from include and when. A conf that includes others may leave the
// format of a file to them.
[[nodiscard]] ServiceConf read_conf_tables(const Value& root, bool includes,
                                           Diagnostics& diagnostics);

} // namespace lakebed
