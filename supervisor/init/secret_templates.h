// Secret templates: config files in which @credential:NAME@ stands for a secret, made whole at
// start.
//
// No secret is part of a generation: the installer renders everything else, and the unit's
// ExecStartPre, which can read the unit's credentials, writes the final files into its 0700
// RuntimeDirectory. A restart therefore picks up a rotated secret.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace lakebed {

// By the file's name. `.conf` says nothing about the format, so those that are known are named
// here; in another one a secret must be plain.
enum class SecretEscape {
    none,       // any other name
    xml,        // .xml
    properties, // .properties, spark-defaults.conf
    json,       // .toml, .json, .yaml, .yml: inside a double-quoted string
    postgres,   // postgresql.conf, pg_….conf: inside single quotes
    plain,      // redis.conf, .acl, other .conf: blanks, quotes and backslashes are refused
    forbidden,  // .sh, .env, env: become environment, which no secret may
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
// each replaced as a whole, with `mode`, for our own user and group.
[[nodiscard]] Result<void> render_secrets(const std::string& from, const std::string& to,
                                          const std::vector<std::string>& only,
                                          const std::string& credentials_directory,
                                          std::uint32_t mode = 0600);

} // namespace lakebed
