#include "driver/evidence.h"

#include <gtest/gtest.h>

namespace lakebed {
namespace {

const std::string kRedis = "lakebed-redis.service";
const std::vector<std::string> kAddresses = {"127.0.0.1:6379", "[::1]:6380"};

TEST(PortEvidence, NamesTheHolderAsFarAsItIsKnown) {
    EXPECT_EQ(ports_of(kAddresses), (std::vector<Port>{6379, 6380}));
    EXPECT_EQ(port_evidence(kRedis, kAddresses, {{6379, "0.0.0.0", 812, "nginx", "nginx.service"}}),
              "port 6379 is taken by nginx (pid 812) of nginx.service");
    EXPECT_EQ(port_evidence(kRedis, kAddresses, {{6380, "::1", 0, "", ""}}),
              "port 6380 is taken by another process");
}

TEST(PortEvidence, IsNotTheServiceItselfNorAnotherAddress) {
    EXPECT_EQ(port_evidence(kRedis, kAddresses,
                            {{6379, "127.0.0.1", 9, "redis", "lakebed-redis.service"},
                             {6379, "10.0.0.1", 8, "nginx", ""},
                             {80, "127.0.0.1", 8, "nginx", ""}}),
              std::nullopt);
}

TEST(Room, IsATwentiethOfTheDiskOr256MiB) {
    constexpr std::uint64_t kMiB = 1 << 20;
    EXPECT_TRUE(has_room({100000 * kMiB, 256 * kMiB, 0, 0}));
    EXPECT_FALSE(has_room({100000 * kMiB, 255 * kMiB, 0, 0}));
    EXPECT_TRUE(has_room({100 * kMiB, 5 * kMiB, 1000, 50}));
    EXPECT_FALSE(has_room({100 * kMiB, 5 * kMiB, 1000, 49}));
    EXPECT_EQ(space_evidence("/data", {100 * kMiB, 3 * kMiB, 1000, 900}),
              "no space left on /data (3 MiB free)");
    EXPECT_EQ(space_evidence("/data", {100 * kMiB, 90 * kMiB, 1000, 4}),
              "no space left on /data (4 inodes free)");
}

} // namespace
} // namespace lakebed
