#include "probe/probe_file.h"

#include <gmock/gmock.h>

namespace lakebed {
namespace {

TEST(ProbeFile, ReadsWhatTheInstallerWrites) {
    Diagnostics diagnostics;
    ProbeFile file = read_probe_file(R"(
service = "redis"
user = "lakebed-redis"
start_timeout = "2min"
[probe]
kind = "redis"
host = "127.0.0.1"
port = 6379
user = "probe"
password_file = "/etc/lakebed/secrets/redis-probe"
interval = "100ms"
)",
                                     "probe.toml", diagnostics);
    EXPECT_FALSE(diagnostics.has_errors());
    ProbeFile wanted{
        .service = "redis", .user = "lakebed-redis", .start_timeout = std::chrono::minutes(2)};
    wanted.probe.how = RedisProbe{"127.0.0.1", 6379, "probe", "/etc/lakebed/secrets/redis-probe"};
    wanted.probe.interval = std::chrono::milliseconds(100);
    EXPECT_EQ(file, wanted);
}

TEST(ProbeFile, ReportsEveryErrorWithItsPlace) {
    Diagnostics diagnostics;
    static_cast<void>(read_probe_file("servise = \"redis\"\nstart_timeout = \"soon\"\n",
                                      "probe.toml", diagnostics));
    std::string all = diagnostics.result().error().message;
    EXPECT_NE(all.find("probe.toml:2"), std::string::npos) << all;
    EXPECT_NE(all.find("\"soon\""), std::string::npos) << all;
    EXPECT_NE(all.find("[probe] is missing"), std::string::npos) << all;
    EXPECT_NE(all.find("servise"), std::string::npos) << all;
}

constexpr const char* kOfInstances = "service = \"tm@@instance@\"\nid = \"tm-@instance@\"\n";

TEST(ProbeFile, HasTheNumberOfTheInstanceWhereverItStandsInTheText) {
    EXPECT_EQ(fill_instance(kOfInstances, "probe.toml", "12").value(),
              "service = \"tm@12\"\nid = \"tm-12\"\n");
    EXPECT_EQ(fill_instance("a = 1\n", "probe.toml", "64").value(), "a = 1\n");
    EXPECT_EQ(fill_instance("a = 1\n", "probe.toml", std::nullopt).value(), "a = 1\n");
}

TEST(ProbeFile, SaysHowToNameTheInstanceWhenItIsNotNamed) {
    auto result = fill_instance(kOfInstances, "/c/probe.toml", std::nullopt);
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error(), (Error{Errc::usage,
                                     "/c/probe.toml is the probe of one of several "
                                     "instances",
                                     "say of which: --instance 1"}));
}

TEST(ProbeFile, TakesNoInstanceButANumberFrom1To64) {
    for (const char* wrong :
         {"", "0", "65", "-1", "+1", "01", "1a", " 1", "\"x\"", "99999999999"}) {
        auto result = fill_instance("", "probe.toml", wrong);
        ASSERT_FALSE(result.has_value()) << wrong;
        EXPECT_EQ(result.error().code, Errc::usage);
        EXPECT_THAT(result.error().message, ::testing::HasSubstr("1 to 64"));
    }
}

} // namespace
} // namespace lakebed
