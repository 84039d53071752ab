#include "depot/sniff.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include <fmt/format.h>

namespace lakebed {
namespace {

enum class Magic { zip, gzip, xz, elf, html, json, xml, text, nothing, unknown };

std::string lower(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return result;
}

bool is_text(std::string_view bytes) {
    return std::none_of(bytes.begin(), bytes.end(), [](unsigned char c) {
        return c < 0x20 && c != '\n' && c != '\r' && c != '\t';
    });
}

Magic magic_of(std::string_view bytes) {
    using namespace std::string_view_literals;
    if (bytes.empty()) return Magic::nothing;
    if (bytes.starts_with("PK\x03\x04"sv) || bytes.starts_with("PK\x05\x06"sv)) return Magic::zip;
    if (bytes.starts_with("\x1f\x8b"sv)) return Magic::gzip;
    if (bytes.starts_with("\xfd\x37zXZ\0"sv)) return Magic::xz;
    if (bytes.starts_with("\x7f"
                          "ELF"sv))
        return Magic::elf;
    if (!is_text(bytes)) return Magic::unknown;
    std::string head = lower(bytes.substr(0, 1024));
    head.erase(0, std::min(head.find_first_not_of(" \t\r\n"), head.size()));
    if (head.starts_with("<!doctype html") || head.find("<html") != std::string::npos)
        return Magic::html;
    if (head.starts_with("<?xml")) return Magic::xml;
    if (head.starts_with('{') || head.starts_with('[')) return Magic::json;
    return Magic::text;
}

// What a reader recognises it by: the title of a page, else the first line with something in it.
std::string headline(std::string_view bytes) {
    std::string small = lower(bytes);
    if (std::size_t title = small.find("<title>"); title != std::string::npos)
        bytes = bytes.substr(title + 7, small.find("</title>", title) - title - 7);
    std::string line;
    for (char c : bytes) {
        if (c == '\n' && !line.empty()) break;
        if (static_cast<unsigned char>(c) >= 0x20 && (c != ' ' || !line.empty())) line.push_back(c);
        if (line.size() >= 100) break;
    }
    return line;
}

std::string_view name_of(Magic magic) {
    switch (magic) {
    case Magic::zip:
        return "a zip archive";
    case Magic::gzip:
        return "gzip data";
    case Magic::xz:
        return "xz data";
    case Magic::elf:
        return "an ELF program";
    case Magic::html:
        return "an HTML page";
    case Magic::json:
        return "a JSON text";
    case Magic::xml:
        return "an XML text";
    case Magic::text:
        return "a text";
    case Magic::nothing:
        return "an empty file";
    case Magic::unknown:
        break;
    }
    return "something unknown";
}

struct Wanted {
    Magic magic;
    std::string_view name;
};

std::optional<Wanted> wanted(ContentType type) {
    switch (type) {
    case ContentType::jar:
        return Wanted{Magic::zip, "a jar"};
    case ContentType::zip:
        return Wanted{Magic::zip, "a zip archive"};
    case ContentType::tar_gz:
        return Wanted{Magic::gzip, "a tar.gz archive"};
    case ContentType::tar_xz:
        return Wanted{Magic::xz, "a tar.xz archive"};
    case ContentType::elf:
        return Wanted{Magic::elf, "an ELF program"};
    case ContentType::any:
        break;
    }
    return std::nullopt;
}

} // namespace

std::string describe_content(std::string_view first_bytes) {
    Magic magic = magic_of(first_bytes);
    bool readable =
        magic == Magic::html || magic == Magic::json || magic == Magic::xml || magic == Magic::text;
    if (!readable) return std::string(name_of(magic));
    return fmt::format("{} (\"{}\")", name_of(magic), headline(first_bytes));
}

Result<void> check_content(std::string_view first_bytes, ContentType type) {
    std::optional<Wanted> want = wanted(type);
    Magic magic = magic_of(first_bytes);
    if (!want || magic == want->magic) return {};
    std::string hint = magic == Magic::html
                           ? "a proxy or login page answered in its place: check the proxy settings"
                           : "";
    return fail(Errc::verification,
                fmt::format("got {} instead of {}", describe_content(first_bytes), want->name),
                hint);
}

} // namespace lakebed
