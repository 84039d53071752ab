// What the job refuses and adopts; that it makes clusters is shown with the real initdb elsewhere.
#include <filesystem>

#include <gmock/gmock.h>

#include "init/run_job.h"
#include "support/temp_dir.h"

namespace lakebed {
namespace {

using test::TempDir;
using ::testing::HasSubstr;

class InitdbJobTest : public ::testing::Test {
  protected:
    InitdbJobTest() { place_.write("data/.lakebed", "s1\n"); }

    void add_cluster(const std::string& version = "17",
                     const std::string& identifier = "\1\0\0\0\0\0\0\0x") {
        place_.write("data/17/PG_VERSION", version + "\n");
        place_.write("data/17/global/pg_control",
                     identifier.size() > 8 ? identifier : std::string("\1\0\0\0\0\0\0\0x", 9));
    }

    Result<void> run() {
        Job job{.name = "init-postgres",
                .site_id = "s1",
                .record = place_ / "record",
                .what = InitdbJob{place_ / "data/17", "/nonexistent/initdb", {}, "17"}};
        std::filesystem::create_directories(place_ / "record");
        return run_job(job, {});
    }
    std::string refusal() {
        auto result = run();
        EXPECT_FALSE(result.has_value());
        EXPECT_EQ(result.error().code, Errc::refused) << result.error().message;
        return result.error().message;
    }

    TempDir place_;
};

TEST_F(InitdbJobTest, AdoptsAClusterThatIsThere) {
    add_cluster();
    EXPECT_TRUE(run().has_value());
    EXPECT_TRUE(run().has_value());
}

TEST_F(InitdbJobTest, TriesInitdbOnlyWhereThereIsNothingElse) {
    std::filesystem::create_directories(place_ / "data/lost+found");
    std::filesystem::create_directories(place_ / "data/.17.new-abc123"); // of a run that was killed
    auto result = run();
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, Errc::not_found); // it went as far as to look for the program
    EXPECT_THAT(result.error().message, HasSubstr("/nonexistent/initdb"));
}

TEST_F(InitdbJobTest, RefusesADirectoryWithoutOurMarker) {
    std::filesystem::remove(place_ / "data/.lakebed");
    EXPECT_THAT(refusal(), HasSubstr("has no ownership marker"));
}

TEST_F(InitdbJobTest, RefusesADirectoryOfAnotherSite) {
    place_.write("data/.lakebed", "s2\n");
    EXPECT_THAT(refusal(), HasSubstr("belongs to another site"));
}

TEST_F(InitdbJobTest, RefusesToMakeAClusterBesideForeignFiles) {
    place_.write("data/16/PG_VERSION", "16\n");
    EXPECT_THAT(refusal(), HasSubstr("holds \"16\", which is not ours"));
}

TEST_F(InitdbJobTest, RefusesADirectoryThatIsNotEmptyAndNoCluster) {
    place_.write("data/17/base/1", "");
    EXPECT_THAT(refusal(), HasSubstr("has no PG_VERSION"));
}

TEST_F(InitdbJobTest, RefusesAClusterOfAnotherVersion) {
    add_cluster("18");
    EXPECT_THAT(refusal(), HasSubstr("is of PostgreSQL 18, not 17"));
}

TEST_F(InitdbJobTest, RefusesToReplaceAClusterThatIsGone) {
    add_cluster();
    ASSERT_TRUE(run().has_value());
    std::filesystem::remove_all(place_ / "data/17");
    EXPECT_THAT(refusal(), HasSubstr("was made before"));
}

TEST_F(InitdbJobTest, RefusesAnotherClusterThanItMade) {
    add_cluster();
    ASSERT_TRUE(run().has_value());
    add_cluster("17", std::string("\2\0\0\0\0\0\0\0x", 9));
    EXPECT_THAT(refusal(), HasSubstr("2 instead of 1"));
}

} // namespace
} // namespace lakebed
