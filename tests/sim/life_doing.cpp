#include <csignal>

#include "sim/life.h"

// What lakebedd does: calls of systemd, probes and timers.
namespace lakebed::sim {

using namespace std::chrono_literals;

void Life::perform(const act::SetDeadline& action) {
    const std::size_t index = systemd_.place(action.unit);
    std::uint64_t& token = deadlines_[index][static_cast<std::size_t>(action.deadline)];
    token = 0;
    if (!action.at) return;
    if (mutant_ == Mutant::forgets_retries && action.deadline == Deadline::restart) return;
    token = ++deadline_token_;
    timeline_.at(booted_ + action.at->time_since_epoch(),
                 [this, index, kind = action.deadline, mine = token] {
                     std::uint64_t& current = deadlines_[index][static_cast<std::size_t>(kind)];
                     if (!engine_ || current != mine) return;
                     current = 0;
                     tell(DeadlineReached{unit(index), kind});
                 });
}

bool Life::answers(std::size_t index, bool liveness) const {
    const Unit& real = systemd_.units()[index];
    const bool up = (real.phase == Phase::active || real.phase == Phase::post) && !real.hung;
    if (!up || liveness) return up;
    if (real.stuck) return false;
    for (const Link& link : real.needs) {
        const Unit& need = systemd_.units()[link.unit];
        if (is_leaned_on(link.type) && (need.phase != Phase::active || need.hung)) return false;
    }
    return true;
}

void Life::perform(const act::RunProbe& action) {
    const std::size_t index = systemd_.place(action.unit);
    if (probing_[index][action.liveness]) return;
    probing_[index][action.liveness] = true;
    const Duration takes = systemd_.units()[index].hung ? Duration(5s) : random_.span(1ms, 30ms);
    timeline_.at(timeline_.now() + takes, [this, index, liveness = action.liveness, life = life_] {
        if (life != life_ || !engine_) return;
        probing_[index][liveness] = false;
        const bool ok = answers(index, liveness);
        tell(ProbeResult{unit(index), liveness, ok, ok ? "" : "no answer"});
    });
}

void Life::call(const std::string& name, const std::string& type) {
    const std::size_t index = systemd_.place(name);
    // Calls that are on the wire when lakebedd dies are still carried out, or not.
    const bool survives = random_.chance(0.5);
    timeline_.at(timeline_.now() + random_.span(100us, 2ms), [=, this, connection = connection_] {
        const bool stands = connection == connection_ && connected_;
        if (!stands && !survives) return;
        if (systemd_.request(index, type, Who::daemon) != 0) {
            if (type != "stop") oracle_.began(index);
        } else if (stands)
            arrive([=, this] { tell(JobDone{name, type, "refused", true}); });
    });
}

void Life::perform(const Action& action) {
    if (const auto* start = std::get_if<act::StartUnit>(&action)) return call(start->unit, "start");
    if (const auto* stop = std::get_if<act::StopUnit>(&action)) return call(stop->unit, "stop");
    if (const auto* restart = std::get_if<act::RestartUnit>(&action))
        return call(restart->unit, "restart");
    if (const auto* reset = std::get_if<act::ResetFailed>(&action))
        return systemd_.reset_failed(systemd_.place(reset->unit));
    if (const auto* deadline = std::get_if<act::SetDeadline>(&action)) return perform(*deadline);
    if (const auto* probe = std::get_if<act::RunProbe>(&action)) return perform(*probe);
    if (const auto* trigger = std::get_if<act::TriggerWatchdog>(&action)) {
        const std::size_t index = systemd_.place(trigger->unit);
        timeline_.at(timeline_.now() + 5ms,
                     [=, this] { systemd_.kill(index, "watchdog", CLD_KILLED, SIGABRT); });
    }
}

} // namespace lakebed::sim
