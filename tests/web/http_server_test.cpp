#include "web/http_server.h"

#include <list>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http_client.h"
#include "sys/ports.h"

namespace lakebed {
namespace {

using test::HttpClient;
using test::turn_until;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class HttpServerTest : public testing::Test {
  protected:
    EventLoop loop = EventLoop::make().value();
    std::string first = "first";

    HttpServer serve(HttpServerOptions options = {}) {
        options.address = {"127.0.0.1", 0};
        return HttpServer::make(
                   loop, options,
                   {.get = [](std::string_view path, const PeerUid& peer) -> HttpReply {
                        if (path == "/boom") throw std::runtime_error("boom");
                        if (path == "/who") return {.body = std::to_string(peer().value_or(99999))};
                        if (path == "/page") return {.body = "<page>"};
                        return {.status = 404, .body = "no such page"};
                    },
                    .events_path = "/events",
                    .first_event = [this] { return first; }})
            .value();
    }

    std::string answer(const HttpServer& server, const std::string& method, const std::string& path,
                       const std::string& host = "localhost") {
        HttpClient client(loop, server.port());
        client.ask(method, path, host, "Connection: close\r\n");
        EXPECT_TRUE(client.receive_until_closed());
        return client.received();
    }
};

TEST_F(HttpServerTest, AnswersWithHeadersThatKeepBrowsersSafe) {
    HttpServer server = serve();
    std::string got = answer(server, "GET", "/page");
    EXPECT_THAT(got, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(got, HasSubstr("Content-Security-Policy: default-src 'none'"));
    EXPECT_THAT(got, HasSubstr("X-Content-Type-Options: nosniff"));
    EXPECT_THAT(got, HasSubstr("Cache-Control: no-store"));
    EXPECT_THAT(got, Not(HasSubstr("Access-Control")));
    EXPECT_THAT(got, testing::EndsWith("\r\n\r\n<page>"));
}

TEST_F(HttpServerTest, KnowsWhoIsAtTheOtherEnd) {
    HttpServer server = serve();
    EXPECT_THAT(answer(server, "GET", "/who"),
                testing::EndsWith("\r\n\r\n" + std::to_string(::geteuid())));
    EXPECT_EQ(read_socket_owner("127.0.0.1", 1, server.port()), std::nullopt);
}

TEST_F(HttpServerTest, AnswersSeveralRequestsOnOneConnection) {
    HttpServer server = serve();
    HttpClient client(loop, server.port());
    client.ask("GET", "/page");
    ASSERT_TRUE(client.receive_until("<page>"));
    client.ask("GET", "/other");
    EXPECT_TRUE(client.receive_until("no such page"));
    EXPECT_THAT(client.received(), HasSubstr("HTTP/1.1 404 Not Found"));
}

TEST_F(HttpServerTest, GivesHeadTheHeadersOfGetWithoutTheBody) {
    HttpServer server = serve();
    std::string got = answer(server, "HEAD", "/page");
    EXPECT_THAT(got, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(got, HasSubstr("Content-Length: 6\r\n"));
    EXPECT_THAT(got, Not(HasSubstr("<page>")));
    EXPECT_THAT(answer(server, "HEAD", "/events"), HasSubstr("Content-Type: text/event-stream"));
    EXPECT_EQ(server.streams(), 0U);
}

TEST_F(HttpServerTest, RefusesEveryMethodThatCouldChangeSomething) {
    HttpServer server = serve();
    for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "BREW"}) {
        std::string got = answer(server, method, "/page");
        EXPECT_THAT(got, StartsWith("HTTP/1.1 405 ")) << method;
        EXPECT_THAT(got, HasSubstr("Allow: GET, HEAD")) << method;
    }
}

TEST_F(HttpServerTest, RefusesNamesThatAreNotOfLoopback) {
    HttpServer server = serve();
    for (const char* host : {"evil.example", "evil.example:7070", "127.0.0.1.evil.example",
                             "localhost.evil.example:80", "10.0.0.1:7070", "", "localhost:80:x"})
        EXPECT_THAT(answer(server, "GET", "/page", host), StartsWith("HTTP/1.1 403 ")) << host;
    for (const char* host : {"localhost", "localhost:7070", "127.0.0.1:7070", "[::1]:8080"})
        EXPECT_THAT(answer(server, "GET", "/page", host), StartsWith("HTTP/1.1 200 ")) << host;
    HttpClient nameless(loop, server.port());
    nameless.send("GET /page HTTP/1.0\r\n\r\n");
    EXPECT_TRUE(nameless.receive_until_closed());
    EXPECT_THAT(nameless.received(), HasSubstr(" 403 "));
    EXPECT_THAT(answer(server, "GET", "/events", "evil.example"), StartsWith("HTTP/1.1 403 "));
}

TEST_F(HttpServerTest, OutlivesARequestThatThrowsAndRubbish) {
    HttpServer server = serve();
    EXPECT_THAT(answer(server, "GET", "/boom"), Not(HasSubstr("200")));
    HttpClient rubbish(loop, server.port());
    rubbish.send(std::string(20000, '\xff') + "\r\n\r\n");
    EXPECT_TRUE(rubbish.receive_until_closed());
    EXPECT_THAT(answer(server, "GET", "/page"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, StreamsTheFirstEventAndThenEachChange) {
    HttpServer server = serve();
    HttpClient client(loop, server.port());
    client.ask("GET", "/events");
    ASSERT_TRUE(client.receive_until("event: status\ndata: first\n\n"));
    EXPECT_THAT(client.received(), HasSubstr("Content-Type: text/event-stream"));
    server.publish("status", "second");
    EXPECT_TRUE(client.receive_until("event: status\ndata: second\n\n"));
    server.publish("status", "third");
    EXPECT_TRUE(client.receive_until("event: status\ndata: third\n\n"));
}

TEST_F(HttpServerTest, ServesManyIdleStreamsWithoutWakingUp) {
    HttpServer server = serve({.streams = 40});
    std::list<HttpClient> clients;
    for (int i = 0; i < 40; ++i) clients.emplace_back(loop, server.port()).ask("GET", "/events");
    for (HttpClient& client : clients) ASSERT_TRUE(client.receive_until("data: first"));
    EXPECT_EQ(server.streams(), 40U);
    // Nothing is left to do: the loop sleeps until its time is over.
    while (sd_event_run(loop.get(), 0) > 0) {
    }
    EXPECT_EQ(sd_event_run(loop.get(), 50'000), 0);
    server.publish("status", "news");
    for (HttpClient& client : clients) EXPECT_TRUE(client.receive_until("data: news"));
}

TEST_F(HttpServerTest, SendsOneStreamTooManyAwayAndServesTheRest) {
    HttpServer server = serve({.streams = 2});
    HttpClient one(loop, server.port()), two(loop, server.port()), three(loop, server.port());
    one.ask("GET", "/events");
    two.ask("GET", "/events");
    ASSERT_TRUE(one.receive_until("data: first"));
    ASSERT_TRUE(two.receive_until("data: first"));
    three.ask("GET", "/events");
    ASSERT_TRUE(three.receive_until("503 "));
    EXPECT_THAT(three.received(), HasSubstr("Retry-After: 10"));
    EXPECT_THAT(answer(server, "GET", "/page"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, FindsOutThatAStreamHasGone) {
    HttpServer server = serve({.heartbeat = std::chrono::milliseconds(20)});
    {
        HttpClient client(loop, server.port());
        client.ask("GET", "/events");
        ASSERT_TRUE(client.receive_until(":\n\n")); // a heartbeat
        ASSERT_EQ(server.streams(), 1U);
    }
    EXPECT_TRUE(turn_until(loop, [&] { return server.streams() == 0; }));
}

TEST_F(HttpServerTest, GivesASlowReaderTheNewestEventOnly) {
    HttpServer server = serve();
    first = std::string(8 << 20, 'x'); // more than the sockets hold
    HttpClient slow(loop, server.port(), 4096);
    slow.ask("GET", "/events");
    ASSERT_TRUE(turn_until(loop, [&] { return server.streams() == 1; }));
    while (sd_event_run(loop.get(), 20'000) > 0) {
    }
    server.publish("status", "missed");
    server.publish("status", "newest");
    ASSERT_TRUE(slow.receive_until("data: newest"));
    EXPECT_THAT(slow.received().substr(slow.received().size() - 200), Not(HasSubstr("missed")));
}

TEST_F(HttpServerTest, CutsOffAReaderThatTakesNothing) {
    HttpServer server = serve({.stall = std::chrono::seconds(1)});
    first = std::string(8 << 20, 'x');
    HttpClient stuck(loop, server.port(), 4096);
    stuck.ask("GET", "/events");
    ASSERT_TRUE(turn_until(loop, [&] { return server.streams() == 1; }));
    EXPECT_TRUE(turn_until(loop, [&] { return server.streams() == 0; }));
}

TEST_F(HttpServerTest, EndsWhileStreamsAreOpen) {
    auto server = std::make_optional(serve());
    HttpClient client(loop, server->port());
    client.ask("GET", "/events");
    ASSERT_TRUE(client.receive_until("data: first"));
    server.reset();
    EXPECT_TRUE(client.receive_until_closed());
}

TEST_F(HttpServerTest, SaysThatItsPortIsTaken) {
    HttpServer server = serve();
    HttpServerOptions same{.address = {"127.0.0.1", server.port()}};
    Result<HttpServer> second = HttpServer::make(loop, same, {});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().message,
              "cannot serve the status page on 127.0.0.1:" + std::to_string(server.port()) +
                  ": Address already in use");
}

TEST(ListenAddress, IsReadFromAddressAndPort) {
    EXPECT_EQ(parse_listen_address("127.0.0.1:7070").value(), (ListenAddress{"127.0.0.1", 7070}));
    EXPECT_EQ(parse_listen_address("127.8.0.1:80").value(), (ListenAddress{"127.8.0.1", 80}));
    EXPECT_EQ(parse_listen_address("[::1]:7071").value(), (ListenAddress{"::1", 7071}));
    EXPECT_EQ(to_string(ListenAddress{"::1", 7071}), "[::1]:7071");
}

TEST(ListenAddress, ThatOthersCouldReachIsRefused) {
    for (const char* text :
         {"0.0.0.0:7070", "192.168.1.4:7070", "[::]:7070", "[::ffff:1.2.3.4]:1", "localhost:7070",
          "127.0.0.1", "127.0.0.1:", "127.0.0.1:99999", ":80", "127.0.0.1:80x"})
        EXPECT_FALSE(parse_listen_address(text)) << text;
}

} // namespace
} // namespace lakebed
