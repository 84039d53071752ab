#include "verify/resp.h"

#include <gtest/gtest.h>

namespace lakebed::resp {
namespace {

TEST(Resp, ACommandIsAnArrayOfCountedWords) {
    EXPECT_EQ(encode_command({"SET", "key", "a b"}),
              "*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$3\r\na b\r\n");
}

TEST(Resp, EachKindOfReplyIsRead) {
    auto read = [](std::string_view bytes) { return *decode_reply(bytes).value(); };
    EXPECT_EQ(read("+PONG\r\n"), (Reply{Reply::Kind::status, "PONG"}));
    EXPECT_EQ(read("-NOAUTH no\r\n"), (Reply{Reply::Kind::error, "NOAUTH no"}));
    EXPECT_EQ(read(":1\r\n"), (Reply{Reply::Kind::integer, "1"}));
    EXPECT_EQ(read("$5\r\na\r\nbc\r\n"), (Reply{Reply::Kind::text, "a\r\nbc"}));
    EXPECT_EQ(read("$-1\r\n"), (Reply{Reply::Kind::nil, ""}));
    EXPECT_EQ(read("*2\r\n"), (Reply{Reply::Kind::status, "array"}));
}

TEST(Resp, AReplyCutAtAnyPointIsIncomplete) {
    std::string_view whole = "$11\r\nhello world\r\n";
    for (std::size_t size = 0; size < whole.size(); ++size) {
        auto reply = decode_reply(whole.substr(0, size));
        ASSERT_TRUE(reply) << size;
        EXPECT_FALSE(*reply) << size;
    }
}

TEST(Resp, AnythingElseIsRefused) {
    EXPECT_FALSE(decode_reply("HTTP/1.1 200 OK\r\n"));
    EXPECT_FALSE(decode_reply("\r\n"));
    EXPECT_FALSE(decode_reply("$99999999999\r\n"));
    EXPECT_FALSE(decode_reply("$x\r\n"));
}

} // namespace
} // namespace lakebed::resp
