// Killed at every point of every step and run again, an apply ends in the same state.
#include <map>

#include <sys/stat.h>

#include <gmock/gmock.h>

#include "host_fixture.h"
#include "model/service_graph.h"

namespace lakebed {
namespace {

struct Killed : test::HostTest {
    Plan plan;
    std::string foreign = "untouched";

    Killed() {
        ServiceGraph graph;
        graph.site = "test";
        graph.site_id = "site-a";
        Artifact hive = artifact("hive", "hive.tar.gz", tar),
                 driver = artifact("driver", "pg.jar", jar);
        plan.to_generation = 1;
        plan.steps = {
            EnsureUser{"lakebed-redis", "Redis"},
            directory(dir / "etc/secrets", 0700),
            directory(paths.state + "/data/redis", 0700, "site-a"),
            EnsureSecret{{"redis", dir / "etc/secrets/redis", 32, ""}},
            EnsureSecret{{"user", dir / "etc/secrets/user", 0, "lakebed"}},
            unpack_step("hive",
                        {{.artifact = "hive", .unpack = true, .strip = 1},
                         {.artifact = "driver", .to = "lib"}},
                        {{hive, tar}, {driver, jar}}),
            unpack_step("spark", {{.artifact = "driver", .to = "jars"}}, {{driver, jar}}),
            WriteFile{{paths.state + "/config/redis-1/redis.conf", "port 6379\n", 0640, ""}},
            InstallUnit{{"lakebed-redis.service", "[Service]\n"}},
            RemoveFile{paths.units + "/lakebed-old.service"},
            ReloadUnits{},
            SwitchGeneration{
                1,
                write_graph(graph),
                "# verify\n",
                {{paths.units + "/lakebed-redis.service", "abc"}, {"data:redis", "x y"}}},
        };
    }

    void start_over() {
        for (const char* part : {"etc", "opt", "var", "units", "run"})
            std::filesystem::remove_all(dir / part);
        dir.write("units/lakebed-old.service", "old");
        dir.write("units/ssh.service", foreign);
    }

    Result<ApplyReport> run(const ApplyOptions& options = {}) {
        test::FilesHost files = host();
        FileLock lock = TRY(lock_host(paths, "apply"));
        return apply(plan, files, lock, options);
    }

    // Path -> type, mode, content of everything but the depot. Of secrets and the site's id only
    // that they are there: they are random.
    std::map<std::string, std::string> state() {
        std::map<std::string, std::string> found;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(dir.path())) {
            std::string name =
                std::filesystem::relative(entry.path().parent_path(), dir.path()).string() + '/' +
                entry.path().filename().string();
            if (name.starts_with("./depot") || name.starts_with("depot/") ||
                name == "var/journal" || name == "run/lock")
                continue;
            struct stat info {};
            ::lstat(entry.path().c_str(), &info);
            std::string text = std::to_string(info.st_mode) + ' ';
            if (entry.is_symlink())
                text += std::filesystem::read_symlink(entry.path()).string();
            else if (name == "etc/secrets/redis" || name == "var/site.toml")
                text += std::to_string(entry.file_size());
            else if (entry.is_regular_file())
                text += test::file_text(entry.path());
            found[name] = text;
        }
        return found;
    }
};

TEST_F(Killed, at_any_point_and_run_again_the_result_is_the_same) {
    start_over();
    ASSERT_TRUE(run());
    const auto wanted = state();
    ASSERT_TRUE(wanted.contains("var/current"));
    ASSERT_FALSE(wanted.contains("units/lakebed-old.service"));
    for (std::size_t step = 0; step < plan.steps.size(); ++step)
        for (FaultPoint point : {FaultPoint::before_intent, FaultPoint::after_intent,
                                 FaultPoint::after_step, FaultPoint::after_done}) {
            SCOPED_TRACE(to_string(plan.steps[step]) + ", point " +
                         std::to_string(static_cast<int>(point)));
            start_over();
            die_at(step, point, [&](const ApplyOptions& options) { (void)run(options); });
            if (HasFatalFailure()) return;
            std::string secret = test::file_text(dir / "etc/secrets/redis");
            std::string site = test::file_text(dir / "var/site.toml");
            Result<ApplyReport> again = run();
            ASSERT_TRUE(again) << again.error().message;
            ASSERT_EQ(state(), wanted);
            ASSERT_TRUE(secret.empty() || test::file_text(dir / "etc/secrets/redis") == secret);
            ASSERT_TRUE(site.empty() || test::file_text(dir / "var/site.toml") == site);
        }
}

TEST_F(Killed, in_the_middle_of_an_unpack_leaves_no_entry_and_the_rest_is_dropped) {
    start_over();
    const auto& unpack = std::get<Unpack>(plan.steps[5]);
    dir.write("opt/store/.hive-1-12345678.part/lib/half", "hal");
    dir.write("opt/store/.blobs/" + sha256_hex(jar) + ".hive.part", "hal");
    ASSERT_TRUE(run());
    EXPECT_FALSE(std::filesystem::exists(unpack.entry.path + "/lib/half"));
    EXPECT_EQ(test::file_text(unpack.entry.path + "/lib/pg.jar"), jar);
}

} // namespace
} // namespace lakebed
