// Class archives with the real JRE and a real service, ZooKeeper as Flink bundles it, of a store of
// unpacked artifacts: $LAKEBED_STORE. Root, because making them is about who owns what.
#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "init/class_archives.h"
#include "probe/wait.h"
#include "support/background_process.h"
#include "support/fake_server.h"
#include "support/temp_dir.h"
#include "support/text.h"
#include "sys/files.h"
#include "sys/process.h"

namespace lakebed {
namespace {

using test::BackgroundProcess;
using test::kNobody;
using test::TempDir;
using ::testing::HasSubstr;
using ::testing::Not;

std::string component(const std::string& name) {
    const char* store = std::getenv("LAKEBED_STORE");
    std::error_code none;
    for (const auto& entry :
         std::filesystem::directory_iterator(store != nullptr ? store : "", none))
        if (entry.path().filename().string().starts_with(name + "-")) return entry.path();
    return "";
}

class RealClassArchives : public ::testing::Test {
  protected:
    void SetUp() override {
        ASSERT_EQ(::geteuid(), 0U) << "needs root";
        ASSERT_NE(component("jre17"), "") << "no jre17 in $LAKEBED_STORE; run ./dev test system";
        ASSERT_NE(component("flink"), "") << "no flink in $LAKEBED_STORE; run ./dev test system";
        ASSERT_EQ(::chmod(place_.path().c_str(), 0755), 0);
        for (const char* name : {"cds", "scratch", "run", "data", "empty"})
            std::filesystem::create_directory(place_ / name);
        std::filesystem::copy_file(LAKEBED_INIT, place_ / "lakebed-init");
        port_ = test::closed_port();
        place_.write("run/zoo.cfg", "tickTime=1000\ndataDir=" + (place_ / "data") +
                                        "\nclientPort=" + std::to_string(port_) +
                                        "\nclientPortAddress=127.0.0.1\nadmin.enableServer=false\n"
                                        "4lw.commands.whitelist=ruok\n");
        for (const char* name : {"run", "data"})
            ASSERT_EQ(::chown((place_ / name).c_str(), kNobody, kNobody), 0);
        std::string lib = component("flink") + "/lib/";
        for (const char* jar : {"flink-dist-1.20.1", "log4j-api-2.17.1", "log4j-core-2.17.1",
                                "log4j-slf4j-impl-2.17.1", "log4j-1.2-api-2.17.1"})
            class_path_ += lib + jar + ".jar:";
        class_path_ += ":" + (place_ / "run");
    }

    // As a unit does it: render as the service's user, then java with what was rendered.
    std::unique_ptr<BackgroundProcess> start_service(const std::vector<std::string>& flags = {}) {
        ChildSpec render{.argv = {place_ / "lakebed-init", "render", place_ / "empty",
                                  place_ / "run", "--class-archive", archive_},
                         .user = FileOwner{kNobody, kNobody}};
        auto rendered = run_child(render);
        EXPECT_TRUE(rendered && rendered->ok()) << (rendered ? rendered->errors : "");
        std::vector<std::string> argv = {component("jre17") + "/bin/java",
                                         "@" + (place_ / "run/jvm.args"), "-Xmx64m",
                                         "-XX:+UseSerialGC"};
        argv.insert(argv.end(), flags.begin(), flags.end());
        argv.insert(argv.end(), {"org.apache.flink.runtime.zookeeper.FlinkZooKeeperQuorumPeer",
                                 "--zkConfigFile", place_ / "run/zoo.cfg", "--peerId", "1"});
        auto server = std::make_unique<BackgroundProcess>(argv, place_ / "run/log", SIGTERM,
                                                          std::vector{"CLASSPATH=" + class_path_});
        WaitOptions wait{.main_pid = server->pid()};
        wait.probe.how = TcpProbe{.host = "127.0.0.1", .port = port_};
        auto ready = wait_until_ready(wait);
        EXPECT_TRUE(ready) << ready.error().message << read_file(place_ / "run/log").value_or("");
        return server;
    }

