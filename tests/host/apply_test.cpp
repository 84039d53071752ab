#include "host/apply.h"

#include <gmock/gmock.h>

#include "host_fixture.h"
#include "support/fake_host.h"

namespace lakebed {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Applying : testing::Test {
    test::TempDir dir;
    Paths paths;
    test::FakeHost host;
    Plan plan;

    Applying() {
        paths.run = dir / "run";
        plan.to_generation = 1;
        plan.steps = {EnsureUser{"lakebed-redis", "Redis"}, ReloadUnits{},
                      StartUnit{"lakebed.target"}};
    }
    Result<ApplyReport> run(const ApplyOptions& options = {}) {
        FileLock lock = TRY(lock_host(paths, "apply"));
        return apply(plan, host, lock, options);
    }
};

TEST_F(Applying, carries_out_every_step_in_order_and_keeps_a_journal) {
    Result<ApplyReport> report = run();
    ASSERT_TRUE(report);
    EXPECT_EQ(host.performed, plan.steps);
    EXPECT_EQ(report->generation, 1);
    EXPECT_THAT(host.journal_lines,
                ElementsAre("begin 0 1 3", "intent 0 EnsureUser create system user lakebed-redis",
                            "done 0", "intent 1 ReloadUnits reload systemd's unit files", "done 1",
                            "intent 2 StartUnit start lakebed.target", "done 2", "end 1"));
}

TEST_F(Applying, an_empty_plan_writes_nothing) {
    plan.steps.clear();
    ASSERT_TRUE(run());
    EXPECT_THAT(host.journal_lines, IsEmpty());
}

TEST_F(Applying, stops_at_the_first_error_and_says_how_to_go_on) {
    host.fail_at = 1;
    Result<ApplyReport> report = run();
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code, Errc::partial);
    EXPECT_EQ(report.error().message, "step 2 of 3, reload systemd's unit files: killed");
    EXPECT_THAT(report.error().hint, HasSubstr("run lakebed apply again"));
    EXPECT_EQ(host.performed.size(), 1U);
    EXPECT_EQ(host.journal_lines.back(), "failed 1 killed");
}

TEST_F(Applying, keeps_the_errors_class_while_nothing_has_been_done) {
    host.fail_at = 0;
    EXPECT_EQ(run().error().code, Errc::failed);
}

TEST_F(Applying, stops_on_request_between_steps) {
    CancelFlag cancel = false;
    ApplyOptions options;
    options.cancel = &cancel;
    options.progress = [&](const ApplyProgress& progress) {
        if (progress.phase == ApplyProgress::Phase::end) cancel = true;
    };
    Result<ApplyReport> report = run(options);
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code, Errc::partial);
    EXPECT_EQ(report.error().message, "stopped on request after step 1 of 3");
    EXPECT_EQ(host.performed.size(), 1U);
}

TEST_F(Applying, a_second_run_at_the_same_time_is_locked_out) {
    FileLock lock = *lock_host(paths, "apply");
    EXPECT_EQ(run().error().code, Errc::locked);
}

using ApplyingFiles = test::HostTest;

TEST_F(ApplyingFiles, unpacks_side_by_side_and_reports_bytes_of_each) {
    Plan plan;
    plan.to_generation = 1;
    for (const char* name : {"a", "b", "c", "d"})
        plan.steps.emplace_back(unpack_step(
            name, {{.artifact = "hive", .unpack = true}, {.artifact = "driver"}},
            {{artifact("hive", "h.tar.gz", tar), tar}, {artifact("driver", "d.jar", jar), jar}}));
    std::map<std::size_t, std::uint64_t> done;
    ApplyOptions options;
    options.jobs = 3;
    options.progress = [&](const ApplyProgress& progress) {
        if (progress.phase == ApplyProgress::Phase::bytes) {
            EXPECT_LE(progress.done, progress.total);
            EXPECT_GE(progress.done, done[progress.step]);
            done[progress.step] = progress.done;
        }
    };
    test::FilesHost files = host();
    FileLock lock = *lock_host(paths, "apply");
    Result<ApplyReport> report = apply(plan, files, lock, options);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->steps.size(), 4U);
    EXPECT_EQ(done.size(), 4U);
    for (const Step& step : plan.steps)
        EXPECT_TRUE(std::filesystem::exists(std::get<Unpack>(step).entry.path + "/.lakebed-entry"));
}

TEST_F(ApplyingFiles, a_failing_unpack_stops_what_comes_after) {
    Plan plan;
    plan.to_generation = 1;
    plan.steps.emplace_back(
        unpack_step("a", {{.artifact = "hive", .unpack = true}},
                    {{artifact("hive", "h.tar.gz", "no archive"), "no archive"}}));
    plan.steps.emplace_back(
        unpack_step("b", {{.artifact = "driver"}}, {{artifact("driver", "d.jar", jar), jar}}));
    plan.steps.emplace_back(InstallUnit{{"lakebed-a.service", ""}});
    test::FilesHost files = host();
    FileLock lock = *lock_host(paths, "apply");
    Result<ApplyReport> report = apply(plan, files, lock, {});
    ASSERT_FALSE(report);
    EXPECT_THAT(report.error().message, HasSubstr("step 1 of 3, unpack a 1 into"));
    EXPECT_FALSE(std::filesystem::exists(paths.units + "/lakebed-a.service"));
}

} // namespace
} // namespace lakebed
