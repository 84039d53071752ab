#include "depot/depot.h"

#include <sys/stat.h>

#include "base/value.h"
#include "sys/files.h"

namespace lakebed {
namespace {

IndexEntry read_entry(const Value& value, Diagnostics& diagnostics) {
    TableReader reader(value, "artifact", diagnostics);
    IndexEntry entry;
    entry.artifact = reader.require_string("name");
    entry.version = reader.require_string("version");
    entry.file = reader.require_string("file");
    entry.sha256 = reader.require_string("sha256");
    entry.size.bytes = static_cast<std::uint64_t>(reader.integer("size").value_or(0));
    entry.mtime_ns = reader.integer("mtime_ns").value_or(0);
    entry.source = reader.string("source").value_or("");
    reader.finish();
    if (entry.sha256.size() != 64 ||
        entry.sha256.find_first_not_of("0123456789abcdef") != std::string::npos)
        reader.error("sha256", "not a sha256 digest"); // it becomes a file name
    return entry;
}

Table write_entry(const IndexEntry& entry) {
    Table row;
    set(row, "name", entry.artifact);
    set(row, "version", entry.version);
    set(row, "file", entry.file);
    set(row, "sha256", entry.sha256);
    set(row, "size", static_cast<std::int64_t>(entry.size.bytes));
    set(row, "mtime_ns", entry.mtime_ns);
    set(row, "source", entry.source);
    return row;
}

std::string index_path(const std::string& depot) {
    return depot + "/index.toml";
}

} // namespace

std::string stored_path(const std::string& depot, const std::string& sha256) {
    return depot + "/sha256/" + sha256;
}

Result<DepotIndex> read_index(const std::string& depot) {
    DepotIndex index;
    Result<std::string> text = read_file(index_path(depot));
    if (!text && text.error().code == Errc::not_found) return index;
    if (!text) return tl::unexpected(text.error());
    Diagnostics diagnostics;
    Value root = parse_toml(*text, index_path(depot), diagnostics);
    TableReader reader(root, "", diagnostics);
    for (const Value* row : reader.tables("artifact")) {
        IndexEntry entry = read_entry(*row, diagnostics);
        index.entries[entry.artifact] = entry;
    }
    reader.finish();
    Result<void> read = diagnostics.result(Errc::failed);
    if (!read)
        return fail("the depot's index is damaged: " + read.error().message,
                    "remove it and run lakebed fetch again; files that are there are used again");
    return index;
}

Result<void> write_index(const std::string& depot, const DepotIndex& index) {
    Array rows;
    for (const auto& [name, entry] : index.entries) rows.emplace_back(write_entry(entry));
    Table root;
    set(root, "artifact", rows);
    return write_file_durably(index_path(depot),
                              "# What this depot holds; written by lakebed fetch.\n" +
                                  write_toml(root));
}

namespace {

std::optional<struct stat> stat_stored(const std::string& depot, const std::string& sha256) {
    struct stat info {};
    if (::lstat(stored_path(depot, sha256).c_str(), &info) != 0 || !S_ISREG(info.st_mode))
        return std::nullopt;
    return info;
}

std::int64_t time_of(const struct stat& info) {
    return std::int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec;
}

} // namespace

std::optional<std::int64_t> stored_time(const std::string& depot, const std::string& sha256) {
    std::optional<struct stat> info = stat_stored(depot, sha256);
    if (!info) return std::nullopt;
    return time_of(*info);
}

bool is_stored(const std::string& depot, const IndexEntry& entry) {
    std::optional<struct stat> info = stat_stored(depot, entry.sha256);
    return info && static_cast<std::uint64_t>(info->st_size) == entry.size.bytes &&
           time_of(*info) == entry.mtime_ns;
}

Result<std::map<std::string, IndexEntry>> read_depot(const std::string& depot) {
    DepotIndex index = TRY(read_index(depot));
    std::erase_if(index.entries, [&](const auto& row) { return !is_stored(depot, row.second); });
    return std::move(index.entries);
}

} // namespace lakebed
