#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_server.h"
#include "verify/thrift.h"
#include "verify/verify.h"

namespace lakebed {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;

// Answers the three calls; keeps the names of the databases that are there.
struct Metastore {
    bool forgets_location = false;
    std::vector<std::string> databases;
    std::string location;

    // A reply has the form of a call but for the message type in its fourth byte.
    static std::string reply(const std::string& method, std::int32_t sequence,
                             const thrift::Struct& result) {
        std::string bytes = thrift::encode_call(method, sequence, result);
        bytes[3] = 2;
        return bytes;
    }

    std::string run(std::string bytes) {
        bytes[3] = 2;
        auto call = thrift::decode_reply(bytes).value().value();
        if (call.method == "create_database") {
            const auto& database = std::get<thrift::Struct>(thrift::find(call.fields, 1)->data);
            databases.push_back(thrift::text(database, 1));
            location = thrift::text(database, 3);
            return reply(call.method, call.sequence, {});
        }
        if (call.method == "get_database")
            return reply(call.method, call.sequence,
                         {{0,
                           {thrift::Struct{{1, {databases.back()}},
                                           {3, {forgets_location ? "elsewhere"s : location}}}}}});
        std::erase(databases, thrift::text(call.fields, 1));
        return reply(call.method, call.sequence, {});
    }
};

class MetastoreStepTest : public testing::Test {
  protected:
    Metastore metastore;
    test::FakeServer server{
        [this](const std::string& received) { return test::Answer{metastore.run(received)}; }};

    StepResult run() {
        MetastoreStep step{"127.0.0.1", server.port(), "s3a://warehouse"};
        return run_verify({{"hms", "hms", std::chrono::seconds(5), step}}).steps.at(0);
    }
};

TEST_F(MetastoreStepTest, ADatabaseIsMadeBelowTheLocationReadAndDropped) {
    auto result = run();
    EXPECT_TRUE(result.ok) << result.detail;
    EXPECT_THAT(metastore.location,
                testing::MatchesRegex("s3a://warehouse/lakebed_verify_[0-9a-f]+\\.db"));
    EXPECT_TRUE(metastore.databases.empty());
}

TEST_F(MetastoreStepTest, TheDatabaseIsDroppedAlsoWhenTheStepFails) {
    metastore.forgets_location = true;
    EXPECT_THAT(run().detail, HasSubstr("gives another database"));
    EXPECT_TRUE(metastore.databases.empty());
}

} // namespace
} // namespace lakebed
