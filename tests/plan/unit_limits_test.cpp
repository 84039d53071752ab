#include "plan/unit_limits.h"

#include <gtest/gtest.h>

#include "support/text.h"

namespace lakebed {
namespace {

using test::all_text;

constexpr std::uint64_t kMiB = 1 << 20;

DesiredUnit java(const std::string& options, const std::string& memory = "1073741824") {
    return {"lakebed-x.service",
            "[Service]\nMemoryMax=" + memory + "\nExecStart=/opt/java " + options +
                " -cp a.jar Main\nLimitNOFILE=1024:65536\n",
            {}};
}

std::string memory_problems(const DesiredUnit& unit) {
    Diagnostics diagnostics;
    check_java_memory(unit, diagnostics);
    return all_text(diagnostics);
}

TEST(UnitLimits, AreReadFromTheUnit) {
    const UnitLimits limits = read_unit_limits(
        java("-Xms1g -Xmx512m -XX:MaxMetaspaceSize=96m -XX:MaxDirectMemorySize=1G").content);
    EXPECT_EQ(limits, (UnitLimits{ByteSize{1024 * kMiB}, 65536, ByteSize{512 * kMiB},
                                  ByteSize{96 * kMiB}, ByteSize{1024 * kMiB}}));
    EXPECT_EQ(read_unit_limits("MemoryMax=infinity\nLimitNOFILE=infinity\n"), UnitLimits{});
}

TEST(JavaMemory, FitsWhatTheUnitAllows) {
    EXPECT_EQ(memory_problems(java("-Xmx700m -XX:MaxMetaspaceSize=128m")), "");
    EXPECT_EQ(memory_problems(java("-Xmx9g", "infinity")), "");
    EXPECT_EQ(memory_problems(java("-Xmx9g -Xmx700m")), ""); // java takes the last
}

TEST(JavaMemory, AboveMemoryMaxIsAnError) {
    EXPECT_EQ(
        memory_problems(java("-Xmx700m -XX:+UseG1GC -Xmx2g")),
        "error: the Java heap of lakebed-x.service is 2 GiB (-Xmx), more than its MemoryMax "
        "of 1 GiB: the kernel would kill it\n"
        "  fix: give it more memory, or take the option away: lakebed sets the heap itself\n");
    EXPECT_EQ(
        memory_problems(java("-Xmx800m -XX:MaxMetaspaceSize=128m "
                             "-XX:MaxDirectMemorySize=128m")),
        "error: Java heap, metaspace and direct memory of lakebed-x.service are together "
        "1056 MiB, more than its MemoryMax of 1024 MiB: the kernel would kill it\n"
        "  fix: give it more memory, or take the option away: lakebed sets the heap itself\n");
}

TEST(OpenFiles, AboveTheHardLimitOfTheMachineAreToldOf) {
    const DesiredUnit modest{"lakebed-y.service", "LimitNOFILE=1024\n", {}};
    Diagnostics diagnostics;
    check_open_files({java(""), modest}, 65536, diagnostics);
    check_open_files({java(""), modest}, 0, diagnostics); // not known
    EXPECT_EQ(all_text(diagnostics), "");
    check_open_files({java(""), modest}, 4096, diagnostics);
    EXPECT_EQ(all_text(diagnostics),
              "warning: this machine allows a process 4096 open files, but lakebed-x.service ask "
              "for up to 65536 (LimitNOFILE=): systemd gives them no more than that\n"
              "  fix: raise fs.nr_open, or the hard limit of the container, to 65536\n");
}

} // namespace
} // namespace lakebed
