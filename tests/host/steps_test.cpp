#include <sys/stat.h>

#include <gmock/gmock.h>

#include "host_fixture.h"

namespace lakebed {
namespace {

using testing::HasSubstr;

struct HostStep : test::HostTest {
    Result<void> perform(const Step& step) {
        test::FilesHost files = host();
        return files.perform(step, {});
    }
    static std::uint32_t mode_of(const std::string& path) {
        struct stat info {};
        EXPECT_EQ(::lstat(path.c_str(), &info), 0) << path;
        return info.st_mode & 07777;
    }
    static ino_t inode_of(const std::string& path) {
        struct stat info {};
        EXPECT_EQ(::lstat(path.c_str(), &info), 0) << path;
        return info.st_ino;
    }
};
using EnsureDirStep = HostStep;
using EnsureSecretStep = HostStep;
using UnpackStep = HostStep;
using FileStep = HostStep;

TEST_F(EnsureDirStep, makes_it_with_its_mode_whatever_the_umask) {
    for (mode_t mask : {mode_t{0}, mode_t{077}}) {
        mode_t before = ::umask(mask);
        std::string path = dir / ("d" + std::to_string(mask));
        ASSERT_TRUE(perform(directory(path + "/data", 0750)));
        ::umask(before);
        EXPECT_EQ(mode_of(path), 0755U);
        EXPECT_EQ(mode_of(path + "/data"), 0750U);
    }
}

TEST_F(EnsureDirStep, marks_it_and_accepts_its_own_marker_later) {
    Step step = directory(dir / "data", 0700, "site-a");
    ASSERT_TRUE(perform(step));
    dir.write("data/PG_VERSION", "17");
    ASSERT_TRUE(perform(step));
    EXPECT_THAT(test::file_text(dir / "data/.lakebed"), HasSubstr("site_id = \"site-a\""));
}

TEST_F(EnsureDirStep, refuses_another_sites_directory) {
    ASSERT_TRUE(perform(directory(dir / "data", 0700, "site-a")));
    Result<void> result = perform(directory(dir / "data", 0700, "site-b"));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Errc::refused);
    EXPECT_THAT(result.error().message, HasSubstr("belongs to another site (site-a)"));
}

TEST_F(EnsureDirStep, refuses_files_that_are_not_ours_and_touches_nothing) {
    dir.write("data/precious", "x");
    std::filesystem::permissions(dir / "data", std::filesystem::perms(0711));
    Result<void> result = perform(directory(dir / "data", 0700, "site-a"));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Errc::refused);
    EXPECT_EQ(mode_of(dir / "data"), 0711U);
    EXPECT_FALSE(std::filesystem::exists(dir / "data/.lakebed"));
}

TEST_F(EnsureDirStep, takes_a_fresh_file_system) {
    std::filesystem::create_directories(dir / "data/lost+found");
    EXPECT_TRUE(perform(directory(dir / "data", 0700, "site-a")));
}

TEST_F(EnsureDirStep, refuses_a_link) {
    std::filesystem::create_directories(dir / "elsewhere");
    std::filesystem::create_symlink(dir / "elsewhere", dir / "data");
    Result<void> result = perform(directory(dir / "data", 0700, "site-a"));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Errc::refused);
    EXPECT_TRUE(std::filesystem::is_empty(dir / "elsewhere"));
}

TEST_F(EnsureDirStep, follows_no_link_in_the_markers_place) {
    dir.write("target", "site_id = \"site-a\"\n");
    std::filesystem::create_directories(dir / "data");
    dir.write("data/precious", "x");
    std::filesystem::create_symlink(dir / "target", dir / "data/.lakebed");
    EXPECT_FALSE(perform(directory(dir / "data", 0700, "site-a")));
}

TEST_F(EnsureSecretStep, makes_one_that_only_its_owner_reads) {
    for (mode_t mask : {mode_t{0}, mode_t{077}}) {
        mode_t before = ::umask(mask);
        std::string path = dir / ("secret" + std::to_string(mask));
        ASSERT_TRUE(perform(EnsureSecret{{"pg", path, 32, ""}}));
        ::umask(before);
        EXPECT_EQ(mode_of(path), 0600U);
        EXPECT_THAT(test::file_text(path), testing::MatchesRegex("[A-Za-z0-9]{32}\n"));
    }
    EXPECT_NE(test::file_text(dir / "secret0"), test::file_text(dir / "secret63"));
}

TEST_F(EnsureSecretStep, never_overwrites) {
    std::string path = dir.write("secret", "by hand");
    ASSERT_TRUE(perform(EnsureSecret{{"pg", path, 32, ""}}));
    ASSERT_TRUE(perform(EnsureSecret{{"pg", path, 0, "value"}}));
    EXPECT_EQ(test::file_text(path), "by hand");
}

TEST_F(EnsureSecretStep, says_when_the_operators_file_is_missing_or_empty) {
    EXPECT_THAT(perform(EnsureSecret{{"pg", dir / "none", 0, ""}}).error().message,
                HasSubstr("does not exist"));
    std::string path = dir.write("empty", "");
    EXPECT_EQ(perform(EnsureSecret{{"pg", path, 32, ""}}).error().code, Errc::refused);
}

