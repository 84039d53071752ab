// Reader of [memory] and [memory.parts].
#include <algorithm>

#include <fmt/format.h>

#include "base/suggest.h"
#include "input/conf_reading.h"
#include "input/shapes.h"

namespace lakebed {
namespace {

bool is_part_name(std::string_view name) {
    return is_name(name) && name.find_first_of(".+") == std::string_view::npos;
}

void read_fraction(const Member& member, MemoryPart& part, Diagnostics& diagnostics) {
    TableReader reader(member.value, "memory.parts." + member.key, diagnostics);
    part.kind = MemoryPart::Kind::fraction;
    part.fraction = reader.number("fraction").value_or(0);
    part.min = read_size(reader, "min").value_or(ByteSize{});
    part.max = read_size(reader, "max").value_or(ByteSize{});
    if (!(part.fraction > 0 && part.fraction <= 1))
        reader.error("fraction", reader.name("fraction") + " must be above 0 and at most 1",
                     "it is a part of the service's memory");
    if (part.max.bytes != 0 && part.max < part.min)
        reader.error("max", fmt::format("{} is less than min", reader.name("max")));
    reader.finish();
}

void read_sum(const Member& member, MemoryPart& part, const std::vector<MemoryPart>& above,
              Diagnostics& diagnostics) {
    std::vector<std::string> known;
    for (const MemoryPart& other : above) known.push_back(other.name);
    part.kind = MemoryPart::Kind::sum;
    for (const Value& item : *member.value.array()) {
        const std::string* name = item.string();
        if (name && std::ranges::find(known, *name) != known.end()) {
            part.of.push_back(*name);
            continue;
        }
        auto near = name ? closest(*name, known) : std::nullopt;
        diagnostics.error(item.pos,
                          name ? fmt::format("memory.parts.{}: there is no part \"{}\" above it",
                                             member.key, *name)
                               : fmt::format("memory.parts.{} holds {}, expected names of parts",
                                             member.key, type_name(item)),
                          near ? fmt::format("did you mean \"{}\"?", *near)
                               : "a sum is of parts that stand above it");
    }
    if (member.value.array()->empty())
        diagnostics.error(member.value.pos,
                          fmt::format("memory.parts.{} is a sum of nothing", member.key));
}

MemoryPart read_part(const Member& member, const std::vector<MemoryPart>& above,
                     Diagnostics& diagnostics) {
    MemoryPart part;
    part.name = member.key;
    part.pos = member.key_pos;
    if (!is_part_name(member.key))
        diagnostics.error(member.key_pos,
                          fmt::format("\"{}\" is no name for a part of memory", member.key),
                          "lower-case letters, digits and _ -");
    const std::string* text = member.value.string();
    if (member.value.table()) {
        read_fraction(member, part, diagnostics);
    } else if (member.value.array()) {
        read_sum(member, part, above, diagnostics);
    } else if (text && *text == "rest") {
        part.kind = MemoryPart::Kind::rest;
        if (std::ranges::find(above, MemoryPart::Kind::rest, &MemoryPart::kind) != above.end())
            diagnostics.error(member.value.pos, "memory.parts has two that take the rest",
                              "there is one rest");
    } else {
        auto size = text ? parse_size(*text) : std::nullopt;
        if (!size || size->bytes == 0)
            diagnostics.error(
                member.value.pos, fmt::format("memory.parts.{} is no part", member.key),
                "write \"192MiB\", { fraction = 0.1 }, \"rest\", or [\"PART\", \"PART\"]");
        part.size = size.value_or(ByteSize{});
    }
    return part;
}

} // namespace

MemoryConf read_memory(const Value& value, Diagnostics& diagnostics) {
    TableReader reader(value, "memory", diagnostics);
    MemoryConf memory;
    memory.share = reader.number("share").value_or(0);
    memory.heap = reader.number("heap").value_or(0);
    memory.min = read_size(reader, "min").value_or(ByteSize{});
    memory.min_pos = reader.pos("min");
    memory.max = read_size(reader, "max").value_or(ByteSize{});
    if (!(memory.share > 0 && memory.share <= 1000))
        reader.error("share", "memory.share must be a number above 0",
                     "shares count against each other: 0.2 gets twice what 0.1 gets");
    if (!(memory.heap >= 0 && memory.heap <= 1))
        reader.error("heap",
                     "memory.heap must be within 0 and 1: it is a part of the service's memory");
    if (memory.min.bytes == 0) reader.error("min", "memory.min is missing");
    if (memory.max.bytes != 0 && memory.max < memory.min)
        reader.error("max", "memory.max is less than memory.min");
    if (const Value* parts = reader.table("parts"))
        for (const Member& member : *parts->table())
            memory.parts.push_back(read_part(member, memory.parts, diagnostics));
    reader.finish();
    return memory;
}

} // namespace lakebed
