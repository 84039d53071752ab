#include "probe/probe.h"

#include <filesystem>

#include <sys/resource.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "support/fake_server.h"
#include "sys/event_loop.h"
#include "sys/unique_fd.h"

namespace lakebed {
namespace {

using test::Answer;
using test::FakeServer;

constexpr const char* kBuckets = "<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>";
constexpr const char* kInvalidKey = "<Error><Code>InvalidAccessKeyId</Code></Error>";

ProbeSpec spec_of(decltype(ProbeSpec::how) how) {
    ProbeSpec spec{.how = std::move(how)};
    spec.timeout = std::chrono::seconds(10);
    return spec;
}
ProbeSpec redis_at(Port port) {
    return spec_of(RedisProbe{"127.0.0.1", port, "probe", ""});
}
ProbeSpec s3_at(Port port) {
    return spec_of(S3Probe{"127.0.0.1", port, "", ""});
}
ProbeSpec http_at(Port port) {
    return spec_of(HttpProbe{"127.0.0.1", port, "/up", 200, "fine"});
}

const ProbeSecrets kSecrets{"probe", "secret"};

// Answers as Redis does once both commands, or the one of a kept connection, have arrived.
std::optional<Answer> redis(const std::string& received) {
    if (received == "*1\r\n$4\r\nPING\r\n") return Answer{"+PONG\r\n"};
    if (received.starts_with("*3") && received.ends_with("PING\r\n"))
        return Answer{"+OK\r\n+PONG\r\n"};
    return std::nullopt;
}

// Runs the loop until the answer; once only, since a loop cannot go on after stop().
ProbeOutcome run_probe(EventLoop& loop, Prober& prober) {
    ProbeOutcome outcome;
    prober.start([&](const ProbeOutcome& told) {
        outcome = told;
        loop.stop();
    });
    EXPECT_TRUE(loop.run().has_value());
    return outcome;
}

TEST(Prober, IsReadyWhenRedisAnswersPing) {
    FakeServer server(redis);
    EXPECT_EQ(probe_once(redis_at(server.port()), {}, kSecrets),
              (ProbeOutcome{.ok = true, .detail = "answers"}));
}

std::optional<Answer> web(const std::string& received) {
    if (!received.ends_with("\r\n\r\n")) return std::nullopt;
    return Answer{"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine"};
}

// Probes again and again, with `between` before each but the first.
std::vector<bool> probe_thrice(EventLoop& loop, const ProbeSpec& spec,
                               const std::function<void(Prober&)>& between) {
    Prober prober(loop.get(), spec, kSecrets);
    std::vector<bool> answers;
    std::function<void(const ProbeOutcome&)> next = [&](const ProbeOutcome& told) {
        answers.push_back(told.ok);
        if (answers.size() == 3) return loop.stop();
        between(prober);
        prober.start(next);
    };
    prober.start(next);
    EXPECT_TRUE(loop.run().has_value());
    return answers;
}

TEST(Prober, KeepsItsConnectionBetweenProbesUntilToldToDropIt) {
    const std::vector<bool> all{true, true, true};
    for (const auto& behaviour : {redis, web})
        for (bool drop : {false, true}) {
            FakeServer server(behaviour);
            auto loop = EventLoop::make();
            ProbeSpec spec = behaviour == redis ? redis_at(server.port()) : http_at(server.port());
            EXPECT_EQ(probe_thrice(*loop, spec,
                                   [&](Prober& prober) {
                                       if (drop) prober.disconnect();
                                   }),
                      all);
            EXPECT_EQ(server.connections(), drop ? 3 : 1) << kind_name(spec);
        }
}

TEST(Prober, AsksManyAtOnceWithOneDescriptorForEach) {
    constexpr int kMany = 40;
    FakeServer server(web);
    auto loop = EventLoop::make();
    auto descriptors = [] {
        return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
    };
    std::vector<Prober> probers;
    int ready = 0;
    const auto before = descriptors();
    for (int i = 0; i < kMany; ++i)
        probers.emplace_back(loop->get(), http_at(server.port()), kSecrets);
    for (Prober& prober : probers)
        prober.start([&](const ProbeOutcome& told) {
            ready += told.ok;
            if (ready == kMany) loop->stop();
        });
    ASSERT_TRUE(loop->run().has_value());
    EXPECT_LE(descriptors() - before, 2 * kMany + 5); // the server's ends are ours too
}

TEST(Prober, SaysThatItCannotAskWhenItLacksDescriptors) {
    auto loop = EventLoop::make();
    Prober prober(loop->get(), redis_at(test::closed_port()), kSecrets);
    rlimit usual{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &usual), 0);
    ProbeOutcome outcome;
    prober.start([&](const ProbeOutcome& first) { // now the loop has what it needs itself
        EXPECT_FALSE(first.cannot_ask);
        UniqueFd next(::dup(0));
        rlimit none{static_cast<rlim_t>(next.get()), usual.rlim_max};
        next.reset();
        ::setrlimit(RLIMIT_NOFILE, &none);
        prober.start([&](const ProbeOutcome& told) {
            outcome = told;
            loop->stop();
        });
    });
    EXPECT_TRUE(loop->run().has_value());
    ::setrlimit(RLIMIT_NOFILE, &usual);
    EXPECT_TRUE(outcome.cannot_ask) << outcome.detail;
    EXPECT_EQ(outcome.detail, "we cannot ask it: too many open files");
}

TEST(Prober, ConnectsAnewWhenTheServiceClosedTheKeptConnection) {
    FakeServer server([](const std::string& received) {
        auto answer = redis(received);
        if (answer) answer->close = true;
        return answer;
    });
    auto loop = EventLoop::make();
    Prober prober(loop->get(), redis_at(server.port()), kSecrets);
    std::vector<bool> answers;
    prober.start([&](const ProbeOutcome& first) {
        answers.push_back(first.ok);
        prober.start([&](const ProbeOutcome& second) {
            answers.push_back(second.ok);
            loop->stop();
        });
    });
    ASSERT_TRUE(loop->run().has_value());
    EXPECT_EQ(answers, (std::vector<bool>{true, true}));
    EXPECT_EQ(server.connections(), 2);
}

TEST(Prober, TellsThatNobodyListens) {
    Port port = test::closed_port();
    EXPECT_EQ(probe_once(redis_at(port), {}, kSecrets).detail, "connection refused");
    EXPECT_EQ(probe_once(s3_at(port), {}, kSecrets).detail, "connection refused");
    EXPECT_EQ(probe_once(http_at(port)).detail, "connection refused");
    EXPECT_EQ(probe_once(spec_of(TcpProbe{"127.0.0.1", port})).detail, "connection refused");
}

TEST(Prober, AsksAServerOfFewWordsInItsOwnWords) {
    FakeServer server([](const std::string& received) -> std::optional<Answer> {
        if (received == "ruok") return Answer{"imok", true};
        return std::nullopt;
    });
    ProbeSpec fine = spec_of(TcpProbe{"127.0.0.1", server.port(), "ruok", "imok"});
    EXPECT_EQ(probe_once(fine), (ProbeOutcome{.ok = true, .detail = "answers"}));
    ProbeSpec other = spec_of(TcpProbe{"127.0.0.1", server.port(), "ruok", "fine"});
    EXPECT_EQ(probe_once(other).detail, "closed the connection");
}

TEST(Prober, TakesAnyHttpAnswerWhereThatIsAsked) {
    FakeServer server([](const std::string&) -> std::optional<Answer> {
        return Answer{"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"};
    });
    EXPECT_TRUE(probe_once(spec_of(HttpProbe{"127.0.0.1", server.port(), "/", 0, ""})).ok);
    EXPECT_FALSE(probe_once(spec_of(HttpProbe{"127.0.0.1", server.port(), "/", 200, ""})).ok);
}

TEST(Prober, GivesUpAfterItsTimeout) {
    FakeServer server([](const std::string&) { return std::nullopt; });
    for (const ProbeSpec& spec :
         {redis_at(server.port()), s3_at(server.port()), http_at(server.port())})
        EXPECT_EQ(probe_once(spec, std::chrono::milliseconds(30), kSecrets).detail,
                  "no answer within 30ms")
            << kind_name(spec);
}

TEST(Prober, DoesNotCallBackOnceCancelled) {
    FakeServer server(redis);
    auto loop = EventLoop::make();
    Prober cancelled(loop->get(), redis_at(server.port()), kSecrets);
    cancelled.start([](const ProbeOutcome&) { FAIL(); });
    EXPECT_TRUE(cancelled.busy());
    cancelled.cancel();
    EXPECT_FALSE(cancelled.busy());
    Prober other(loop->get(), redis_at(server.port()), kSecrets);
    EXPECT_TRUE(run_probe(*loop, other).ok);
}

TEST(Prober, MayBeDestroyedByItsOwnCallback) {
    FakeServer server(redis);
    auto loop = EventLoop::make();
    auto prober = std::make_unique<Prober>(loop->get(), redis_at(server.port()), kSecrets);
    prober->start([&](const ProbeOutcome&) {
        prober.reset();
        loop->stop();
    });
    ASSERT_TRUE(loop->run().has_value());
    EXPECT_EQ(prober, nullptr);
}

TEST(Prober, NamesAMissingPasswordFile) {
    ProbeSpec spec = spec_of(RedisProbe{"127.0.0.1", 1, "probe", "/nonexistent/redis-probe"});
    EXPECT_NE(probe_once(spec).detail.find("/nonexistent/redis-probe"), std::string::npos);
}

TEST(HttpProbe, WantsTheStatusAndTheText) {
    FakeServer server([](const std::string& received) -> std::optional<Answer> {
        auto request = test::parse_http(received);
        if (!request) return std::nullopt;
        if (request->target == "/up") return test::http_answer(200, "all fine");
        return test::http_answer(404, "no");
    });
    EXPECT_TRUE(probe_once(http_at(server.port())).ok);
    HttpProbe probe{"127.0.0.1", server.port(), "/up", 200, "better"};
    EXPECT_EQ(probe_once(spec_of(probe)).detail, "its /up does not contain \"better\"");
    probe.path = "/down";
    EXPECT_EQ(probe_once(spec_of(probe)).detail, "HTTP status 404 for /down, expected 200");
}

TEST(S3Probe, ProvesThatTheVendorsKeyIsRefusedBeforeItUsesItsOwn) {
    std::vector<std::string> credentials;
    FakeServer server([&](const std::string& received) -> std::optional<Answer> {
        auto request = test::parse_http(received);
        if (!request) return std::nullopt;
        std::string authorization = request->header("Authorization");
        auto at = authorization.find("Credential=") + 11;
        credentials.push_back(authorization.substr(at, authorization.find('/') - at));
        return credentials.back() == "minioadmin" ? test::http_answer(403, kInvalidKey)
                                                  : test::http_answer(200, kBuckets);
    });
    EXPECT_EQ(probe_once(s3_at(server.port()), {}, kSecrets),
              (ProbeOutcome{.ok = true, .detail = "answers"}));
    EXPECT_EQ(credentials, (std::vector<std::string>{"minioadmin", "probe"}));
}

TEST(S3Probe, IsHopelessWhenTheVendorsKeyIsServed) {
    FakeServer server([](const std::string& received) -> std::optional<Answer> {
        if (!test::parse_http(received)) return std::nullopt;
        return test::http_answer(200, kBuckets);
    });
    EXPECT_EQ(probe_once(s3_at(server.port()), {}, kSecrets),
              (ProbeOutcome{.fatal = true, .detail = "serves the vendor's default credentials"}));
}

TEST(S3Probe, IsNotTakenInByAnyWebServer) {
    FakeServer server([](const std::string& received) -> std::optional<Answer> {
        if (!test::parse_http(received)) return std::nullopt;
        return test::http_answer(200, "<html>hello</html>");
    });
    EXPECT_EQ(probe_once(s3_at(server.port()), {}, kSecrets),
              (ProbeOutcome{.detail = "is no object store (HTTP status 200)"}));
}

TEST(S3Probe, CountsAServerThatInitialisesAsProgress) {
    FakeServer server([](const std::string& received) -> std::optional<Answer> {
        if (!test::parse_http(received)) return std::nullopt;
        return test::http_answer(503, "<Error><Code>XMinioServerNotInitialized</Code></Error>");
    });
    EXPECT_EQ(
        probe_once(s3_at(server.port()), {}, kSecrets),
        (ProbeOutcome{.progress = true, .detail = "starting up (XMinioServerNotInitialized)"}));
}

TEST(S3Probe, NamesARefusedKey) {
    FakeServer server([](const std::string& received) -> std::optional<Answer> {
        if (!test::parse_http(received)) return std::nullopt;
        return test::http_answer(403, kInvalidKey);
    });
    EXPECT_EQ(probe_once(s3_at(server.port()), {}, kSecrets),
              (ProbeOutcome{.detail = "refuses our access key (InvalidAccessKeyId)"}));
}

TEST(ProbeTarget, SaysWhatIsAskedWhere) {
    EXPECT_EQ(probe_target(redis_at(6379)), "redis at 127.0.0.1:6379");
}

} // namespace
} // namespace lakebed
