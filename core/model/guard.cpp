#include "model/guard.h"

#include <fmt/format.h>

namespace lakebed {
namespace {

std::uint64_t read_amount(TableReader& reader, std::string_view key) {
    const std::int64_t amount = reader.integer(key).value_or(0);
    if (amount >= 0) return static_cast<std::uint64_t>(amount);
    reader.error(key, reader.name(key) + " is negative");
    return 0;
}

} // namespace

GuardCheck read_guard_check(const Value& value, const std::string& path, Diagnostics& diagnostics) {
    TableReader reader(value, path, diagnostics);
    const std::string kind = reader.require_string("kind");
    GuardCheck check;
    if (kind == "disk") {
        DiskCheck disk;
        disk.path = reader.require_string("path");
        disk.min_free.bytes = read_amount(reader, "min_free");
        disk.resume_free.bytes = read_amount(reader, "resume_free");
        disk.min_free_inodes = read_amount(reader, "min_free_inodes");
        if (disk.resume_free < disk.min_free)
            reader.error("resume_free",
                         fmt::format("{} is less than {}", reader.name("resume_free"),
                                     reader.name("min_free")));
        check = disk;
    } else if (kind == "port") {
        PortCheck port;
        port.unit = reader.require_string("unit");
        port.addresses = reader.strings("addresses");
        check = port;
    } else {
        check = ClockCheck{};
        if (kind != "clock" && !kind.empty())
            reader.error("kind", fmt::format("unknown kind of guard \"{}\"", kind),
                         "one of disk, clock, port");
    }
    reader.finish();
    return check;
}

Table write_guard_check(const GuardCheck& check) {
    Table table;
    if (const auto* disk = std::get_if<DiskCheck>(&check)) {
        set(table, "kind", "disk");
        set(table, "path", disk->path);
        set(table, "min_free", static_cast<std::int64_t>(disk->min_free.bytes));
        set(table, "resume_free", static_cast<std::int64_t>(disk->resume_free.bytes));
        set(table, "min_free_inodes", static_cast<std::int64_t>(disk->min_free_inodes));
    } else if (const auto* port = std::get_if<PortCheck>(&check)) {
        set(table, "kind", "port");
        set(table, "unit", port->unit);
        set(table, "addresses", Array(port->addresses.begin(), port->addresses.end()));
    } else {
        set(table, "kind", "clock");
    }
    return table;
}

} // namespace lakebed
