// Class archives: where the JVM's class-data-sharing archive of a service is, for those who write
// it into the unit, look whether it is there, and make it.
//
// The name is <service>-<digest8>.jsa; the digest covers what an archive must agree with. The
// unit's text, which only root writes, is the one place that says which archive a service uses.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lakebed {

// Below the cache directory; a cache of ours alone: what no unit names is removed.
inline constexpr std::string_view kClassArchiveDirectory = "cds";
inline constexpr std::string_view kClassArchiveUnit = "lakebed-class-archives.service";

// `basis`: the text of all that makes another archive necessary.
[[nodiscard]] std::string class_archive_name(std::string_view service, std::string_view basis);

// What class_archive_name() gives for this service, whatever its basis.
[[nodiscard]] bool is_class_archive_name(std::string_view name, std::string_view service);

// The path after --class-archive in the text of a unit file; nullopt when it has none.
[[nodiscard]] std::optional<std::string> class_archive_of_unit(std::string_view text);

// "flink-taskmanager@2" to "flink-taskmanager"; a unit's to that of its file:
// "lakebed-x@2.service" to "lakebed-x@.service". Others as they are.
[[nodiscard]] std::string service_of_node(std::string_view name);
[[nodiscard]] std::string unit_file_of_node(std::string_view unit);

} // namespace lakebed