TEST_F(UnpackStep, lays_out_archives_and_files) {
    Unpack step = unpack_step("hive",
                              {{.artifact = "hive", .unpack = true, .strip = 1},
                               {.artifact = "driver", .to = "lib"},
                               {.artifact = "driver", .to = "bin", .rename = "tool", .mode = 0755}},
                              {{artifact("hive", "hive.tar.gz", tar), tar},
                               {artifact("driver", "postgresql-42.jar", jar), jar}});
    ASSERT_TRUE(perform(step));
    EXPECT_EQ(test::file_text(step.entry.path + "/bin/start"), "#!/bin/sh\n");
    EXPECT_EQ(test::file_text(step.entry.path + "/lib/postgresql-42.jar"), jar);
    EXPECT_EQ(mode_of(step.entry.path), 0755U);
    EXPECT_EQ(mode_of(step.entry.path + "/bin/start"), 0755U);
    EXPECT_EQ(mode_of(step.entry.path + "/bin/tool"), 0755U);
    EXPECT_EQ(mode_of(step.entry.path + "/lib/postgresql-42.jar"), 0644U);
    EXPECT_TRUE(std::filesystem::exists(step.entry.path + "/.lakebed-entry"));
}

TEST_F(UnpackStep, stores_a_jar_of_two_components_once) {
    std::vector<Unpack> steps;
    for (const char* name : {"flink", "spark"})
        steps.push_back(unpack_step(name, {{.artifact = "aws", .to = "lib"}},
                                    {{artifact("aws", "aws.jar", jar), jar}}));
    for (const Unpack& step : steps) ASSERT_TRUE(perform(step));
    EXPECT_EQ(inode_of(steps[0].entry.path + "/lib/aws.jar"),
              inode_of(steps[1].entry.path + "/lib/aws.jar"));
}

TEST_F(UnpackStep, does_not_share_a_depot_file_that_others_may_write) {
    Unpack step =
        unpack_step("flink", {{.artifact = "aws"}}, {{artifact("aws", "aws.jar", jar), jar}});
    std::filesystem::permissions(step.from[0].path, std::filesystem::perms(0664));
    ASSERT_TRUE(perform(step));
    EXPECT_NE(inode_of(step.entry.path + "/aws.jar"), inode_of(step.from[0].path));
    EXPECT_EQ(mode_of(step.entry.path + "/aws.jar"), 0644U);
}

TEST_F(UnpackStep, replaces_a_damaged_blob) {
    Unpack step =
        unpack_step("flink", {{.artifact = "aws"}}, {{artifact("aws", "aws.jar", jar), jar}});
    dir.write("opt/store/.blobs/" + sha256_hex(jar), "cut sho");
    ASSERT_TRUE(perform(step));
    EXPECT_EQ(test::file_text(step.entry.path + "/aws.jar"), jar);
}

TEST_F(UnpackStep, refuses_an_artifact_with_a_flipped_byte_before_unpacking_any) {
    Unpack step = unpack_step("hive", {{.artifact = "hive", .unpack = true}},
                              {{artifact("hive", "h.tar.gz", tar), tar}});
    std::string flipped = tar;
    flipped[flipped.size() / 2] ^= 1;
    std::ofstream(step.from[0].path, std::ios::binary) << flipped;
    Result<void> result = perform(step);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Errc::verification);
    EXPECT_FALSE(std::filesystem::exists(step.entry.path));
    for (const auto& left : std::filesystem::directory_iterator(paths.store))
        EXPECT_EQ(left.path().filename(), ".blobs");
}

TEST_F(UnpackStep, of_a_hostile_archive_leaves_nothing_behind) {
    std::string evil =
        test::make_archive(test::ArchiveKind::tar_gz, {{"ok", "x"}, {"../../evil", "x"}});
    Unpack step = unpack_step("hive", {{.artifact = "hive", .unpack = true}},
                              {{artifact("hive", "h.tar.gz", evil), evil}});
    Result<void> result = perform(step);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Errc::refused);
    EXPECT_THAT(result.error().message, HasSubstr("h.tar.gz: member \"../../evil\""));
    for (const auto& left : std::filesystem::directory_iterator(paths.store))
        EXPECT_EQ(left.path().filename(), ".blobs");
    EXPECT_FALSE(std::filesystem::exists(dir / "evil"));
    EXPECT_FALSE(std::filesystem::exists(dir / "opt/evil"));
}

TEST_F(UnpackStep, refuses_a_directory_that_is_no_entry) {
    Unpack step =
        unpack_step("flink", {{.artifact = "aws"}}, {{artifact("aws", "aws.jar", jar), jar}});
    std::filesystem::create_directories(step.entry.path);
    EXPECT_EQ(perform(step).error().code, Errc::refused);
}

TEST_F(FileStep, writes_config_and_units_with_their_modes) {
    mode_t before = ::umask(077);
    ASSERT_TRUE(perform(WriteFile{{dir / "var/config/redis-1/redis.conf", "port 1\n", 0640, ""}}));
    ASSERT_TRUE(perform(InstallUnit{{"lakebed-redis.service", "[Unit]\n"}}));
    ::umask(before);
    EXPECT_EQ(mode_of(dir / "var/config/redis-1/redis.conf"), 0640U);
    EXPECT_EQ(mode_of(paths.units + "/lakebed-redis.service"), 0644U);
}

TEST_F(FileStep, refuses_units_that_are_not_ours) {
    EXPECT_EQ(perform(InstallUnit{{"ssh.service", ""}}).error().code, Errc::refused);
    EXPECT_EQ(perform(InstallUnit{{"lakebed/../ssh.service", ""}}).error().code, Errc::refused);
}

TEST_F(FileStep, removes_files_only) {
    std::string file = dir.write("units/old.service", "x");
    ASSERT_TRUE(perform(RemoveFile{file}));
    EXPECT_FALSE(std::filesystem::exists(file));
    ASSERT_TRUE(perform(RemoveFile{file}));
    std::filesystem::create_directories(dir / "d");
    EXPECT_EQ(perform(RemoveFile{dir / "d"}).error().code, Errc::refused);
}

} // namespace
} // namespace lakebed
