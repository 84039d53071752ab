#include <mutex>
#include <set>

#include <gmock/gmock.h>

#include "init/run_job.h"
#include "support/fake_server.h"
#include "support/temp_dir.h"

namespace lakebed {
namespace {

using test::Answer;
using test::FakeServer;
using test::HttpRequest;
using test::TempDir;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

// An object store that keeps names: buckets "b" and objects "b/key".
class FakeStore {
  public:
    FakeStore() : server_([this](const std::string& received) { return answer(received); }) {}

    [[nodiscard]] Port port() const { return server_.port(); }
    std::set<std::string> names;
    std::set<std::string> open_to_all;
    int status_of_everything = 0; // 0: as it should be

  private:
    std::optional<Answer> answer(const std::string& received) {
        auto request = test::parse_http(received);
        if (!request) return std::nullopt;
        if (status_of_everything != 0)
            return test::http_answer(status_of_everything, "<Error><Code>Broken</Code></Error>");
        std::string name = request->target.substr(1, request->target.find('?') - 1);
        bool anonymous = request->header("Authorization").empty();
        if (anonymous && !open_to_all.contains(name)) return test::http_answer(403, "");
        if (name.empty()) {
            std::string list = "<ListAllMyBucketsResult>";
            for (const std::string& bucket : names)
                if (bucket.find('/') == std::string::npos) list += "<Name>" + bucket + "</Name>";
            return test::http_answer(200, list + "</ListAllMyBucketsResult>");
        }
        if (request->method == "PUT") names.insert(name);
        if (request->target.find("?policy=") != std::string::npos)
            return test::http_answer(404, "");
        bool head = request->method == "HEAD";
        return test::http_answer(names.contains(name) ? 200 : 404, "", head);
    }

    FakeServer server_; // last: its thread uses the members above
};

class S3JobTest : public ::testing::Test {
  protected:
    S3JobTest() {
        place_.write("credentials/root-user", "root\n");
        place_.write("credentials/root-password", "secret\n");
        std::filesystem::create_directory(place_ / "record");
    }

    Result<void> run(std::vector<std::string> buckets = {"warehouse", "checkpoints"}) {
        S3Job s3{.host = "127.0.0.1",
                 .port = store_.port(),
                 .access_key_file = "root-user",
                 .secret_key_file = "root-password",
                 .buckets = std::move(buckets),
                 .objects = {{"warehouse", "events/.keep"}}};
        return run_job(
            {.name = "init-buckets", .site_id = "s1", .record = place_ / "record", .what = s3},
            {.directory = place_.path(),
             .credentials = place_ / "credentials",
             .runtime = place_.path()});
    }

    TempDir place_;
    FakeStore store_;
};

TEST_F(S3JobTest, MakesWhatIsMissingAndNothingTwice) {
    store_.names = {"other", "warehouse"};
    ASSERT_TRUE(run().has_value());
    ASSERT_TRUE(run().has_value());
    EXPECT_THAT(store_.names, UnorderedElementsAre("other", "warehouse", "checkpoints",
                                                   "warehouse/events/.keep"));
}

TEST_F(S3JobTest, MakesABucketThatANewReleaseAdds) {
    ASSERT_TRUE(run({"warehouse"}).has_value());
    ASSERT_TRUE(run({"warehouse", "savepoints"}).has_value());
    EXPECT_TRUE(store_.names.contains("savepoints"));
}

TEST_F(S3JobTest, RefusesToReplaceABucketThatIsGoneAndThenMakesNoOtherEither) {
    ASSERT_TRUE(run({"warehouse"}).has_value());
    store_.names.clear();
    auto result = run({"new", "warehouse"});
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, Errc::refused);
    EXPECT_THAT(result.error().message, HasSubstr("bucket \"warehouse\" was made before"));
    EXPECT_TRUE(store_.names.empty());
}

TEST_F(S3JobTest, ReplacesItWhenAnOperatorSaysSo) {
    ASSERT_TRUE(run().has_value());
    store_.names.clear();
    place_.write("record/recreate", "now");
    ASSERT_TRUE(run().has_value());
    EXPECT_TRUE(store_.names.contains("warehouse"));
    EXPECT_TRUE(std::filesystem::exists(place_ / "record/recreate.used"));
}

TEST_F(S3JobTest, RefusesABucketThatAnybodyMayList) {
    store_.open_to_all = {"warehouse"};
    auto result = run();
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, Errc::refused);
    EXPECT_THAT(result.error().message, HasSubstr("bucket \"warehouse\" is not private"));
}

TEST_F(S3JobTest, IsTemporaryWhileTheStoreIsNotReady) {
    store_.status_of_everything = 503;
    EXPECT_EQ(run().error().code, Errc::temporary);
}

TEST_F(S3JobTest, IsRefusedWhenTheRootKeyIsWrong) {
    store_.status_of_everything = 403;
    EXPECT_EQ(run().error().code, Errc::refused);
}

TEST_F(S3JobTest, NamesAMissingCredential) {
    std::filesystem::remove(place_ / "credentials/root-password");
    auto result = run();
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, Errc::usage);
    EXPECT_THAT(result.error().message, HasSubstr("root-password"));
}

} // namespace
} // namespace lakebed
