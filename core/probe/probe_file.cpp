#include "probe/probe_file.h"

namespace lakebed {

ProbeFile read_probe_file(std::string_view text, std::string_view file, Diagnostics& diagnostics) {
    ProbeFile result;
    Value root = parse_toml(text, file, diagnostics);
    if (diagnostics.has_errors()) return result;
    TableReader reader(root, "", diagnostics);
    result.service = reader.require_string("service");
    result.user = reader.string("user").value_or("");
    if (auto timeout = reader.string("start_timeout")) {
        auto duration = parse_duration(*timeout);
        if (duration && duration->count() > 0)
            result.start_timeout = *duration;
        else
            reader.error("start_timeout",
                         "start_timeout is \"" + *timeout + "\", expected a duration like \"90s\"");
    }
    if (const Value* probe = reader.table("probe"))
        result.probe = read_probe_spec(*probe, "probe", diagnostics);
    else
        reader.error("probe", "the table [probe] is missing");
    reader.finish();
    return result;
}

} // namespace lakebed
