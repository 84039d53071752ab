// Secret templates: config files in which @credential:NAME@ stands for a secret, made whole at
// start.
//
// No secret is part of a generation: the installer renders everything else, and the unit's
// ExecStartPre, which can read the unit's credentials, writes the final files into its 0700
// RuntimeDirectory. A restart therefore picks up a rotated secret.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace lakebed {

enum class SecretEscape {
    none,
    xml,        // .xml
    properties, // .properties
    json,       // .toml, .json: inside a quoted string
    postgres,   // .conf: inside single quotes
    redis,      // redis.conf, .acl: no quoting there, so blanks, quotes and backslashes are refused
};
[[nodiscard]] SecretEscape escape_for_file(std::string_view name);

using CredentialLookup = std::function<Result<std::string>(const std::string& name)>;

// @credential:NAME@ becomes the escaped secret, @credential-sha256:NAME@ its SHA-256 in lower-case
// hex.
[[nodiscard]] Result<std::string> fill_template(std::string_view text, SecretEscape escape,
                                                const CredentialLookup& credential);

// Content of DIRECTORY/NAME without its trailing newline. Missing, empty or of several lines is an
// Errc::usage that names it; so is an empty `directory`.
[[nodiscard]] Result<std::string> read_credential(const std::string& directory,
                                                  const std::string& name);

// Every regular file of `from` but probe.toml and job.toml, or only those named in `only`, to `to`,
// each 0600 and replaced as a whole.
[[nodiscard]] Result<void> render_secrets(const std::string& from, const std::string& to,
                                          const std::vector<std::string>& only,
                                          const std::string& credentials_directory);

} // namespace lakebed
