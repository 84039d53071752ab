#include "input/guard_conf.h"

#include "input/shapes.h"

namespace lakebed {

GuardConf read_guard_conf(const Value& value, Diagnostics& diagnostics) {
    TableReader reader(value, "guards", diagnostics);
    GuardConf conf;
    conf.min_free = read_size(reader, "min_free");
    conf.resume_free = read_size(reader, "resume_free");
    conf.min_free_inodes = reader.integer("min_free_inodes");
    if (conf.min_free_inodes && *conf.min_free_inodes < 0)
        reader.error("min_free_inodes", "guards.min_free_inodes must not be negative");
    reader.finish();
    return conf;
}

} // namespace lakebed
