#include "verify/thrift.h"

#include <gtest/gtest.h>

namespace lakebed::thrift {
namespace {

using namespace std::string_literals;

const std::string kDropDatabase = "\x80\x01\x00\x01\x00\x00\x00\x0d"
                                  "drop_database"
                                  "\x00\x00\x00\x07"
                                  "\x0b\x00\x01\x00\x00\x00\x01x"
                                  "\x02\x00\x02\x01"
                                  "\x02\x00\x03\x00"
                                  "\x00"s;

// get_database: 0 = Database{1: "x", 3: "s3a://w/x", 4: {"k": "v"}, 7: 1}
const std::string kDatabase =
    "\x80\x01\x00\x02\x00\x00\x00\x0c"
    "get_database"
    "\x00\x00\x00\x02"
    "\x0c\x00\x00"
    "\x0b\x00\x01\x00\x00\x00\x01x"
    "\x0b\x00\x03\x00\x00\x00\x09s3a://w/x"
    "\x0d\x00\x04\x0b\x0b\x00\x00\x00\x01\x00\x00\x00\x01k\x00\x00\x00\x01v"
    "\x08\x00\x07\x00\x00\x00\x01"
    "\x00\x00"s;

TEST(Thrift, ACallIsEncodedByteForByteAsTheProtocolHasIt) {
    EXPECT_EQ(encode_call("drop_database", 7, {{1, {"x"s}}, {2, {true}}, {3, {false}}}),
              kDropDatabase);
}

TEST(Thrift, ANestedStructIsEncodedWithItsOwnStop) {
    EXPECT_EQ(encode_call("f", 1, {{1, {Struct{{2, {std::int32_t{-2}}}}}}}),
              "\x80\x01\x00\x01\x00\x00\x00\x01"
              "f\x00\x00\x00\x01"
              "\x0c\x00\x01\x08\x00\x02\xff\xff\xff\xfe\x00\x00"s);
}

TEST(Thrift, AReplyIsReadWithStructsMapsAndNumbers) {
    auto reply = decode_reply(kDatabase);
    ASSERT_TRUE(reply && *reply);
    Struct database{
        {1, {"x"s}}, {3, {"s3a://w/x"s}}, {4, {List{{"k"s}, {"v"s}}}}, {7, {std::int32_t{1}}}};
    EXPECT_EQ(**reply, (Reply{"get_database", 2, false, {{0, {database}}}}));
}

TEST(Thrift, AReplyCutAtAnyPointIsIncompleteAndNoError) {
    for (std::size_t size = 0; size < kDatabase.size(); ++size) {
        auto reply = decode_reply(std::string_view(kDatabase).substr(0, size));
        ASSERT_TRUE(reply) << size << ": " << reply.error().message;
        EXPECT_FALSE(*reply) << size;
    }
}

TEST(Thrift, AnApplicationExceptionIsTold) {
    auto reply = decode_reply("\x80\x01\x00\x03\x00\x00\x00\x01"
                              "f\x00\x00\x00\x01"
                              "\x0b\x00\x01\x00\x00\x00\x04oops\x08\x00\x02\x00\x00\x00\x01\x00"s);
    ASSERT_TRUE(reply && *reply);
    EXPECT_TRUE((*reply)->exception);
    EXPECT_EQ(text((*reply)->fields, 1), "oops");
}

TEST(Thrift, BytesOfAnotherProtocolAreRefused) {
    EXPECT_FALSE(decode_reply("HTTP/1.1 400 Bad Request\r\n\r\n"));
}

TEST(Thrift, AnAbsurdLengthIsRefusedInsteadOfWaitedFor) {
    EXPECT_FALSE(decode_reply("\x80\x01\x00\x02\x7f\xff\xff\xff"s));
    EXPECT_FALSE(decode_reply("\x80\x01\x00\x02\x00\x00\x00\x00\x00\x00\x00\x01"
                              "\x0f\x00\x00\x02\x7f\xff\xff\xff"s));
}

TEST(Thrift, EndlessNestingIsRefused) {
    std::string bytes = "\x80\x01\x00\x02\x00\x00\x00\x00\x00\x00\x00\x01"s;
    for (int i = 0; i < 1000; ++i) bytes += "\x0c\x00\x01"s;
    EXPECT_FALSE(decode_reply(bytes));
}

} // namespace
} // namespace lakebed::thrift
