#include "init/run_job.h"

#include <gtest/gtest.h>

#include "support/fake_server.h"
#include "support/temp_dir.h"

namespace lakebed {
namespace {

using test::TempDir;

TEST(RunJob, IsTemporaryWhenTheServerIsNotThereYet) {
    TempDir place;
    SqlConnection nobody{.host = "127.0.0.1", .port = test::closed_port()};
    for (Job job :
         {Job{.what = SqlJob{.connection = nobody}}, Job{.what = ExecJob{.connection = nobody}},
          Job{.what = S3Job{.host = "127.0.0.1",
                      .port = nobody.port,
                      .access_key_file = place.write("ak", "a"),
                      .secret_key_file = place.write("sk", "s")}}}) {
        job.record = place.path();
        auto result = run_job(job, {});
        ASSERT_FALSE(result.has_value());
        EXPECT_TRUE(result.error().code == Errc::temporary || result.error().code == Errc::network)
            << result.error().message;
    }
}

TEST(JobSecret, IsACredentialByNameOrAFileByPath) {
    TempDir place;
    place.write("credentials/pw", "one\n");
    std::string file = place.write("elsewhere", "two\n");
    JobContext context{.credentials = place / "credentials"};
    EXPECT_EQ(read_job_secret(context, "pw").value(), "one");
    EXPECT_EQ(read_job_secret(context, file).value(), "two");
    EXPECT_EQ(read_job_secret({}, "pw").error().code, Errc::usage);
}

TEST(LastLines, AreTheThreeLastOfTheErrorsOrElseOfTheOutput) {
    EXPECT_EQ(last_lines("out\n", "a\nb\nc\nd\n\n"), "b c d");
    EXPECT_EQ(last_lines("one\ntwo\n", ""), "one two");
    EXPECT_EQ(last_lines("", ""), "");
}

} // namespace
} // namespace lakebed
