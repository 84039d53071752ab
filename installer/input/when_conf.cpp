// Reader of [when.*].
#include <fmt/format.h>

#include "base/suggest.h"
#include "input/conf_layers.h"
#include "input/conf_reading.h"

namespace lakebed {
namespace {

void check_keys(const Member& member, const ServiceConf& conf, Diagnostics& diagnostics) {
    TableReader reader(member.value, "when." + member.key, diagnostics);
    (void)reader.tables("file");
    if (!is_host_condition(member.key)) {
        // Files are rendered once all variables are known; memory and instances come before.
        auto near = closest(member.key, {"small", "standard", "fenced"});
        for (const Member& other : *member.value.table())
            if (other.key != "file")
                diagnostics.error(other.key_pos,
                                  fmt::format("when.{}.{}: a condition on a variable brings files "
                                              "only",
                                              member.key, other.key),
                                  near ? fmt::format("did you mean when.{}?", *near)
                                       : "small, standard and fenced may bring more");
        return;
    }
    (void)reader.table("variables");
    if (!conf.shared) {
        (void)reader.table("memory");
        if (const Value* service = reader.table("service")) {
            TableReader keys(*service, reader.name("service"), diagnostics);
            (void)keys.any("instances");
            (void)keys.any("start_timeout");
            keys.finish();
        }
    }
    reader.finish();
}

} // namespace

bool is_host_condition(std::string_view condition) {
    return condition == "small" || condition == "standard" || condition == "fenced";
}

std::vector<WhenConf> read_when(const Value& when, const ServiceConf& conf,
                                Diagnostics& diagnostics) {
    std::vector<WhenConf> read;
    for (const Member& member : *when.table()) {
        if (!member.value.table()) {
            diagnostics.error(member.value.pos, fmt::format("when.{} is {}, expected a table",
                                                            member.key, type_name(member.value)));
            continue;
        }
        Diagnostics keys;
        check_keys(member, conf, keys);
        add_new(diagnostics, keys);
        if (keys.has_errors()) continue;
        Value tried = conf.source;
        lay_over(*tried.table(), *member.value.table());
        Diagnostics found;
        (void)read_conf_tables(tried, !conf.include.empty(), found);
        add_new(diagnostics, found);
        read.push_back({member.key, member.value, member.key_pos});
    }
    return read;
}

} // namespace lakebed
