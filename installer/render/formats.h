// One writer for each family of config files. Each escapes what its reader would take for syntax;
// what a format cannot say is an Error that names the key.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/value.h"

namespace lakebed {

// Java .properties, in ASCII: Properties.load() reads ISO 8859-1.
[[nodiscard]] Result<std::string> write_properties(const Table& values);
// Hadoop's <configuration>.
[[nodiscard]] Result<std::string> write_xml(const Table& values);
// redis.conf. An array repeats the directive; an array inside it gives one line several arguments.
[[nodiscard]] Result<std::string> write_redis(const Table& values);
// postgresql.conf.
[[nodiscard]] Result<std::string> write_postgresql(const Table& values);

// YAML 1.2 of one level: keys and strings as JSON writes them, arrays as flow sequences.
[[nodiscard]] Result<std::string> write_yaml(const Table& values);

// The items of an array joined with ",", each as `text` writes it; tables and arrays in arrays are
// an Error. Other values as `text` writes them.
[[nodiscard]] Result<std::string> joined_text(const std::string& key, const Value& value);

// First line of each file whose format knows "#" comments.
inline constexpr std::string_view kFileHeader =
    "# Written by lakebed. Change lakebed.toml and run `lakebed apply` instead of editing.\n";

} // namespace lakebed
