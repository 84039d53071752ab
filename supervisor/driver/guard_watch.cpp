#include "driver/guard_watch.h"

#include <algorithm>

#include <sys/stat.h>
#include <sys/timex.h>

#include <fmt/format.h>

#include "driver/evidence.h"
#include "sys/journal.h"
#include "sys/ports.h"

namespace lakebed {
namespace {

constexpr Duration kCalm = std::chrono::seconds(5);
constexpr Duration kAlert = std::chrono::seconds(2);
constexpr Duration kFirstAnswer = std::chrono::milliseconds(100);
constexpr Duration kNews = std::chrono::minutes(1);
constexpr int kPatience = 50; // looks at kFirstAnswer

const NodeState* find_state(const SupervisorState& state, const std::string& unit) {
    auto found = state.nodes.find(unit);
    return found == state.nodes.end() ? nullptr : &found->second;
}

// What its own unit holds, and what it is about to bind, is in nobody's way.
bool has_run(const NodeState& node) {
    return node.state == State::ready || node.state == State::degraded ||
           node.state == State::starting || node.state == State::stopping;
}

// Nobody is about to start it: who does asks for its guards first.
bool is_at_rest(const NodeState& node) {
    return node.state == State::stopped_by_operator || node.state == State::stopped || node.hold;
}

std::optional<bool> is_synchronised() {
    timex clock{};
    const int state = ::adjtimex(&clock); // reads only, as no mode is set
    if (state < 0) return {};
    return (clock.status & STA_UNSYNC) == 0;
}

} // namespace

GuardWatch::GuardWatch(EventLoop& loop, std::string graph_file, GuardWatchHooks hooks)
    : loop_(loop), graph_file_(std::move(graph_file)), hooks_(std::move(hooks)) {}

void GuardWatch::check_all() {
    near_.clear();
    told_.clear();
    tick();
}

void GuardWatch::tick() {
    std::vector<const GraphNode*> guards;
    for (const GraphNode& node : hooks_.state().graph.nodes)
        if (is_guard(node)) guards.push_back(&node);
    timer_ = {};
    if (guards.empty()) return;
    std::erase_if(guards, [&](const GraphNode* guard) { return may_wait(*guard); });
    std::vector<GuardChecked> told = check(guards);
    const bool all_known =
        told.size() == guards.size() || std::ranges::all_of(guards, [&](auto* g) {
            const NodeState* node = find_state(hooks_.state(), g->unit);
            const bool now = std::ranges::find(told, g->unit, &GuardChecked::unit) != told.end();
            return now || (node != nullptr && node->known);
        });
    const bool alert =
        !near_.empty() || !std::ranges::all_of(told, [](const GuardChecked& g) { return g.ok; });
    for (GuardChecked& one : told) hooks_.tell(std::move(one));
    const Duration delay = !all_known ? kFirstAnswer : alert ? kAlert : kCalm;
    Result<EventSource> timer = loop_.after(delay, delay / 10, [this] { tick(); });
    if (timer)
        timer_ = std::move(*timer);
    else
        log_event(LogLevel::error, timer.error().message);
}

std::vector<const GraphNode*> GuardWatch::guards_of(const std::string& unit) const {
    const ServiceGraph& graph = hooks_.state().graph;
    std::vector<const GraphNode*> guards;
    const GraphNode* node = find_node(graph, unit);
    if (node == nullptr) return guards;
    for (const Need& need : node->needs)
        if (const GraphNode* guard = find_node(graph, need.unit); guard && is_guard(*guard))
            guards.push_back(guard);
    return guards;
}

std::vector<GuardChecked> GuardWatch::before(const Event& event) {
    const auto* command = std::get_if<UserCommand>(&event);
    const bool starts =
        command && (command->verb == Verb::start || command->verb == Verb::release ||
                    command->verb == Verb::restart);
    if (starts && !command->unit.empty()) return check(guards_of(command->unit));
    if (starts || std::holds_alternative<TargetStarting>(event)) {
        std::vector<const GraphNode*> guards;
        for (const GraphNode& node : hooks_.state().graph.nodes)
            if (is_guard(node)) guards.push_back(&node);
        return check(guards);
    }
    if (const auto* due = std::get_if<DeadlineReached>(&event))
        if (due->deadline == Deadline::restart || due->deadline == Deadline::slow_lane)
            return check(guards_of(due->unit));
    if (const auto* fatal = std::get_if<FatalLogSeen>(&event))
        if (fatal->kind != FailureKind::bad_config) return check(guards_of(fatal->unit));
    return {};
}

std::vector<GuardChecked> GuardWatch::check(const std::vector<const GraphNode*>& guards) {
    const SupervisorState& state = hooks_.state();
    std::vector<Port> ports;
    auto is_idle = [&](const PortCheck& port) {
        const NodeState* owner = find_state(state, port.unit);
        return owner == nullptr || !has_run(*owner);
    };
    for (const GraphNode* guard : guards)
        if (const auto* port = std::get_if<PortCheck>(&*guard->guard); port && is_idle(*port))
            for (Port number : ports_of(port->addresses)) ports.push_back(number);
    std::vector<PortHolder> holders;
    if (!ports.empty()) {
        Result<std::vector<PortHolder>> read = read_port_holders(ports);
        if (read) holders = std::move(*read);
        complain("ports", read ? "" : read.error().message);
    }

    std::vector<GuardChecked> told;
    for (const GraphNode* guard : guards) {
        std::optional<Verdict> verdict;
        if (const auto* disk = std::get_if<DiskCheck>(&*guard->guard)) {
            verdict = check_disk(*guard, *disk);
        } else if (const auto* port = std::get_if<PortCheck>(&*guard->guard)) {
            verdict.emplace();
            if (is_idle(*port))
                if (auto taken = port_evidence(port->unit, port->addresses, holders))
                    verdict = Verdict{false, *taken};
        } else {
            verdict = check_clock();
        }
        if (verdict) told.push_back(calmed({guard->unit, verdict->ok, verdict->detail}));
    }
    return told;
}

// Looking for the holder of a port goes through every process: not for what nobody wants.
bool GuardWatch::may_wait(const GraphNode& guard) const {
    const auto* port = std::get_if<PortCheck>(&*guard.guard);
    const NodeState* known = find_state(hooks_.state(), guard.unit);
    if (port == nullptr || known == nullptr || !known->known) return false;
    const NodeState* owner = find_state(hooks_.state(), port->unit);
    return owner != nullptr && is_at_rest(*owner);
}

GuardChecked GuardWatch::calmed(GuardChecked checked) {
    const TimePoint now(EventLoop::boot_time());
    const auto last = told_.find(checked.unit);
    if (last != told_.end() && last->second.first.ok == checked.ok &&
        (last->second.first == checked || now - last->second.second < kNews))
        return last->second.first;
    told_[checked.unit] = {checked, now};
    return checked;
}

// What cannot be seen must not hold a service for ever: then the last answer counts, or none.
std::optional<Verdict> GuardWatch::check_disk(const GraphNode& guard, const DiskCheck& check) {
    const NodeState* node = find_state(hooks_.state(), guard.unit);
    const bool was_ok = node == nullptr || node->state != State::waiting; // also in another boot
    std::optional<Result<Space>> space = spaces_.read(check.path);
    if (!space) {
        if (++unanswered_[guard.unit] < kPatience) return {};
        complain(guard.unit, fmt::format("the file system of {} does not answer", check.path));
        if (node != nullptr && node->known) return {};
        return Verdict{};
    }
    unanswered_.erase(guard.unit);
    complain(guard.unit, *space ? "" : space->error().message);
    if (!*space) return Verdict{};
    const Verdict verdict = judge_disk(check, **space, was_ok);
    if (is_near(check, **space))
        near_.insert(guard.unit);
    else
        near_.erase(guard.unit);
    return verdict;
}

Verdict GuardWatch::check_clock() const {
    struct stat file {};
    if (::stat(graph_file_.c_str(), &file) != 0)
        return {}; // not there any more: nothing to tell by
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    return judge_clock(now, std::chrono::sys_seconds(std::chrono::seconds(file.st_mtime)),
                       is_synchronised());
}

void GuardWatch::complain(const std::string& guard, const std::string& why) {
    std::string& last = complaints_[guard];
    if (last == why) return;
    last = why;
    if (!why.empty()) log_event(LogLevel::warning, why, {{"GUARD", guard}});
}

} // namespace lakebed
