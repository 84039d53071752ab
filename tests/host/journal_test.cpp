#include "host/journal.h"

#include <gmock/gmock.h>

#include "sys/digest.h"

namespace lakebed {
namespace {

using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

std::string timed(const std::string& record) {
    return "2026-01-01T00:00:00Z " + record + "\n";
}

const Step kWrite = WriteFile{{"/var/lib/lakebed/config/a b/redis.conf", "secret text", 0644, ""}};
const Step kInstall = InstallUnit{{"lakebed-redis.service", "[Unit]\n"}};

TEST(Journal, knows_the_files_of_an_apply_that_did_not_end) {
    std::string text = timed(begin_record({})) + timed(intent_record(0, kWrite)) +
                       timed(done_record(0)) + timed(intent_record(1, kInstall));
    EXPECT_THAT(unfinished_files(text, "/units"),
                UnorderedElementsAre(
                    Pair("/var/lib/lakebed/config/a b/redis.conf", sha256_hex("secret text")),
                    Pair("/units/lakebed-redis.service", sha256_hex("[Unit]\n"))));
}

TEST(Journal, forgets_them_once_an_apply_has_ended) {
    EXPECT_THAT(unfinished_files(timed(intent_record(0, kWrite)) + timed(end_record({})), "/units"),
                IsEmpty());
}

TEST(Journal, that_was_torn_by_a_power_cut_is_read_as_far_as_it_goes) {
    std::string text = timed(intent_record(0, kInstall)) + timed(intent_record(1, kWrite));
    for (std::size_t size = 0; size < text.size(); ++size)
        EXPECT_LE(unfinished_files(text.substr(0, size), "/units").size(), 2U);
}

TEST(Journal, holds_no_content_and_one_line_a_record) {
    std::string record = intent_record(0, kWrite);
    EXPECT_EQ(record.find("secret text"), std::string::npos);
    Error error{Errc::failed, "a\nb", ""};
    EXPECT_EQ(failed_record(3, error), "failed 3 a b");
}

} // namespace
} // namespace lakebed
