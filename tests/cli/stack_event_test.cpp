#include "cli/stack_event.h"

#include <cstdlib>
#include <ctime>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/live_block.h"
#include "sys/supervisor_events.h"

namespace lakebed {
namespace {

using testing::Contains;
using testing::HasSubstr;

constexpr std::uint64_t kNow = 1'790'000'000'000'000;

struct InUtc : testing::Test {
    InUtc() {
        ::setenv("TZ", "UTC", 1);
        ::tzset();
    }
};

StackEvent event(const EventKind& kind, const std::string& message,
                 std::vector<std::pair<std::string, std::string>> fields = {}) {
    fields.emplace_back("MESSAGE_ID", kind.message_id);
    fields.emplace_back("MESSAGE", message);
    return make_event({kNow, fields});
}

TEST_F(InUtc, EachKindOfEventIsOneLineThatRepeatsNothing) {
    auto line = [](const StackEvent& it) { return event_line(it, 5).substr(21); };
    EXPECT_EQ(event_line(event(kStateEvent, "minio is ready",
                               {{"LAKEBED_SERVICE", "minio"}, {"LAKEBED_STATE", "ready"}}),
                         7),
              "2026-09-21 14:13:20  minio    ready");
    EXPECT_EQ(line(event(kStateEvent, "flink is held: minio is not ready",
                         {{"LAKEBED_SERVICE", "flink"}, {"LAKEBED_STATE", "held"}})),
              "flink  held          minio is not ready");
    EXPECT_EQ(line(event(kIncidentEvent, "minio was killed by SIGKILL",
                         {{"LAKEBED_SERVICE", "minio"}, {"LAKEBED_EVIDENCE", "20260921T1-x"}})),
              "minio  failed        was killed by SIGKILL; evidence: 20260921T1-x");
    EXPECT_EQ(line(event(kJobEvent, "restart lakebed-minio.service",
                         {{"LAKEBED_SERVICE", "minio"}, {"LAKEBED_VERB", "restart"}})),
              "minio  restart       by lakebedd");
    EXPECT_EQ(line(event(kSelfEvent, "generation 3 is in force\x1b[2J")),
              "       lakebedd      generation 3 is in force?[2J");
}

TEST_F(InUtc, OnlyLakebeddsOwnWordsAreSearchedFor) {
    EXPECT_THAT(event_matches({}), Contains("_SYSTEMD_UNIT=lakebedd.service"));
    EXPECT_EQ(event_matches({}).size(), 1 + std::size(kEventKinds));
    EXPECT_THAT(event_matches({"redis"}), Contains("LAKEBED_SERVICE=redis"));
}

TEST_F(InUtc, SinceIsAnAgeOrALocalTime) {
    EXPECT_EQ(parse_since("90s", kNow), kNow - 90'000'000);
    EXPECT_EQ(parse_since("2026-09-21 14:13:20", kNow), kNow);
    EXPECT_EQ(parse_since("2026-09-21 14:13", kNow), kNow - 20'000'000);
    EXPECT_EQ(parse_since("2026-09-21", kNow), kNow - (14 * 3600 + 13 * 60 + 20) * 1'000'000ULL);
    for (const char* wrong : {"", "yesterday", "2026-09-21T14", "2026-09-21 14:13:20 x", "-5s"})
        EXPECT_EQ(parse_since(wrong, kNow), std::nullopt) << wrong;
}

TEST(Cut, ColoursTakeNoColumnAndAreEnded) {
    EXPECT_EQ(cut("a \x1b[31mred\x1b[0m b", 7), "a \x1b[31mred\x1b[0m b");
    EXPECT_EQ(cut("a \x1b[31mred\x1b[0m b", 4), "a \x1b[31mre\x1b[0m");
    EXPECT_EQ(cut("a \x1b[31mred\x1b[0m more", 6), "a \x1b[31mred\x1b[0m ");
    EXPECT_EQ(cut("äöü", 2), "äö");
}

} // namespace
} // namespace lakebed
