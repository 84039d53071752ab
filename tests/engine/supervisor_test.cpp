#include "engine/supervisor.h"

#include <gtest/gtest.h>

#include "engine/script.h"

namespace lakebed::test {
namespace {

constexpr std::string_view kPair = R"(
    postgres
    hive needs postgres
)";
// Both up, the target too, at 3 s.
constexpr std::string_view kPairUp = R"(
    0 postgres inactive
    0 hive inactive
    0 target up t1
    1 postgres active p1
    2 hive active h1
)";

Script up(std::string_view graph = kPair) {
    Script script(graph);
    script.play(kPairUp);
    return script;
}

// ---- starting ---------------------------------------------------------------------------------

TEST(Supervisor, StartsEachUnitTheMomentAllItsNeedsAreReady) {
    Script script(R"(
        postgres
        job init needs postgres init
        minio
        hive needs postgres, minio session, init init
    )");
    EXPECT_EQ(script.play(R"(
        0 postgres inactive
        0 init inactive
        0 minio inactive
        0 hive inactive
        1 target up t1
        2 postgres starting p1
        3 postgres active p1
        4 minio active m1
        5 init starting i1
        6 init active i1
        7 hive active h1
    )", Show::all),
              "postgres is starting\nminio is starting\n"
              "\"postgres is starting\"\n" // …
              );
}

} // namespace
} // namespace lakebed::test