    Result<ArchiveOutcome> make(const BackgroundProcess& server) {
        UniqueFd process =
            TRY(open_file("/proc/" + std::to_string(server.pid()), O_RDONLY | O_DIRECTORY));
        return make_class_archive({.unit = "lakebed-zookeeper.service",
                                   .service = "zookeeper",
                                   .process = process.get(),
                                   .runtime = place_ / "run",
                                   .archive = archive_},
                                  {.directory = place_ / "cds", .scratch = place_ / "scratch"},
                                  [&](const std::string& line) { said_ += line + "\n"; });
    }

    std::string refusal(const BackgroundProcess& server) {
        auto made = make(server);
        EXPECT_FALSE(std::filesystem::exists(archive_));
        return made ? "made" : made.error().message;
    }

    static std::string maps(const BackgroundProcess& server) {
        return read_file("/proc/" + std::to_string(server.pid()) + "/maps").value_or("");
    }

    TempDir place_;
    Port port_ = 0;
    std::string class_path_;
    std::string archive_ = place_ / "cds/zookeeper-0123abcd.jsa";
    std::string said_;
};

TEST_F(RealClassArchives, AreMadeFromARunningServiceAndUsedAtItsNextStart) {
    {
        auto first = start_service();
        EXPECT_THAT(maps(*first), Not(HasSubstr(archive_)));
        auto made = make(*first);
        ASSERT_TRUE(made) << made.error().message;
        EXPECT_EQ(*made, ArchiveOutcome::made);
        EXPECT_THAT(said_, HasSubstr("lakebed-zookeeper.service: made " + archive_));
        EXPECT_EQ(make(*first), ArchiveOutcome::present);
    }
    struct stat info {};
    ASSERT_EQ(::lstat(archive_.c_str(), &info), 0);
    EXPECT_EQ(info.st_uid, 0U);
    EXPECT_EQ(info.st_mode, S_IFREG | 0644U);
    EXPECT_TRUE(std::filesystem::is_empty(place_ / "scratch"));

    auto second = start_service({"-Xlog:class+load:file=" + (place_ / "run/loaded")});
    EXPECT_THAT(maps(*second), HasSubstr(archive_));
    EXPECT_THAT(read_file(place_ / "run/loaded").value_or(""),
                HasSubstr("FlinkZooKeeperQuorumPeer source: shared objects file"));
    EXPECT_EQ(make(*second), ArchiveOutcome::present);
}

TEST_F(RealClassArchives, ThatTheJvmDoesNotTakeAreRemoved) {
    ASSERT_TRUE(make(*start_service()));
    auto other = start_service({"-XX:-CompactStrings"});
    EXPECT_THAT(maps(*other), Not(HasSubstr(archive_)));
    EXPECT_EQ(make(*other), ArchiveOutcome::stale);
    EXPECT_FALSE(std::filesystem::exists(archive_));
}

TEST_F(RealClassArchives, AreNotMadeFromWhatTheServicePutInPlaceOfItsClassList) {
    auto server = start_service();
    const std::string list = place_ / "run/classes.list";
    std::filesystem::rename(list, place_ / "run/true.list");

    std::filesystem::create_symlink(place_ / "run/true.list", list);
    EXPECT_THAT(refusal(*server), HasSubstr("classes.list"));
    std::filesystem::remove(list);

    ASSERT_EQ(::mkfifo(list.c_str(), 0644), 0);
    ASSERT_EQ(::chown(list.c_str(), kNobody, kNobody), 0);
    EXPECT_THAT(refusal(*server), HasSubstr("no regular file of the service's user"));
    std::filesystem::remove(list);

    std::filesystem::copy_file(place_ / "run/true.list", list); // root's
    EXPECT_THAT(refusal(*server), HasSubstr("no regular file of the service's user"));

    ASSERT_EQ(::chown(list.c_str(), kNobody, kNobody), 0);
    std::filesystem::resize_file(list, (std::uintmax_t{16} << 20) + 1);
    EXPECT_THAT(refusal(*server), HasSubstr("larger than"));

    std::filesystem::resize_file(list, 10);
    EXPECT_THAT(refusal(*server), HasSubstr("classes only"));
}

TEST_F(RealClassArchives, NeedJarsBeforeTheFirstDirectory) {
    class_path_ = (place_ / "run") + ":" + class_path_;
    auto server = start_service();
    EXPECT_THAT(refusal(*server), HasSubstr("no jar before the first directory"));
    EXPECT_TRUE(std::filesystem::is_empty(place_ / "scratch"));
}

} // namespace
} // namespace lakebed
