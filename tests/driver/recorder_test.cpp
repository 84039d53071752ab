#include "driver/recorder.h"

#include <gtest/gtest.h>

#include <sys/stat.h>

#include "support/temp_dir.h"
#include "sys/files.h"

namespace lakebed {
namespace {

const Event kEvent = JobDone{"lakebed-a.service", "start", "done", true};
const std::vector<Action> kActions = {act::Explain{"lakebed-a.service", "is ready"}};

std::vector<RecordLine> read_back(const std::string& path) {
    Diagnostics diagnostics;
    std::vector<RecordLine> lines = read_recording(*read_file(path), path, diagnostics);
    Result<void> good = diagnostics.result();
    EXPECT_TRUE(good) << good.error().message;
    return lines;
}

TEST(Recorder, what_it_was_given_can_be_read_back_and_only_by_its_owner) {
    test::TempDir directory;
    const std::string path = directory.path() + "/run.jsonl";
    Result<Recorder> recorder = Recorder::open(path, Recorder::kLimit);
    ASSERT_TRUE(recorder);
    recorder->life({}, "0.1.0");
    recorder->turn(TimePoint(Duration(5)), kEvent, kActions);
    recorder->flush();
    EXPECT_EQ(read_back(path), (std::vector<RecordLine>{
                                   {1, RecordedLife{"0.1.0", {}}},
                                   {2, RecordedTurn{TimePoint(Duration(5)), kEvent, kActions}}}));
    struct stat found {};
    ASSERT_EQ(::stat(path.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 07777, 0600U);
}

TEST(Recorder, the_next_life_follows_what_a_killed_one_left) {
    test::TempDir directory;
    const std::string path = directory.path() + "/run.jsonl";
    {
        Result<Recorder> killed = Recorder::open(path, Recorder::kLimit);
        killed->life({}, "0.1.0");
        killed->flush();
    }
    const std::string whole = *read_file(path);
    ASSERT_TRUE(write_file_durably(path, whole + whole.substr(0, 20)));
    Result<Recorder> next = Recorder::open(path, Recorder::kLimit);
    next->life({}, "0.2.0");
    next->flush();
    EXPECT_EQ(read_back(path), (std::vector<RecordLine>{{1, RecordedLife{"0.1.0", {}}},
                                                        {3, RecordedLife{"0.2.0", {}}}}));
}

TEST(Recorder, it_stops_at_its_limit_and_says_so_in_the_file) {
    test::TempDir directory;
    const std::string path = directory.path() + "/run.jsonl";
    Result<Recorder> recorder = Recorder::open(path, ByteSize{1000});
    recorder->life({}, "0.1.0");
    for (int i = 0; i < 100; ++i) recorder->turn({}, kEvent, kActions);
    recorder->flush();
    EXPECT_FALSE(recorder->active());
    EXPECT_LE(read_file(path)->size(), 1000U);
    EXPECT_EQ(read_back(path).back().record,
              Record(RecordedEnd{"the recording has reached its limit and ends here"}));
    Result<Recorder> again = Recorder::open(path, ByteSize{1000});
    ASSERT_TRUE(again);
    again->life({}, "0.1.0");
    EXPECT_FALSE(again->active()) << "a restart gives it no new limit";
    EXPECT_LE(read_file(path)->size(), 1000U);
}

TEST(Recorder, a_write_error_ends_the_recording_and_nothing_else) {
    Result<Recorder> recorder = Recorder::open("/dev/full", Recorder::kLimit);
    ASSERT_TRUE(recorder);
    recorder->life({}, "0.1.0");
    recorder->flush();
    EXPECT_FALSE(recorder->active());
    recorder->turn({}, kEvent, kActions);
    recorder->flush();
}

} // namespace
} // namespace lakebed
