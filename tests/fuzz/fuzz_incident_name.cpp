#include "fuzz/targets.h"
#include "sys/incident_files.h"

namespace lakebed::fuzz {

// A name comes from whoever asks for the status page, and becomes part of a path.
void fuzz_incident_name(std::string_view input) {
    IncidentName parts = parse_incident_name(input);
    if (parts.at == 0) return;
    require(input.find('/') == std::string_view::npos && input.find('\0') == std::string_view::npos,
            "a name leads nowhere else");
    require(input.front() != '.', "a name is no hidden file");
    IncidentRecord record{.at = parts.at, .service = parts.service, .cause = parts.cause};
    IncidentName again = parse_incident_name(incident_name(record));
    require(again.at == parts.at && again.service == parts.service && again.cause == parts.cause,
            "a name is read back equal");
}

} // namespace lakebed::fuzz
