#include "sys/digest.h"

#include <gtest/gtest.h>

#include "support/temp_dir.h"
#include "sys/copy.h"
#include "sys/files.h"

#include <fcntl.h>

namespace lakebed {
namespace {

// FIPS 180-2, appendix B.
constexpr const char* kAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(Digest, is_that_of_the_standard) {
    EXPECT_EQ(sha256_hex("abc"), kAbc);
    Sha256 pieces;
    pieces.update("a");
    pieces.update("bc");
    EXPECT_EQ(pieces.finish(), kAbc);
}

TEST(Digest, of_a_file_does_not_depend_on_its_offset) {
    test::TempDir dir;
    UniqueFd fd = *open_file(dir.write("f", "abc"), O_RDONLY);
    ::lseek(fd.get(), 2, SEEK_SET);
    EXPECT_EQ(*sha256_of_fd(fd.get()), kAbc);
    EXPECT_EQ(*sha256_of_file(dir / "f"), kAbc);
}

TEST(Copy, has_the_same_bytes_between_any_two_files) {
    test::TempDir dir;
    std::string content(5'000'000, 'x');
    content[4'999'999] = 'y';
    UniqueFd from = *open_file(dir.write("from", content), O_RDONLY);
    UniqueFd to = *open_file(dir / "to", O_WRONLY | O_CREAT, 0600);
    EXPECT_EQ(*copy_contents(from.get(), to.get()), content.size());
    EXPECT_EQ(*sha256_of_file(dir / "to"), sha256_hex(content));
    // Files of /proc cannot be copied by the kernel itself.
    UniqueFd proc = *open_file("/proc/self/cmdline", O_RDONLY);
    UniqueFd other = *open_file(dir / "other", O_WRONLY | O_CREAT, 0600);
    EXPECT_EQ(*copy_contents(proc.get(), other.get()), read_file("/proc/self/cmdline")->size());
}

} // namespace
} // namespace lakebed
