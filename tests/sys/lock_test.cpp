#include "sys/lock.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include "support/temp_dir.h"

namespace lakebed {
namespace {

using testing::HasSubstr;

TEST(Lock, that_is_taken_names_its_holder) {
    test::TempDir dir;
    Result<FileLock> first = FileLock::acquire(dir / "run/lock", "apply");
    ASSERT_TRUE(first) << first.error().message;
    Result<FileLock> second = FileLock::acquire(dir / "run/lock", "fetch");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Errc::locked);
    EXPECT_THAT(second.error().message, HasSubstr("pid " + std::to_string(::getpid())));
    EXPECT_THAT(second.error().message, HasSubstr("apply, since "));
}

TEST(Lock, can_be_taken_again_once_it_was_let_go) {
    test::TempDir dir;
    { ASSERT_TRUE(FileLock::acquire(dir / "lock", "a rather long verb")); }
    ASSERT_TRUE(FileLock::acquire(dir / "lock", "up"));
}

TEST(Lock, does_not_follow_a_link) {
    test::TempDir dir;
    std::string target = dir.write("target", "precious");
    std::filesystem::create_symlink(target, dir / "lock");
    EXPECT_FALSE(FileLock::acquire(dir / "lock", "apply"));
}

} // namespace
} // namespace lakebed
