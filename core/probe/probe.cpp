#include "probe/probe.h"

#include <cerrno>
#include <utility>

#include <sys/socket.h>

#include <fmt/format.h>

#include "probe/codecs.h"
#include "probe/http_inquiry.h"
#include "probe/loop_source.h"
#include "probe/postgres_inquiry.h"
#include "probe/socket_inquiry.h"
#include "sys/event_loop.h"
#include "sys/files.h"

namespace lakebed {
namespace {

template <class... Ts> struct Overloaded : Ts... { using Ts::operator()...; };

} // namespace

Result<ProbeSecrets> read_probe_secrets(const ProbeSpec& spec) {
    return std::visit(
        Overloaded{
            [](const PostgresProbe& probe) -> Result<ProbeSecrets> {
                ProbeSecrets secrets{.user = probe.user, .password = {}};
                if (!probe.password_file.empty())
                    secrets.password = TRY(read_secret_file(probe.password_file));
                return secrets;
            },
            [](const RedisProbe& probe) -> Result<ProbeSecrets> {
                return ProbeSecrets{probe.user, TRY(read_secret_file(probe.password_file))};
            },
            [](const S3Probe& probe) -> Result<ProbeSecrets> {
                std::string key = TRY(read_secret_file(probe.access_key_file));
                return ProbeSecrets{key, TRY(read_secret_file(probe.secret_key_file))};
            },
            [](const auto&) -> Result<ProbeSecrets> { return ProbeSecrets{}; },
        },
        spec.how);
}

std::string probe_target(const ProbeSpec& spec) {
    return std::visit(
        [&](const auto& probe) {
            return fmt::format("{} at {}:{}", kind_name(spec), probe.host, probe.port);
        },
        spec.how);
}

struct Prober::State {
    using Inquiry = std::variant<std::monostate, SocketInquiry, PostgresInquiry, HttpInquiry>;

    sd_event* loop;
    ProbeSpec spec;
    std::optional<ProbeSecrets> secrets;
    Done done; // of the probe under way
    ProbeOutcome outcome;
    LoopSource deadline;
    LoopSource delivery;
    Inquiry inquiry; // last: it reports to the members above

    State(sd_event* on, ProbeSpec what, std::optional<ProbeSecrets> given)
        : loop(on), spec(std::move(what)), secrets(std::move(given)) {
        auto report = [this](ProbeOutcome reported) { deliver(std::move(reported)); };
        std::visit(Overloaded{
                       [&](const PostgresProbe& probe) {
                           inquiry.emplace<PostgresInquiry>(loop, probe, report);
                       },
                       [&](const S3Probe&) { inquiry.emplace<HttpInquiry>(loop, spec, report); },
                       [&](const HttpProbe&) { inquiry.emplace<HttpInquiry>(loop, spec, report); },
                       [&](const auto&) { inquiry.emplace<SocketInquiry>(loop, spec, report); },
                   },
                   spec.how);
    }

    void begin() {
        auto timer = run_after(loop, spec.timeout, [this] {
            abort();
            deliver({.detail = "no answer within " + to_string(spec.timeout)});
        });
        if (!timer) return deliver({.detail = timer.error().message});
        deadline = *std::move(timer);
        ProbeSecrets used;
        if (secrets) {
            used = *secrets;
        } else if (wants_secrets()) {
            auto read = read_probe_secrets(spec);
            if (!read) return deliver({.detail = read.error().message});
            used = *std::move(read);
        }
        std::visit(Overloaded{[](std::monostate) {}, [&](auto& how) { how.ask(used); }}, inquiry);
    }

    [[nodiscard]] bool wants_secrets() const {
        return std::visit(Overloaded{[](std::monostate) { return false; },
                                     [](const auto& how) { return how.wants_secrets(); }},
                          inquiry);
    }

    void abort() {
        std::visit(Overloaded{[](std::monostate) {}, [](auto& how) { how.abort(); }}, inquiry);
    }

    // The callback is called from a source of its own: it may destroy us, and an inquiry reports
    // from deep inside itself.
    void deliver(ProbeOutcome reported) {
        outcome = std::move(reported);
        if (!outcome.ok)
            if (UniqueFd any(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)); !any.valid()) {
                outcome.cannot_ask = true;
                outcome.detail = "we cannot ask it: " + errno_clause(errno);
            }
        deadline.reset();
        auto source = run_after(loop, Duration(0), [this] { call_back(); });
        if (source) delivery = *std::move(source);
    }

    void call_back() {
        Done call = std::exchange(done, nullptr);
        ProbeOutcome told = std::move(outcome);
        delivery.reset();
        if (call) call(told); // we may be gone now
    }
};

Prober::Prober(sd_event* loop, ProbeSpec spec, std::optional<ProbeSecrets> secrets)
    : state_(std::make_unique<State>(loop, std::move(spec), std::move(secrets))) {}
Prober::Prober(Prober&&) noexcept = default;
Prober& Prober::operator=(Prober&&) noexcept = default;
Prober::~Prober() = default;

void Prober::start(Done done) {
    cancel();
    state_->done = std::move(done);
    state_->begin();
}

void Prober::cancel() {
    if (!busy()) return;
    state_->done = nullptr;
    state_->deadline.reset();
    if (state_->delivery)
        state_->delivery.reset(); // the answer is there, its connection is clean
    else
        state_->abort();
}

bool Prober::busy() const {
    return state_->done != nullptr;
}

void Prober::disconnect() {
    cancel();
    state_->abort();
}

ProbeOutcome probe_once(const ProbeSpec& spec, std::optional<Duration> timeout,
                        std::optional<ProbeSecrets> secrets) {
    ProbeSpec timed = spec;
    if (timeout) timed.timeout = *timeout;
    auto loop = EventLoop::make();
    if (!loop) return {.detail = loop.error().message};
    ProbeOutcome outcome;
    Prober prober(loop->get(), std::move(timed), std::move(secrets));
    prober.start([&](const ProbeOutcome& told) {
        outcome = told;
        loop->stop();
    });
    if (auto ran = loop->run(); !ran) return {.detail = ran.error().message};
    return outcome;
}

} // namespace lakebed
