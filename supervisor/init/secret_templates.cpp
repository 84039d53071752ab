#include "init/secret_templates.h"

#include <algorithm>
#include <filesystem>

#include <unistd.h>

#include <fmt/format.h>

#include "sys/digest.h"
#include "sys/files.h"

namespace lakebed {
namespace {

constexpr std::string_view kPlain = "credential:";
constexpr std::string_view kHashed = "credential-sha256:";

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
}

std::string escape_xml(std::string_view secret) {
    std::string out;
    for (char c : secret) {
        switch (c) {
        case '&':
            out += "&amp;";
            break;
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        case '"':
            out += "&quot;";
            break;
        case '\'':
            out += "&apos;";
            break;
        default:
            out += c;
        }
    }
    return out;
}

std::string double_each(std::string_view secret, std::string_view special, bool with_backslash) {
    std::string out;
    for (char c : secret) {
        if (special.find(c) != std::string_view::npos) out += with_backslash ? '\\' : c;
        out += c;
    }
    return out;
}

Result<std::string> escape_secret(const std::string& name, const std::string& secret,
                                  SecretEscape escape) {
    auto refuse = [&](std::string_view what) {
        return fail(
            Errc::usage,
            fmt::format("credential \"{}\" has {}, which this file cannot hold", name, what),
            "rotate it to letters and digits");
    };
    bool control = std::any_of(secret.begin(), secret.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    });
    bool ascii = std::all_of(secret.begin(), secret.end(),
                             [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    if (control) return refuse("a control character");
    switch (escape) {
    case SecretEscape::none:
        return secret;
    case SecretEscape::xml:
        return escape_xml(secret);
    case SecretEscape::json:
        return double_each(secret, "\\\"", true);
    case SecretEscape::postgres:
        return double_each(double_each(secret, "\\", true), "'", false);
    case SecretEscape::properties:
        if (!ascii)
            return refuse("a character outside ASCII"); // the encoding depends on the reader
        return (secret.starts_with(' ') ? "\\" : "") + double_each(secret, "\\", true);
    case SecretEscape::plain:
        if (secret.find_first_of(" \"'\\") != std::string::npos)
            return refuse("a blank, a quote or a backslash");
        return secret;
    case SecretEscape::forbidden:
        return fail(Errc::usage,
                    fmt::format("credential \"{}\" would stand in an environment", name),
                    "put it into a config file of another format");
    }
    return secret;
}

} // namespace

SecretEscape escape_for_file(std::string_view name) {
    if (name.ends_with(".xml")) return SecretEscape::xml;
    if (name.ends_with(".properties") || name == "spark-defaults.conf")
        return SecretEscape::properties;
    for (std::string_view ending : {".toml", ".json", ".yaml", ".yml"})
        if (name.ends_with(ending)) return SecretEscape::json;
    if (name == "postgresql.conf" || (name.starts_with("pg_") && name.ends_with(".conf")))
        return SecretEscape::postgres;
    if (name.ends_with(".conf") || name.ends_with(".acl")) return SecretEscape::plain;
    if (name.ends_with(".sh") || name.ends_with(".env") || name == "env")
        return SecretEscape::forbidden;
    return SecretEscape::none;
}

Result<std::string> fill_template(std::string_view text, SecretEscape escape,
                                  const CredentialLookup& credential) {
    std::string out;
    while (true) {
        auto at = text.find("@credential");
        out += text.substr(0, at);
        if (at == std::string_view::npos) return out;
        text.remove_prefix(at);
        std::string_view rest = text.substr(1);
        bool hashed = rest.starts_with(kHashed);
        if (!hashed && !rest.starts_with(kPlain))
            return fail(Errc::usage, fmt::format("\"{}…\" is neither @credential:NAME@ nor "
                                                 "@credential-sha256:NAME@",
                                                 text.substr(0, 24)));
        rest.remove_prefix(hashed ? kHashed.size() : kPlain.size());
        auto end = std::find_if_not(rest.begin(), rest.end(), is_name_character);
        std::string name(rest.begin(), end);
        if (name.empty() || end == rest.end() || *end != '@')
            return fail(Errc::usage, fmt::format("\"@credential:{}\" has no closing @", name));
        std::string secret = TRY(credential(name));
        out += hashed ? sha256_hex(secret) : TRY(escape_secret(name, secret, escape));
        text = rest.substr(name.size() + 1);
    }
}

Result<std::string> read_credential(const std::string& directory, const std::string& name) {
    const std::string what = fmt::format("credential \"{}\"", name);
    if (directory.empty())
        return fail(Errc::usage, what + " is needed, but $CREDENTIALS_DIRECTORY is not set",
                    "run it as a unit with LoadCredential=" + name);
    auto secret = read_secret_file(directory + "/" + name);
    if (!secret && secret.error().code == Errc::not_found)
        return fail(Errc::usage, what + " was not given to this unit",
                    "its unit needs LoadCredential=" + name);
    if (!secret) return fail(Errc::usage, what + ": " + secret.error().message);
    if (secret->find('\n') != std::string::npos)
        return fail(Errc::usage, what + " has more than one line", "a secret is one line");
    return secret;
}

Result<void> render_secrets(const std::string& from, const std::string& to,
                            const std::vector<std::string>& only,
                            const std::string& credentials_directory, std::uint32_t mode) {
    std::vector<std::string> names = only;
    if (only.empty())
        for (const std::string& name : TRY(list_directory(from)))
            if (name != "probe.toml" && name != "job.toml" &&
                std::filesystem::is_regular_file(from + "/" + name))
                names.push_back(name);
    auto credential = [&](const std::string& name) {
        return read_credential(credentials_directory, name);
    };
    for (const std::string& name : names) {
        const std::string source = from + "/" + name;
        std::string text = TRY(read_file(source));
        std::string filled =
            TRY(fill_template(text, escape_for_file(name), credential).context(source));
        TRY(write_file_durably(to + "/" + name, filled, mode,
                               {.uid = ::geteuid(), .gid = ::getegid()}));
    }
    return {};
}

} // namespace lakebed
