#include "init/record.h"

#include <gmock/gmock.h>

#include "support/temp_dir.h"
#include "support/text.h"

namespace lakebed {
namespace {

using test::TempDir;
using ::testing::HasSubstr;

const std::optional<std::string> kAbsent;

JobLedger open_ledger(const TempDir& place) {
    auto ledger = JobLedger::open(place.path(), "init-buckets", "s1");
    EXPECT_TRUE(ledger.has_value()) << ledger.error().message;
    return *std::move(ledger);
}

// One whole run in which bucket `a` is there, with this identity.
void run_with_bucket(const TempDir& place, const std::string& identity) {
    JobLedger ledger = open_ledger(place);
    ledger.note("bucket a", identity);
    ASSERT_TRUE(ledger.finish().has_value());
}

TEST(JobRecord, ReadsWhatItWrote) {
    JobRecord record{.job = "j",
                     .site_id = "s",
                     .time = "2026-11-22T15:00:00Z",
                     .made = {{"database \"x\" y", "1/2"}, {"bucket a", ""}},
                     .used_token = "t\n"};
    Diagnostics diagnostics;
    EXPECT_EQ(read_job_record(write_job_record(record), "record.toml", diagnostics), record);
    EXPECT_FALSE(diagnostics.has_errors());
}

TEST(JobLedger, MakesWhatIsNeitherThereNorRemembered) {
    TempDir place;
    auto must = open_ledger(place).must_make("bucket a", "bucket \"a\"", kAbsent);
    EXPECT_EQ(must.value(), true);
}

TEST(JobLedger, AdoptsWhatIsThere) {
    TempDir place;
    EXPECT_EQ(open_ledger(place).must_make("bucket a", "bucket \"a\"", "x").value(), false);
    run_with_bucket(place, "x");
    EXPECT_EQ(open_ledger(place).must_make("bucket a", "bucket \"a\"", "x").value(), false);
}

TEST(JobLedger, RefusesToMakeAgainWhatIsGone) {
    TempDir place;
    run_with_bucket(place, "");
    auto must = open_ledger(place).must_make("bucket a", "bucket \"a\"", kAbsent);
    ASSERT_FALSE(must.has_value());
    EXPECT_EQ(must.error().code, Errc::refused);
    EXPECT_THAT(must.error().message, HasSubstr("bucket \"a\" was made before"));
    EXPECT_THAT(must.error().hint, HasSubstr("lakebed init --recreate init-buckets"));
}

TEST(JobLedger, RefusesAnotherOneThanItMade) {
    TempDir place;
    run_with_bucket(place, "7711");
    auto must = open_ledger(place).must_make("bucket a", "the cluster", "8822");
    ASSERT_FALSE(must.has_value());
    EXPECT_EQ(must.error().code, Errc::refused);
    EXPECT_THAT(must.error().message, HasSubstr("8822 instead of 7711"));
}

TEST(JobLedger, MakesAgainWithATokenButOnlyInTheOneRunThatSucceeds) {
    TempDir place;
    run_with_bucket(place, "");
    place.write("recreate", "2026-11-22 by root");
    {
        JobLedger failing = open_ledger(place); // ends without finish(), as after kill -9
        EXPECT_EQ(failing.must_make("bucket a", "bucket \"a\"", kAbsent).value(), true);
        failing.note("bucket a", "");
        ASSERT_TRUE(failing.save().has_value());
    }
    JobLedger again = open_ledger(place);
    EXPECT_EQ(again.must_make("bucket a", "bucket \"a\"", kAbsent).value(), true);
    again.note("bucket a", "");
    ASSERT_TRUE(again.finish().has_value());
    EXPECT_FALSE(open_ledger(place).must_make("bucket a", "bucket \"a\"", kAbsent).has_value());
}

TEST(JobLedger, DoesNotTakeAUsedTokenTwiceEvenIfItsFileIsStillThere) {
    TempDir place;
    run_with_bucket(place, "");
    place.write("recreate", "token 1");
    ASSERT_TRUE(open_ledger(place).finish().has_value());
    place.write("recreate", "token 1"); // a kill between the record and the renaming
    EXPECT_FALSE(open_ledger(place).must_make("bucket a", "bucket \"a\"", kAbsent).has_value());
    place.write("recreate", "token 2");
    EXPECT_TRUE(open_ledger(place).must_make("bucket a", "bucket \"a\"", kAbsent).has_value());
}

TEST(JobLedger, RefusesRecordsThatItDoesNotUnderstandOrThatAreNotItsOwn) {
    for (const char* text :
         {"format = 2\n", "made = 3\n", "not toml",
          "format = 1\njob = \"init-buckets\"\nsite_id = \"other\"\ntime = \"t\"\n",
          "format = 1\njob = \"other\"\nsite_id = \"s1\"\ntime = \"t\"\n"}) {
        TempDir place;
        place.write("record.toml", text);
        auto ledger = JobLedger::open(place.path(), "init-buckets", "s1");
        ASSERT_FALSE(ledger.has_value()) << text;
        EXPECT_EQ(ledger.error().code, Errc::refused) << text;
    }
}

TEST(JobLedger, WritesNothingWhenNothingIsNew) {
    TempDir place;
    run_with_bucket(place, "x");
    std::string before = test::file_text(place / "record.toml");
    place.write("record.toml", before + "# untouched\n");
    run_with_bucket(place, "x");
    EXPECT_THAT(test::file_text(place / "record.toml"), HasSubstr("# untouched"));
}

} // namespace
} // namespace lakebed
