#include "driver/disk_space.h"

#include <chrono>
#include <filesystem>
#include <thread>

#include <gtest/gtest.h>

namespace lakebed {
namespace {

constexpr std::string_view kMounts =
    R"(22 1 0:20 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
30 22 0:30 / /srv rw shared:2 - xfs /dev/vdb rw
31 22 0:31 / /srv/my\040lake rw shared:3 - nfs4 server:/lake rw
32 30 0:32 / /srv/top rw shared:4 - ext4 /dev/vdc rw
33 32 0:33 / /srv/top rw shared:5 - fuse.sshfs host:/ rw
)";

TEST(Mountinfo, TellsWhatAPathLiesOn) {
    EXPECT_EQ(file_system_of(kMounts, "/var/lib/lakebed"), "ext4");
    EXPECT_EQ(file_system_of(kMounts, "/srv"), "xfs");
    EXPECT_EQ(file_system_of(kMounts, "/srvother"), "ext4");
    EXPECT_EQ(file_system_of(kMounts, "/srv/my lake/data"), "nfs4");
    EXPECT_EQ(file_system_of(kMounts, "/srv/top/data"), "fuse.sshfs"); // mounted over another
    EXPECT_EQ(file_system_of("", "/srv"), "");
}

TEST(Mountinfo, NamesWhatMayHang) {
    EXPECT_FALSE(may_hang("ext4"));
    EXPECT_FALSE(may_hang("overlay"));
    EXPECT_TRUE(may_hang("nfs4"));
    EXPECT_TRUE(may_hang("fuse.sshfs"));
    EXPECT_TRUE(may_hang("")); // not known
}

TEST(Space, IsReadFromTheFileSystem) {
    Result<Space> space = read_space(std::filesystem::temp_directory_path().string());
    ASSERT_TRUE(space);
    EXPECT_GT(space->size, 0u);
    EXPECT_GE(space->size, space->free);
    EXPECT_FALSE(read_space("/nonexistent/place"));
}

// Polls until the child has answered; it takes a moment to be forked.
Result<Space> await(SpaceReader& reader, const std::string& path) {
    for (int i = 0; i < 10000; ++i) {
        if (auto space = reader.read_by_child(path)) return *space;
        std::this_thread::yield();
    }
    return fail("no answer");
}

TEST(Space, IsReadByAChildWhereTheFileSystemMayHang) {
    SpaceReader reader;
    const std::string path = std::filesystem::temp_directory_path().string();
    EXPECT_EQ(reader.read_by_child(path), std::nullopt); // nobody waits for it
    const Result<Space> space = await(reader, path);
    ASSERT_TRUE(space);
    EXPECT_EQ(space->size, read_space(path)->size);
    const Result<Space> missing = await(reader, "/nonexistent/place");
    ASSERT_FALSE(missing);
    EXPECT_NE(missing.error().message.find("/nonexistent/place"), std::string::npos);
}

} // namespace
} // namespace lakebed
