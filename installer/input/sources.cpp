#include "input/sources.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/suggest.h"
#include "input/shapes.h"

namespace lakebed {
namespace {

const std::vector<std::string> kKinds = {"maven", "pypi", "go", "url", "file"};

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> parts;
    while (true) {
        std::size_t at = text.find(separator);
        parts.emplace_back(text.substr(0, at));
        if (at == std::string_view::npos) return parts;
        text.remove_prefix(at + 1);
    }
}

// Coordinates become arguments of the package clients: none of them may be empty, an option, or
// hold anything that a client could take for something else.
bool is_coordinate(std::string_view text) {
    return !text.empty() && text.front() != '-' &&
           text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "._+-~!/") == std::string_view::npos;
}

std::optional<Source> read_maven(TableReader& reader, const std::string& text) {
    auto parts = split(text, ':');
    if (parts.size() < 3 || parts.size() > 5 || !std::ranges::all_of(parts, is_coordinate)) {
        reader.error("maven", fmt::format("\"{}\" is no maven coordinate", text),
                     "write \"group:artifact:version[:type[:classifier]]\"");
        return {};
    }
    MavenSource source{parts[0], parts[1], parts[2]};
    if (parts.size() > 3) source.type = parts[3];
    if (parts.size() > 4) source.classifier = parts[4];
    return source;
}

std::optional<Source> read_pypi(TableReader& reader, const std::string& text) {
    PypiSource source;
    std::size_t equals = text.find("==");
    if (equals != std::string::npos) {
        source.name = text.substr(0, equals);
        source.version = text.substr(equals + 2);
    }
    source.python = reader.string("python").value_or("");
    source.implementation = reader.string("implementation").value_or("");
    source.abi = reader.string("abi").value_or("");
    source.platform = reader.string("platform").value_or("");
    if (!is_coordinate(source.name) || !is_coordinate(source.version)) {
        reader.error("pypi", fmt::format("\"{}\" is no pypi requirement", text),
                     "write \"name==version\"");
        return {};
    }
    int tags = 0;
    for (const auto& tag : {source.python, source.implementation, source.abi, source.platform}) {
        if (tag.empty()) continue;
        ++tags;
        if (!is_coordinate(tag)) {
            reader.error("pypi", fmt::format("\"{}\" is no wheel tag", tag));
            return {};
        }
    }
    if (tags != 0 && tags != 4) {
        reader.error("pypi", "a wheel needs all of python, implementation, abi and platform",
                     "each tag has another digest; leave all four out for an sdist");
        return {};
    }
    return source;
}

std::optional<Source> read_go(TableReader& reader, const std::string& text) {
    GoSource source;
    std::size_t at = text.rfind('@');
    if (at != std::string::npos) {
        source.module = text.substr(0, at);
        source.version = text.substr(at + 1);
    }
    source.package = reader.string("package").value_or("");
    source.h1 = reader.require_string("h1");
    source.binary = reader.string("binary").value_or("");
    if (!is_coordinate(source.module) || !is_coordinate(source.version) ||
        source.version.front() != 'v') {
        reader.error("go", fmt::format("\"{}\" is no go module", text), "write \"module@version\"");
        return {};
    }
    if (!source.package.empty() &&
        (!is_relative_path(source.package) || !is_coordinate(source.package))) {
        reader.error("package", fmt::format("\"{}\" is no package of a module", source.package));
        return {};
    }
    if (!source.binary.empty() && !is_file_name(source.binary)) {
        reader.error("binary", fmt::format("\"{}\" is no file name", source.binary));
        return {};
    }
    if (!source.h1.starts_with("h1:")) {
        reader.error("h1", fmt::format("\"{}\" is no go.sum hash", source.h1),
                     "it begins with h1:");
        return {};
    }
    return source;
}

std::optional<Source> read_url(TableReader& reader, const std::string& text) {
    bool known = text.starts_with("https://") || text.starts_with("http://");
    if (!known || text.find_first_of(" \t\r\n") != std::string::npos) {
        reader.error("url", fmt::format("\"{}\" is no http or https address", text));
        return {};
    }
    return UrlSource{text};
}

std::optional<Source> read_file_source(TableReader& reader, const std::string& text) {
    if (!text.starts_with('/')) {
        reader.error("file", fmt::format("\"{}\" is not an absolute path", text));
        return {};
    }
    return FileSource{text};
}

} // namespace

std::optional<Source> read_source(const Value& value, Diagnostics& diagnostics) {
    const Table* table = value.table();
    if (!table) {
        diagnostics.error(value.pos,
                          fmt::format("a source is {}, expected a table", type_name(value)),
                          "write { maven = \"group:artifact:version\" }");
        return {};
    }
    std::string kind;
    for (const Member& member : *table) {
        if (std::ranges::find(kKinds, member.key) == kKinds.end()) continue;
        if (!kind.empty()) {
            diagnostics.error(
                member.key_pos,
                fmt::format("a source is of one kind, not {} and {}", kind, member.key),
                "write one table for each source");
            return {};
        }
        kind = member.key;
    }
    if (kind.empty()) {
        std::optional<std::string> near;
        SourcePos pos = value.pos;
        for (const Member& member : *table) {
            if ((near = closest(member.key, kKinds))) {
                pos = member.key_pos;
                break;
            }
        }
        diagnostics.error(pos, "a source needs one of maven, pypi, go, url, file",
                          near ? fmt::format("did you mean {}?", *near) : std::string());
        return {};
    }
    TableReader reader(value, "source", diagnostics);
    auto text = reader.string(kind);
    std::optional<Source> source;
    if (text) {
        if (kind == "maven") source = read_maven(reader, *text);
        if (kind == "pypi") source = read_pypi(reader, *text);
        if (kind == "go") source = read_go(reader, *text);
        if (kind == "url") source = read_url(reader, *text);
        if (kind == "file") source = read_file_source(reader, *text);
    }
    if (source) reader.finish();
    return source;
}

} // namespace lakebed
