#include <filesystem>

#include <sys/stat.h>

#include <gmock/gmock.h>

#include "base/digest.h"
#include "init/run_job.h"
#include "support/temp_dir.h"
#include "support/text.h"

namespace lakebed {
namespace {

using test::file_text;
using test::TempDir;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FilesJobTest : public ::testing::Test {
  protected:
    FilesJobTest() {
        place_.write("data/.lakebed", "s1\n");
        source("port: 1\n");
        std::filesystem::create_directories(place_ / "record");
    }

    void source(const std::string& text) { place_.write("config/demo.yaml", text); }
    [[nodiscard]] std::string demo() const { return place_ / "data/catalogs/demo.yaml"; }

    Result<void> run() {
        said_.clear();
        Job job{.name = "init-catalogs",
                .site_id = "s1",
                .record = place_ / "record",
                .what = FilesJob{place_ / "data/catalogs", {{"demo.yaml", "demo.yaml"}}}};
        return run_job(job, {.directory = place_ / "config",
                             .say = [this](const std::string& line) { said_.push_back(line); }});
    }
    void run_well() {
        auto result = run();
        ASSERT_TRUE(result.has_value()) << result.error().message;
    }

    TempDir place_;
    std::vector<std::string> said_;
};

unsigned mode_of(const std::string& path) {
    struct stat info {};
    EXPECT_EQ(::stat(path.c_str(), &info), 0);
    return info.st_mode & 07777U;
}

TEST_F(FilesJobTest, WritesAndRemembersWhatIsAbsent) {
    run_well();
    EXPECT_EQ(file_text(demo()), "port: 1\n");
    EXPECT_EQ(mode_of(demo()), 0600U);
    EXPECT_EQ(mode_of(place_ / "data/catalogs"), 0700U);
    EXPECT_THAT(file_text(place_ / "record/record.toml"), HasSubstr(sha256_hex("port: 1\n")));
    EXPECT_THAT(said_, IsEmpty());
}

TEST_F(FilesJobTest, WritesNothingTheSecondTime) {
    run_well();
    auto written = std::filesystem::last_write_time(demo());
    auto recorded = std::filesystem::last_write_time(place_ / "record/record.toml");
    run_well();
    EXPECT_EQ(std::filesystem::last_write_time(demo()), written);
    EXPECT_EQ(std::filesystem::last_write_time(place_ / "record/record.toml"), recorded);
    EXPECT_THAT(said_, IsEmpty());
}

TEST_F(FilesJobTest, UpdatesWhatItWroteWhenTheSourceChanged) {
    run_well();
    source("port: 2\n");
    run_well();
    EXPECT_EQ(file_text(demo()), "port: 2\n");
    source("port: 3\n");
    run_well();
    EXPECT_EQ(file_text(demo()), "port: 3\n");
}

TEST_F(FilesJobTest, KeepsWhatItsUserChanged) {
    run_well();
    place_.write("data/catalogs/demo.yaml", "mine\n");
    source("port: 2\n");
    run_well();
    EXPECT_EQ(file_text(demo()), "mine\n");
    EXPECT_THAT(said_, ElementsAre(HasSubstr(demo() + " was not written by lakebed, or changed")));
}

TEST_F(FilesJobTest, KeepsWhatWasThereBefore) {
    place_.write("data/catalogs/demo.yaml", "mine\n");
    run_well();
    EXPECT_EQ(file_text(demo()), "mine\n");
    EXPECT_THAT(said_, ElementsAre(HasSubstr("it is kept")));
    source("port: 2\n");
    run_well();
    EXPECT_EQ(file_text(demo()), "mine\n");
}

TEST_F(FilesJobTest, KeepsTheUsersFileEvenWhenItMayRecreate) {
    run_well();
    place_.write("data/catalogs/demo.yaml", "mine\n");
    place_.write("record/recreate", "token\n");
    run_well();
    EXPECT_EQ(file_text(demo()), "mine\n");
}

TEST_F(FilesJobTest, RespectsThatItsUserDroppedIt) {
    run_well();
    std::filesystem::remove(demo());
    source("port: 2\n");
    run_well();
    EXPECT_FALSE(std::filesystem::exists(demo()));
    EXPECT_THAT(said_, ElementsAre(HasSubstr("lakebed init --recreate init-catalogs")));
}

TEST_F(FilesJobTest, WritesADroppedOneAgainOnceWhenToldTo) {
    run_well();
    std::filesystem::remove(demo());
    place_.write("record/recreate", "token\n");
    run_well();
    EXPECT_EQ(file_text(demo()), "port: 1\n");
    std::filesystem::remove(demo());
    run_well();
    EXPECT_FALSE(std::filesystem::exists(demo()));
}

TEST_F(FilesJobTest, TakesOverWhatARunWroteThatWasKilledBeforeItsRecord) {
    place_.write("data/catalogs/demo.yaml", "port: 1\n");
    run_well();
    EXPECT_THAT(said_, IsEmpty());
    source("port: 2\n");
    run_well();
    EXPECT_EQ(file_text(demo()), "port: 2\n");
}

TEST_F(FilesJobTest, TouchesNoFileOfAnotherName) {
    place_.write("data/catalogs/other.yaml", "other\n");
    run_well();
    source("port: 2\n");
    run_well();
    EXPECT_EQ(file_text(place_ / "data/catalogs/other.yaml"), "other\n");
}

TEST_F(FilesJobTest, RefusesADirectoryBelowOneWithoutOurMarker) {
    std::filesystem::remove(place_ / "data/.lakebed");
    auto result = run();
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, Errc::refused);
    EXPECT_THAT(result.error().message, HasSubstr("has no ownership marker"));
    EXPECT_FALSE(std::filesystem::exists(place_ / "data/catalogs"));
}

TEST_F(FilesJobTest, RefusesTheVolumeOfAnotherSite) {
    place_.write("data/.lakebed", "s2\n");
    auto result = run();
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, Errc::refused);
}

TEST_F(FilesJobTest, FailsWithoutASource) {
    std::filesystem::remove(place_ / "config/demo.yaml");
    auto result = run();
    ASSERT_FALSE(result.has_value());
    EXPECT_THAT(result.error().message, HasSubstr("demo.yaml"));
    EXPECT_FALSE(std::filesystem::exists(demo()));
}

} // namespace
} // namespace lakebed
