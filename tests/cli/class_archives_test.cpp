#include "cli/class_archives.h"

#include <gmock/gmock.h>

#include "support/temp_dir.h"

namespace lakebed::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

GraphNode node(const std::string& name, bool jvm) {
    return {.name = name, .unit = "lakebed-" + name + ".service", .jvm = jvm};
}

TEST(ClassArchives, AreMissingWhereAUnitNamesAFileThatIsNotThere) {
    TempDir place;
    Paths paths;
    paths.units = place.path();
    auto unit = [&](const std::string& name, const std::string& archive) {
        place.write(name, "[Service]\nExecStartPre=/l/lakebed-init render /c /r" + archive + "\n");
    };
    unit("lakebed-there.service", " --class-archive " + place.write("there.jsa", ""));
    unit("lakebed-worker@.service", " --class-archive " + (place / "worker.jsa"));
    unit("lakebed-without.service", "");
    unit("lakebed-native.service", " --class-archive " + (place / "native.jsa"));
    ServiceGraph graph{.nodes = {node("there", true), node("worker@1", true), node("without", true),
                                 node("native", false), node("no-unit-file", true)}};
    EXPECT_THAT(missing_class_archives(paths, graph), ElementsAre("worker@1"));
    place.write("worker.jsa", "");
    EXPECT_THAT(missing_class_archives(paths, graph), IsEmpty());
}

} // namespace
} // namespace lakebed::test
