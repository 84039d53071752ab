#include "verify/step_runner.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sys/files.h"
#include "verify/resp.h"

namespace lakebed {
namespace {

using Words = std::vector<std::string>;

class Session {
  public:
    static Result<Session> open(const RedisStep& step, const StepContext& context) {
        return Session(TRY(Connection::open(step.host, step.port, context.deadline)));
    }

    Result<resp::Reply> ask(const Words& words) {
        TRY(connection_.send(resp::encode_command(words)).context(words.front()));
        std::string bytes;
        for (;;) {
            bytes += TRY(connection_.receive().context(words.front()));
            if (auto reply = TRY(resp::decode_reply(bytes).context(words.front()))) return *reply;
        }
    }

    Result<void> sign_in(const std::string& user, const std::string& password_file) {
        auto password = TRY(read_secret_file(password_file));
        auto reply = TRY(ask({"AUTH", user, password}));
        if (reply.text != "OK")
            return fail(fmt::format("user \"{}\" cannot sign in: {}", user, reply.text),
                        fmt::format("is {} the password redis was started with? restarting redis "
                                    "loads it anew",
                                    password_file));
        return {};
    }

    Result<void> expect(const Words& words, const std::string& wanted) {
        auto reply = TRY(ask(words));
        if (reply.kind == resp::Reply::Kind::error || reply.text != wanted)
            return fail(fmt::format("{} {} answered \"{}\" instead of \"{}\"", words[0],
                                    words.size() > 1 ? words[1] : "", reply.text, wanted));
        return {};
    }

  private:
    explicit Session(Connection connection) : connection_(std::move(connection)) {}
    Connection connection_;
};

Result<void> refuses_strangers(const RedisStep& step, const StepContext& context) {
    auto session = TRY(Session::open(step, context));
    auto reply = TRY(session.ask({"PING"}));
    if (reply.kind != resp::Reply::Kind::error)
        return fail("redis answers without a password",
                    "the default user must be off: \"user default off\" in its users.acl");
    return {};
}

Result<void> persists(const RedisStep& step, const StepContext& context) {
    auto session = TRY(Session::open(step, context));
    bool own = step.persistence_user.empty();
    TRY(session.sign_in(own ? step.user : step.persistence_user,
                        own ? step.password_file : step.persistence_password_file));
    auto reply = TRY(session.ask({"INFO", "persistence"}));
    if (reply.kind == resp::Reply::Kind::error)
        return fail("INFO persistence: " + reply.text,
                    "name a user with +info in persistence_user of the verify step");
    if (reply.text.find("aof_enabled:1") == std::string::npos)
        return fail("the append-only file is off: writes of the last seconds are lost in a crash",
                    "set appendonly = \"yes\"");
    return {};
}

Result<void> keeps_a_key(const RedisStep& step, const StepContext& context) {
    auto session = TRY(Session::open(step, context));
    TRY(session.sign_in(step.user, step.password_file));
    TRY(session.expect({"PING"}, "PONG"));
    std::string key = step.key_prefix + context.token;
    auto round_trip = [&]() -> Result<void> {
        TRY(session.expect({"SET", key, context.token, "EX", "300"}, "OK"));
        return session.expect({"GET", key}, context.token);
    }();
    auto removed = session.expect({"DEL", key}, "1");
    TRY(std::move(round_trip));
    TRY(std::move(removed));
    for (const Words& words : step.refused) {
        auto reply = TRY(session.ask(words));
        if (reply.kind != resp::Reply::Kind::error || reply.text.rfind("NOPERM", 0) != 0)
            return fail(fmt::format("user \"{}\" may do {}", step.user, fmt::join(words, " ")),
                        "take the right away in users.acl");
    }
    return {};
}

} // namespace

Result<std::string> run_step(const RedisStep& step, const StepContext& context) {
    TRY(refuses_strangers(step, context));
    TRY(keeps_a_key(step, context));
    if (!step.persistence) return std::string("refuses strangers, keeps a key");
    TRY(persists(step, context));
    return std::string("refuses strangers, keeps a key, writes its append-only file");
}

} // namespace lakebed
