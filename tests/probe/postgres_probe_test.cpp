// The real libpq against a server that speaks as much of the protocol as a probe needs.
#include <gtest/gtest.h>

#include "probe/postgres_inquiry.h"
#include "support/fake_server.h"
#include "sys/event_loop.h"

namespace lakebed {
namespace {

using namespace std::string_literals;
using test::Answer;
using test::FakeServer;

std::string message(char type, const std::string& body) {
    auto size = static_cast<std::uint32_t>(body.size() + 4);
    std::string out(1, type);
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(size >> shift);
    return out + body;
}

std::string error_response(const std::string& code, const std::string& text) {
    return message('E', "SFATAL\0VFATAL\0C"s + code + "\0M"s + text + "\0\0"s);
}

const std::string kReady = message('R', "\0\0\0\0"s) + message('Z', "I");
const std::string kOneRow = message('T', "\0\1x\0\0\0\0\0\0\0\0\0\0\x17\0\4\xff\xff\xff\xff\0\0"s) +
                            message('D', "\0\1\0\0\0\1"s + "1") + message('C', "SELECT 1\0"s) +
                            message('Z', "I");
const std::string kNoRow = message('T', "\0\1x\0\0\0\0\0\0\0\0\0\0\x17\0\4\xff\xff\xff\xff\0\0"s) +
                           message('C', "SELECT 0\0"s) + message('Z', "I");

// A startup packet begins with its length, a query with 'Q'.
bool is_startup(const std::string& received) {
    return received[0] == '\0';
}

ProbeSpec postgres_at(Port port) {
    ProbeSpec spec{.how = PostgresProbe{"127.0.0.1", port, "postgres", "probe", ""}};
    spec.timeout = std::chrono::seconds(10);
    return spec;
}

TEST(PostgresProbe, IsReadyWhenItsQueryReturnsARow) {
    FakeServer server([](const std::string& received) -> std::optional<Answer> {
        return Answer{is_startup(received) ? kReady : kOneRow};
    });
    EXPECT_EQ(probe_once(postgres_at(server.port())),
              (ProbeOutcome{.ok = true, .detail = "answers"}));
}

TEST(PostgresProbe, IsNotReadyWithoutARow) {
    FakeServer server([](const std::string& received) -> std::optional<Answer> {
        return Answer{is_startup(received) ? kReady : kNoRow};
    });
    EXPECT_EQ(probe_once(postgres_at(server.port())).detail, "its query returned no row");
}

TEST(PostgresProbe, CountsRecoveryAsProgressInAnyLanguage) {
    FakeServer server([](const std::string&) -> std::optional<Answer> {
        return Answer{error_response("57P03", "das Datenbanksystem startet"), true};
    });
    EXPECT_EQ(probe_once(postgres_at(server.port())),
              (ProbeOutcome{.progress = true, .detail = "das Datenbanksystem startet"}));
}

TEST(PostgresProbe, TellsARefusedLoginInTheServersWords) {
    FakeServer server([](const std::string&) -> std::optional<Answer> {
        return Answer{error_response("28P01", "password authentication failed for user \"probe\""),
                      true};
    });
    EXPECT_EQ(probe_once(postgres_at(server.port())).detail,
              "password authentication failed for user \"probe\"");
}

TEST(PostgresProbe, KeepsItsSessionAndOpensAnotherWhenTheServerEndedIt) {
    int queries = 0;
    FakeServer server([&](const std::string& received) -> std::optional<Answer> {
        if (is_startup(received)) return Answer{kReady};
        return Answer{kOneRow, ++queries == 2};
    });
    auto loop = EventLoop::make();
    Prober prober(loop->get(), postgres_at(server.port()));
    std::vector<bool> answers;
    std::function<void(const ProbeOutcome&)> next = [&](const ProbeOutcome& told) {
        answers.push_back(told.ok);
        if (answers.size() == 3)
            loop->stop();
        else
            prober.start(next);
    };
    prober.start(next);
    ASSERT_TRUE(loop->run().has_value());
    EXPECT_EQ(answers, (std::vector<bool>{true, true, true}));
    EXPECT_EQ(server.connections(), 2);
}

TEST(PostgresProbe, GivesUpAfterItsTimeout) {
    FakeServer server([](const std::string&) { return std::nullopt; });
    EXPECT_EQ(probe_once(postgres_at(server.port()), std::chrono::milliseconds(30)).detail,
              "no answer within 30ms");
}

TEST(PostgresProbe, SaysWhenNobodyListens) {
    EXPECT_NE(probe_once(postgres_at(test::closed_port())).detail.find("Connection refused"),
              std::string::npos);
}

} // namespace
} // namespace lakebed
