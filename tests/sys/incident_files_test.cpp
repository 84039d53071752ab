#include "sys/incident_files.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temp_dir.h"

namespace lakebed {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::uint64_t kSecond = 1'000'000, kNow = 1'790'000'000 * kSecond + 123'456;

IncidentRecord crash(const std::string& service, std::uint64_t at = kNow) {
    return {.at = at,
            .service = service,
            .unit = "lakebed-" + service + ".service",
            .cause = "crash",
            .detail = "killed by SIGKILL",
            .run = "0123456789abcdef0123456789abcdef",
            .result = "signal",
            .ended_by = "killed",
            .exit_status = 9,
            .root = service};
}

std::vector<JournalEntry> lines(std::initializer_list<const char*> texts) {
    std::vector<JournalEntry> log;
    for (const char* text : texts) log.push_back({kNow - kSecond, {{"MESSAGE", text}}});
    return log;
}

std::vector<std::string> files_of(const std::string& directory) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(directory))
        names.push_back(entry.path().filename());
    std::ranges::sort(names);
    return names;
}

TEST(IncidentFiles, RecordAndLogAreReadBackByTheName) {
    test::TempDir directory;
    IncidentRecord record = crash("flink-taskmanager@2");
    std::string name = save_incident(directory.path(), record, lines({"one", "two"})).value();
    EXPECT_EQ(name, "20260921T141320.123Z-flink-taskmanager@2-crash");
    record.lines = 2;
    EXPECT_EQ(read_incident_record(directory.path(), name).value(), record);
    EXPECT_EQ(read_incident_log(directory.path(), name).value(),
              "2026-09-21T14:13:19.123Z one\n2026-09-21T14:13:19.123Z two\n");
    for (const auto& file : std::filesystem::directory_iterator(directory.path()))
        EXPECT_EQ(static_cast<unsigned>(file.status().permissions()), 0640U) << file.path();
}

TEST(IncidentFiles, TheNewestComesFirstAndOneServiceCanBeAskedFor) {
    test::TempDir directory;
    for (int i = 0; i < 3; ++i)
        (void)save_incident(directory.path(), crash(i == 1 ? "minio" : "redis", kNow + i * kSecond),
                            {})
            .value();
    EXPECT_THAT(list_incidents(directory.path()).value(),
                ElementsAre(HasSubstr("22.123Z-redis"), HasSubstr("21.123Z-minio"),
                            HasSubstr("20.123Z-redis")));
    EXPECT_THAT(list_incidents(directory.path(), "minio").value(),
                ElementsAre(HasSubstr("21.123Z-minio-crash")));
    EXPECT_TRUE(list_incidents(directory / "missing").value().empty());
}

TEST(IncidentFiles, TheOldestMakeRoomByServiceInAllAndInBytes) {
    test::TempDir directory;
    IncidentLimits limits{.of_service = 2, .of_all = 3, .bytes = 100'000, .log_bytes = 1000};
    auto save = [&](const char* service, std::uint64_t second, const std::string& text) {
        (void)save_incident(directory.path(), crash(service, kNow + second * kSecond),
                            lines({text.c_str()}), limits)
            .value();
    };
    for (std::uint64_t i = 0; i < 3; ++i) save("redis", i, "x");
    EXPECT_EQ(list_incidents(directory.path())->size(), 2U);
    save("minio", 4, "x");
    save("hive", 5, "x");
    EXPECT_THAT(list_incidents(directory.path()).value(),
                ElementsAre(HasSubstr("hive"), HasSubstr("minio"), HasSubstr("22.123Z-redis")));
    limits.bytes = 1000;
    save("minio", 6, std::string(500, 'y'));
    EXPECT_THAT(list_incidents(directory.path()).value(), ElementsAre(HasSubstr("26.123Z-minio")));
    EXPECT_EQ(files_of(directory.path()).size(), 2U) << "a log is left without its record";
}

TEST(IncidentFiles, OfALogThatIsTooLongTheEndIsKept) {
    test::TempDir directory;
    IncidentLimits limits{.log_bytes = 70};
    std::string name =
        save_incident(directory.path(), crash("redis"), lines({"first", "second", "third"}), limits)
            .value();
    EXPECT_EQ(read_incident_log(directory.path(), name).value(),
              "2026-09-21T14:13:19.123Z second\n2026-09-21T14:13:19.123Z third\n");
    EXPECT_EQ(read_incident_record(directory.path(), name)->lines, 2U);
}

TEST(IncidentFiles, ANameThatIsNoneOfOursLeadsNowhere) {
    test::TempDir directory;
    directory.write("secret.log", "hunter2");
    directory.write("incidents/20260921T141320.123Z-a-crash.log", "fine");
    for (const char* name :
         {"", "../secret", "20260921T141320.123Z-../../secret-crash", "20260921T141320.123Z-a",
          "20260921T141320.123Z--crash/../../secret", "99999999T999999.999Z-a-crash",
          "20261399T000000.000Z-a-crash", "2026", "a-b-c", "20260921T141320.123Z-a-crash\n"})
        EXPECT_EQ(read_incident_log(directory / "incidents", name).error().code, Errc::not_found)
            << name;
    EXPECT_EQ(read_incident_log(directory / "incidents", "20260921T141320.123Z-a-crash").value(),
              "fine");
}

TEST(IncidentFiles, ADirectoryThatCannotBeWrittenIsAnErrorAndLeavesNothing) {
    test::TempDir directory;
    std::string file = directory.write("file", "");
    EXPECT_FALSE(save_incident(file, crash("redis"), {}));
    EXPECT_EQ(files_of(directory.path()), std::vector<std::string>{"file"});
}

TEST(IncidentName, ServiceAndCauseAreToldApartByTheLastDash) {
    IncidentName name = parse_incident_name("20260921T141320.123Z-hive-metastore-out_of_memory");
    EXPECT_EQ(name.service, "hive-metastore");
    EXPECT_EQ(name.cause, "out_of_memory");
    EXPECT_EQ(name.at, kNow - 456);
    EXPECT_EQ(parse_incident_name(incident_name(crash("a/../b"))).service, "a_.._b");
}

} // namespace
} // namespace lakebed
