#include "init/class_archives.h"

#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "support/temp_dir.h"
#include "support/text.h"
#include "sys/files.h"

namespace lakebed {
namespace {

using test::TempDir;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class JvmArgumentsFile : public ::testing::Test {
  protected:
    std::string written(const std::string& archive) {
        auto done = write_jvm_arguments(archive, place_.path(), 0640);
        return done ? read_file(place_ / "jvm.args").value() : "error: " + done.error().message;
    }
    std::string recording() const {
        return "-XX:DumpLoadedClassList=" + place_.path() + "/classes.list\n";
    }
    TempDir place_;
};

TEST_F(JvmArgumentsFile, RecordsWhatIsLoadedWhileThereIsNoArchive) {
    EXPECT_EQ(written(place_ / "x.jsa"), recording());
    struct stat info {};
    ASSERT_EQ(::stat((place_ / "jvm.args").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777U, 0640U);
}

TEST_F(JvmArgumentsFile, UsesAnArchiveThatOnlyRootCanHaveWritten) {
    EXPECT_EQ(written("/etc/passwd"), "-XX:SharedArchiveFile=/etc/passwd\n"); // root's, 0644
    std::string archive = place_.write("x.jsa", "an archive");
    ASSERT_EQ(::chmod(archive.c_str(), 0666), 0);
    EXPECT_EQ(written(archive), recording());
    ASSERT_EQ(::chmod(archive.c_str(), 0644), 0);
    if (::geteuid() == 0) {
        ASSERT_EQ(::chown(archive.c_str(), 65534, 65534), 0);
    }
    EXPECT_EQ(written(archive), recording());
}

TEST_F(JvmArgumentsFile, UsesNoLinkNoDirectoryAndNoPipe) {
    std::filesystem::create_symlink("/etc/passwd", place_ / "link.jsa");
    std::filesystem::create_directory(place_ / "directory.jsa");
    ASSERT_EQ(::mkfifo((place_ / "pipe.jsa").c_str(), 0644), 0);
    for (const char* name : {"link.jsa", "directory.jsa", "pipe.jsa"})
        EXPECT_EQ(written(place_ / name), recording()) << name;
}

TEST_F(JvmArgumentsFile, CannotBeMadeToHoldOtherArguments) {
    for (const char* path : {"x.jsa", "/x -XX:Flags=/y", "/x\n-javaagent:/y", "/x\"", "/x#", ""})
        EXPECT_THAT(written(path), HasSubstr("error: ")) << path;
    EXPECT_FALSE(std::filesystem::exists(place_ / "jvm.args"));
}

TEST(ClassArchives, AreRemovedWhenNoUnitNamesThem) {
    TempDir place;
    for (const char* name : {"a-00000001.jsa", "a-00000002.jsa", ".b-00000003.jsa.part", "README"})
        place.write(name, "");
    std::vector<std::string> said;
    auto done = sweep_class_archives(
        place.path(), [](const std::string& name) { return name == "a-00000002.jsa"; },
        [&](const std::string& line) { said.push_back(line); });
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_THAT(list_directory(place.path()).value(), ElementsAre("README", "a-00000002.jsa"));
    EXPECT_EQ(said.size(), 2U);
}

TEST(ClassArchives, ElsewhereOrOfAnotherServiceAreRefused) {
    TempDir place;
    UniqueFd self = open_file("/proc/self", O_RDONLY | O_DIRECTORY).value();
    ArchiveOptions options{.directory = place / "cds", .scratch = place.path()};
    for (const std::string& archive :
         {std::string("/etc/x-0123abcd.jsa"), place / "cds/../x-0123abcd.jsa",
          place / "cds/sub/x-0123abcd.jsa", place / "cds/y-0123abcd.jsa", place / "cds/x.jsa",
          std::string()}) {
        auto made = make_class_archive({.unit = "lakebed-x.service",
                                        .service = "x",
                                        .process = self.get(),
                                        .runtime = place.path(),
                                        .archive = archive},
                                       options, [](const std::string&) {});
        ASSERT_FALSE(made) << archive;
        EXPECT_EQ(made.error().code, Errc::refused) << made.error().message;
        EXPECT_THAT(made.error().message, HasSubstr("its unit names"));
    }
}

} // namespace
} // namespace lakebed
