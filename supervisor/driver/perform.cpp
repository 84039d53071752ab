#include <csignal>
#include <regex>
#include <utility>

#include <fmt/format.h>

#include "driver/driver.h"
#include "driver/evidence.h"
#include "driver/status.h"
#include "sys/journal.h"
#include "sys/journal_reader.h"
#include "sys/notify.h"
#include "sys/ports.h"
#include "sys/supervisor_events.h"

namespace lakebed {
namespace {

constexpr Duration kLasts = std::chrono::seconds(1);
constexpr Duration kTellEvery = std::chrono::milliseconds(100);
// Wake-ups that may fall together do: only a restart is in a hurry.
constexpr Duration kSlack = std::chrono::milliseconds(250);
Duration slack_of(Deadline deadline) {
    if (deadline == Deadline::restart) return std::chrono::milliseconds(1);
    return deadline == Deadline::liveness ? 4 * kSlack : kSlack;
}

// Time for a JVM to write its thread dump (SIGQUIT) before it is killed.
constexpr Duration kDumpTime = std::chrono::seconds(2);

// systemd's SIGABRT and SIGKILL of a hung service take up to twice its TimeoutStopSec.
constexpr Duration kKillTime = std::chrono::minutes(2);

constexpr std::size_t kLogLines = 50;
// journald may not have stored a dead process's last words yet when systemd tells us of its death;
// and to read them at once would take from the next process the time to start.
constexpr Duration kFirstLook = std::chrono::milliseconds(30);
constexpr Duration kSecondLook = std::chrono::milliseconds(300);
constexpr std::size_t kLongestLine = 1000; // std::regex recurses for each character

// A start of the stack is a thousand such small steps, of which PID 1 tells the log already; whom a
// service waits for changes with each.
bool passes(State state) {
    return state == State::waiting || state == State::starting || state == State::stopping;
}

bool is_trouble(State state) {
    return !passes(state) && state != State::ready && state != State::stopped;
}

bool has_process(const UnitSnapshot& unit) {
    return unit.main_pid > 1 && unit.active_state != "inactive" && unit.active_state != "failed";
}

} // namespace

void Driver::perform(const Action& action) {
    if (const auto* start = std::get_if<act::StartUnit>(&action))
        queue_job(JobVerb::start, start->unit);
    else if (const auto* stop = std::get_if<act::StopUnit>(&action))
        queue_job(JobVerb::stop, stop->unit);
    else if (const auto* restart = std::get_if<act::RestartUnit>(&action))
        queue_job(JobVerb::restart, restart->unit);
    else if (const auto* reset = std::get_if<act::ResetFailed>(&action))
        systemd_->reset_failed(reset->unit, [](const Result<void>&) {
            // Nothing was failed, or the unit is gone: the next read shows which.
        });
    else if (const auto* probe = std::get_if<act::RunProbe>(&action))
        run_probe(probe->unit, probe->liveness);
    else if (const auto* deadline = std::get_if<act::SetDeadline>(&action))
        set_deadline(*deadline);
    else if (const auto* trigger = std::get_if<act::TriggerWatchdog>(&action))
        trigger_watchdog(trigger->unit);
    else if (const auto* sentence = std::get_if<act::Explain>(&action))
        explain(sentence->unit, sentence->sentence);
    else if (const auto* warning = std::get_if<act::Warn>(&action))
        log_event(LogLevel::error, warning->sentence, {}, kSelfEvent.message_id);
    else if (const auto* news = std::get_if<act::Announce>(&action))
        announce(news->unit, news->state);
}

void Driver::queue_job(JobVerb verb, const std::string& unit) {
    if (!systemd_->connected()) {
        handle(JobDone{unit, std::string(to_string(verb)), "refused", true});
        return;
    }
    std::uint32_t before = gate_.highest_job();
    ++queueing_[unit].calls;
    systemd_->queue_job(verb, unit, [this, verb, unit, before](Result<std::uint32_t> job) {
        std::string type(to_string(verb));
        job_queued(unit, job ? std::optional(*job) : std::nullopt);
        if (job) {
            refused_.erase(unit);
            // A stop that was queued already is an operator's, and stays one.
            if (verb != JobVerb::stop || *job > before) gate_.job_is_ours(*job, type);
            take_from_gate();
            return;
        }
        // Lost with the connection: it may have been carried out. What the unit does tells.
        if (job.error().code == Errc::temporary) return;
        std::string& last = refused_[unit];
        if (last != job.error().message) {
            last = job.error().message;
            log_event(LogLevel::warning, last, {{"UNIT", unit}});
        }
        handle(JobDone{unit, type, "refused", true});
    });
    log_event(LogLevel::info, fmt::format("{} {}", to_string(verb), unit),
              fields_of(unit, {{"VERB", std::string(to_string(verb))}}), kJobEvent.message_id);
}

void Driver::job_queued(const std::string& unit, std::optional<std::uint32_t> ours) {
    auto asked = queueing_.find(unit);
    if (asked == queueing_.end()) return; // the connection broke meanwhile
    if (ours) std::erase(asked->second.jobs, *ours);
    if (--asked->second.calls > 0) return;
    std::vector<std::uint32_t> others = std::move(asked->second.jobs);
    queueing_.erase(asked);
    for (std::uint32_t id : others) ask_job_type(id, unit);
}

void Driver::run_probe(const std::string& unit, bool liveness) {
    const GraphNode* spec = this->spec(unit);
    if (spec == nullptr) return;
    const ProbeSpec* probe = liveness && spec->liveness ? &spec->liveness->probe
                             : spec->probe              ? &*spec->probe
                                                        : nullptr;
    if (probe == nullptr) { // readiness is the unit's own business then
        handle(ProbeResult{unit, liveness, true, "active"});
        return;
    }
    auto prober = probers_.find({unit, liveness});
    if (prober == probers_.end())
        prober = probers_.try_emplace({unit, liveness}, Prober(loop_.get(), *probe)).first;
    if (prober->second.busy()) return;
    prober->second.start(
        [this, unit, liveness, begun = EventLoop::boot_time()](const ProbeOutcome& outcome) {
            if (outcome.cannot_ask) return ask_again_later(unit, liveness, outcome.detail);
            probe_times_[{unit, liveness}].add(EventLoop::boot_time() - begun, outcome.ok);
            handle(ProbeResult{unit, liveness, outcome.ok, outcome.detail});
        });
}

// Our own lack of file descriptors or memory says nothing of a service: it must not be taken for
// hung.
void Driver::ask_again_later(const std::string& unit, bool liveness, const std::string& why) {
    if (why != ask_problem_)
        log_event(LogLevel::error, why + "; asking again every second", {{"UNIT", unit}});
    ask_problem_ = why;
    auto again = [this, unit, liveness] {
        asking_again_.erase({unit, liveness});
        run_probe(unit, liveness);
    };
    if (Result<EventSource> timer = loop_.after(std::chrono::seconds(1), kSlack, again))
        asking_again_[{unit, liveness}] = std::move(*timer);
}

void Driver::set_deadline(const act::SetDeadline& deadline) {
    std::pair key(deadline.unit, deadline.deadline);
    deadlines_.erase(key);
    if (!deadline.at) return;
    Result<EventSource> timer =
        loop_.at(deadline.at->time_since_epoch(), slack_of(deadline.deadline), [this, key] {
            deadlines_.erase(key);
            handle(DeadlineReached{key.first, key.second});
        });
    if (timer)
        deadlines_[key] = std::move(*timer);
    else
        log_event(LogLevel::error, timer.error().message, {{"UNIT", deadline.unit}});
}

void Driver::trigger_watchdog(const std::string& unit) {
    const NodeState* now = node(unit);
    const GraphNode* spec = this->spec(unit);
    if (now == nullptr || spec == nullptr) return;
    // Another probe may fail while the process is on its way out; a SIGQUIT would then hit its
    // successor, which dies of it before its JVM is up.
    TimePoint at(EventLoop::boot_time());
    auto [last, first] = killed_.try_emplace(unit, now->unit.invocation_id, at);
    if (!first && last->second.first == now->unit.invocation_id &&
        at - last->second.second < kKillTime)
        return;
    last->second = {now->unit.invocation_id, at};
    auto kill = [this, unit, pid = now->unit.main_pid] {
        dumps_.erase(unit);
        const NodeState* later = node(unit);
        if (later == nullptr || later->unit.main_pid != pid) return; // it has ended by itself
        note_hang(unit);
        log_event(LogLevel::warning, "hung: letting systemd kill it", fields_of(unit),
                  kJobEvent.message_id);
        if (Result<void> told = notify_as(pid, "WATCHDOG=trigger");
            !told && told.error().code != Errc::not_found)
            log_event(LogLevel::error, told.error().message, {{"UNIT", unit}});
    };
    if (!spec->jvm) {
        kill();
        return;
    }
    log_event(LogLevel::warning, "hung: asking the JVM for a thread dump", fields_of(unit),
              kJobEvent.message_id);
    systemd_->signal_main(unit, SIGQUIT, [](const Result<void>&) {
        // Gone meanwhile: there is nothing to dump.
    });
    if (Result<EventSource> timer = loop_.after(kDumpTime, std::chrono::milliseconds(100), kill))
        dumps_[unit] = std::move(*timer);
    else
        kill();
}

void Driver::explain(const std::string& unit, const std::string& sentence) {
    const NodeState* now = node(unit);
    if (now == nullptr) return;
    if (is_guard(*spec(unit))) {
        const bool ok = now->state == State::ready;
        log_event(ok ? LogLevel::notice : LogLevel::warning, sentence, fields_of(unit),
                  kStateEvent.message_id);
        return;
    }
    if (!passes(now->state)) log_state(unit, *now);
    if (!passes(now->state) && !has_process(now->unit)) return;
    lasting_.insert(unit);
    tell_what_lasts_soon(kLasts);
}

void Driver::log_state(const std::string& unit, const NodeState& now) const {
    std::vector<LogField> fields = fields_of(unit, {{"STATE", std::string(to_string(now.state))}});
    if (has_process(now.unit))
        log_event(LogLevel::info, now.reason, fields, kStateEvent.message_id);
    else
        log_about_unit(unit, LogLevel::notice, now.reason, fields, kStateEvent.message_id);
}

// Each STATUS= costs PID 1 a message and two signals.
void Driver::tell_what_lasts_soon(Duration delay) {
    if (tell_lasting_.active()) return;
    if (Result<EventSource> timer = loop_.after(delay, delay / 10, [this] { tell_what_lasts(); }))
        tell_lasting_ = std::move(*timer);
}

void Driver::tell_what_lasts() {
    tell_lasting_ = {};
    while (!lasting_.empty()) {
        const std::string unit = *lasting_.begin();
        const NodeState* now = node(unit);
        if (now != nullptr && has_process(now->unit)) {
            Result<void> told = notify_as(now->unit.main_pid, "STATUS=" + now->reason);
            // Its queue is full: PID 1 has more urgent things to do.
            if (!told && told.error().code == Errc::temporary)
                return tell_what_lasts_soon(kTellEvery);
            if (!told && told.error().code != Errc::not_found)
                log_event(LogLevel::warning, told.error().message, {{"UNIT", unit}});
        }
        if (now != nullptr && passes(now->state)) log_state(unit, *now);
        lasting_.erase(unit);
    }
}

// Whoever listens is told of trouble at once, of the rest ten times a second.
void Driver::announce(const std::string& unit, State state) {
    announced_.insert(unit);
    if (is_trouble(state)) tell_announced();
}

void Driver::tell_announced() {
    for (const std::string& unit : std::exchange(announced_, {})) {
        const GraphNode* spec = this->spec(unit);
        if (spec == nullptr) continue;
        bus_service_->service_changed(spec->name, to_string(node(unit)->state));
        if (listener_.service_changed) listener_.service_changed(service(*spec));
    }
}

void Driver::tell_soon() {
    if (telling_.active()) return;
    Result<EventSource> timer = loop_.after(kTellEvery, kTellEvery / 10, [this] { tell_now(); });
    if (timer)
        telling_ = std::move(*timer);
    else
        tell_now();
}

void Driver::tell_now() {
    telling_ = {};
    tell_announced();
    bus_service_->changed();
    if (listener_.changed) listener_.changed();
    std::string text = !problem_.empty() ? problem_ : summary(state());
    if (text == status_) return;
    status_ = std::move(text);
    // One line: a newline would begin another assignment.
    notify_systemd("STATUS=" + status_.substr(0, status_.find('\n')));
}

void Driver::look_for_fatal_lines(const std::string& unit, const UnitSnapshot& failed, bool again) {
    const Duration delay = again ? kSecondLook : kFirstLook;
    auto look = [this, unit, failed, again] {
        log_looks_.erase(unit);
        const GraphNode* spec = this->spec(unit);
        if (spec == nullptr || has_fatal_line(*spec, failed) || again) return;
        look_for_fatal_lines(unit, failed, true);
    };
    if (Result<EventSource> timer = loop_.after(delay, delay / 2, look))
        log_looks_[unit] = std::move(*timer);
}

bool Driver::has_fatal_line(const GraphNode& node, const UnitSnapshot& failed) {
    std::vector<std::pair<std::regex, FailureKind>> rules;
    std::vector<FatalRule> all = node.fatal; // the service's own say more than the common ones
    all.insert(all.end(), common_rules().begin(), common_rules().end());
    for (const FatalRule& rule : all) {
        if (rule.log_regex.empty()) continue;
        try {
            rules.emplace_back(rule.log_regex, rule.kind);
        } catch (const std::regex_error& error) {
            log_event(
                LogLevel::error,
                fmt::format("bad regular expression \"{}\": {}", rule.log_regex, error.what()),
                {{"UNIT", node.unit}});
        }
    }
    if (rules.empty() || failed.invocation_id.empty()) return false;
    Result<std::vector<std::string>> lines =
        read_last_lines(node.unit, failed.invocation_id, kLogLines);
    if (!lines) {
        log_event(LogLevel::warning, lines.error().message, {{"UNIT", node.unit}});
        return false;
    }
    for (std::string& line : *lines) {
        if (line.size() > kLongestLine) line.resize(kLongestLine);
        for (const auto& [rule, kind] : rules)
            if (std::regex_search(line, rule) && report(node, kind, failed.invocation_id, line))
                return true;
    }
    return false;
}

// False when the machine does not confirm what the line says: then it is a crash like others.
bool Driver::report(const GraphNode& node, FailureKind kind, const std::string& run,
                    const std::string& line) {
    std::string evidence = line;
    if (kind == FailureKind::port_taken && !node.addresses.empty()) {
        Result<std::vector<PortHolder>> holders = read_port_holders(ports_of(node.addresses));
        if (!holders) log_event(LogLevel::warning, holders.error().message, {{"UNIT", node.unit}});
        std::optional<std::string> holder = port_evidence(
            node.unit, node.addresses, holders ? *holders : std::vector<PortHolder>());
        if (!holder) return false; // it is free again
        evidence = *holder;
    } else if (kind == FailureKind::disk_full) {
        const std::string& path = data_directory(node);
        std::optional<Result<Space>> space = spaces_.read(path);
        if (!space) return false; // it does not answer
        if (!*space) log_event(LogLevel::warning, space->error().message, {{"UNIT", node.unit}});
        if (!*space || has_room(**space)) return false;
        evidence = space_evidence(path, **space);
    }
    handle(FatalLogSeen{node.unit, evidence, kind, run});
    return true;
}

const std::string& Driver::data_directory(const GraphNode& node) const {
    return node.data.empty() ? options_.state_directory : node.data;
}

} // namespace lakebed
