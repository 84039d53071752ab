#include "probe/probe_file.h"

#include <gtest/gtest.h>

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

} // namespace
} // namespace lakebed
