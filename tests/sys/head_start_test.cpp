#include "sys/head_start.h"

#include <chrono>

#include <gmock/gmock.h>

#include "support/temp_dir.h"
#include "sys/files.h"

namespace lakebed {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(HeadStart, finds_our_own_group) {
    EXPECT_THAT(own_cgroup_procs("0::/system.slice/lakebedd.service\n"),
                ElementsAre("/sys/fs/cgroup/system.slice/lakebedd.service/cgroup.procs",
                            "/sys/fs/cgroup/unified/system.slice/lakebedd.service/cgroup.procs"));
    EXPECT_THAT(
        own_cgroup_procs("3:pids:/\n1:name=systemd:/a\n0::/b\n"),
        ElementsAre("/sys/fs/cgroup/b/cgroup.procs", "/sys/fs/cgroup/unified/b/cgroup.procs"));
    EXPECT_THAT(own_cgroup_procs("1:name=systemd:/system.slice\n"), IsEmpty());
    EXPECT_THAT(own_cgroup_procs(""), IsEmpty());
}

TEST(HeadStart, writes_once_it_is_given) {
    test::TempDir dir;
    const std::string file = dir / "cgroup.procs";
    ASSERT_TRUE(write_file_durably(file, ""));
    {
        HeadStart head_start({dir / "missing", file});
        EXPECT_EQ(*read_file(file), "");
        head_start.give();
        head_start.give();
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
        while (read_file(file)->empty() && std::chrono::steady_clock::now() < until)
            std::this_thread::yield();
    }
    EXPECT_EQ(*read_file(file), "0");
}

TEST(HeadStart, does_nothing_where_it_may_not) {
    test::TempDir dir;
    HeadStart head_start({dir / "missing"});
    head_start.give();
    EXPECT_THAT(*list_directory(dir.path()), IsEmpty());
}

} // namespace
} // namespace lakebed
