#include "probe/codecs.h"

#include <gtest/gtest.h>

namespace lakebed {
namespace {

using namespace std::string_literals;

const std::string kDatabases = "\x80\x01\x00\x02\x00\x00\x00\x11get_all_databases\x00\x00\x00\x07"
                               "\x0f\x00\x00\x0b\x00\x00\x00\x02\x00\x00\x00\x07"
                               "default\x00\x00\x00\x02rt\x00"s;

const std::string kMetaException =
    "\x80\x01\x00\x02\x00\x00\x00\x11get_all_databases\x00\x00\x00\x07"
    "\x0c\x00\x01\x0b\x00\x01\x00\x00\x00\x0dno connection\x00\x00"s;

TEST(RedisCodec, AuthenticatesAndPingsInOneWrite) {
    EXPECT_EQ(redis_request({"probe", "s3 cret"}, true),
              "*3\r\n$4\r\nAUTH\r\n$5\r\nprobe\r\n$7\r\ns3 cret\r\n*1\r\n$4\r\nPING\r\n");
    EXPECT_EQ(redis_request({"probe", "s3 cret"}, false), "*1\r\n$4\r\nPING\r\n");
}

TEST(RedisCodec, IsReadyOnlyOnPongAndWaitsForAllOfIt) {
    const std::string answer = "+OK\r\n+PONG\r\n";
    for (std::size_t size = 0; size < answer.size(); ++size)
        EXPECT_EQ(redis_outcome(answer.substr(0, size), true), std::nullopt) << size;
    EXPECT_EQ(redis_outcome(answer, true), (ProbeOutcome{.ok = true, .detail = "answers"}));
    EXPECT_EQ(redis_outcome("+OK\r\n", false), (ProbeOutcome{.detail = "answers PING with: OK"}));
}

TEST(RedisCodec, TellsLoadingFromRefusals) {
    EXPECT_EQ(redis_outcome("+OK\r\n-LOADING Redis is loading the dataset in memory\r\n", true),
              (ProbeOutcome{.progress = true, .detail = "loading its data into memory"}));
    EXPECT_EQ(redis_outcome("-WRONGPASS invalid username-password pair\r\n", true),
              (ProbeOutcome{.detail = "refuses our user name or password"}));
    EXPECT_EQ(redis_outcome("-NOAUTH Authentication required.\r\n", false),
              (ProbeOutcome{.detail = "wants a password"}));
    EXPECT_EQ(redis_outcome("-MISCONF disk\tfull\r\n", false),
              (ProbeOutcome{.detail = "answers with an error: MISCONF disk full"}));
}

TEST(RedisCodec, NamesAnotherProtocol) {
    const ProbeOutcome foreign{.detail = "does not speak the Redis protocol"};
    EXPECT_EQ(redis_outcome("HTTP/1.1 400 Bad Request\r\n", true), foreign);
    EXPECT_EQ(redis_outcome("+" + std::string(5000, 'x'), true), foreign);
}

TEST(ThriftCodec, CallsWithoutArgumentsInTheStrictBinaryForm) {
    EXPECT_EQ(thrift_call("get_all_databases", 1),
              "\x80\x01\x00\x01\x00\x00\x00\x11get_all_databases\x00\x00\x00\x01\x00"s);
}

TEST(ThriftCodec, IsReadyWhenTheWholeSuccessFieldIsThere) {
    for (std::size_t size = 0; size < kDatabases.size(); ++size)
        EXPECT_EQ(thrift_outcome(kDatabases.substr(0, size), "get_all_databases", 7), std::nullopt)
            << size;
    EXPECT_EQ(thrift_outcome(kDatabases, "get_all_databases", 7),
              (ProbeOutcome{.ok = true, .detail = "answers"}));
}

TEST(ThriftCodec, TellsADeclaredExceptionByItsMessage) {
    EXPECT_EQ(thrift_outcome(kMetaException, "get_all_databases", 7),
              (ProbeOutcome{.detail = "get_all_databases throws: no connection"}));
}

TEST(ThriftCodec, TellsAnApplicationExceptionByItsMessage) {
    const std::string answer =
        "\x80\x01\x00\x03\x00\x00\x00\x01x\x00\x00\x00\x07"
        "\x0b\x00\x01\x00\x00\x00\x0einvalid method\x08\x00\x02\x00\x00\x00\x01\x00"s;
    EXPECT_EQ(thrift_outcome(answer, "x", 7),
              (ProbeOutcome{.detail = "refuses x: invalid method"}));
}

TEST(ThriftCodec, RefusesAnswersToOtherCallsAndOtherProtocols) {
    EXPECT_EQ(thrift_outcome(kDatabases, "get_all_databases", 8),
              (ProbeOutcome{.detail = "answers another call than ours"}));
    EXPECT_EQ(thrift_outcome("HTTP/1.1 400 Bad Request\r\n\r\n", "x", 7),
              (ProbeOutcome{.detail = "does not speak the Thrift binary protocol"}));
    EXPECT_EQ(thrift_outcome("\x15\x03\x01\x00"s, "x", 7),
              (ProbeOutcome{.detail = "does not speak the Thrift binary protocol"}));
}

TEST(ThriftCodec, SurvivesAnyOneDamagedByte) {
    for (std::size_t at = 0; at < kDatabases.size(); ++at)
        for (int bit = 0; bit < 8; ++bit) {
            std::string damaged = kDatabases;
            damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
            auto outcome = thrift_outcome(damaged, "get_all_databases", 7);
            if (outcome) {
                EXPECT_FALSE(outcome->detail.empty());
            }
        }
}

TEST(Printable, IsOneShortLineWithoutControlCharacters) {
    EXPECT_EQ(printable("a\r\n\tb\x1b[31m"), "a b [31m");
    EXPECT_EQ(printable(std::string(1000, 'x')).size(), 200U);
}

} // namespace
} // namespace lakebed
