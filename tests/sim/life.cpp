#include "sim/life.h"

#include <algorithm>

#include <fmt/format.h>

// The course of a life, and the target.
namespace lakebed::sim {

using namespace std::chrono_literals;

Life::Life(const Scenario& scenario, Mutant mutant, bool trace)
    : scenario_(scenario), mutant_(mutant), trace_(trace), random_(scenario.seed ^ 0xabcdef),
      systemd_(timeline_, random_, scenario), oracle_(scenario, timeline_, systemd_),
      graph_(scenario.graph), hinted_(scenario.graph.nodes.size()),
      deadlines_(scenario.graph.nodes.size()), probing_(scenario.graph.nodes.size()) {
    systemd_.changed = [this](std::size_t index) {
        if (!engine_ || !connected_ || hinted_[index] || !systemd_.units()[index].installed ||
            random_.chance(scenario_.lost_signals))
            return;
        hinted_[index] = true;
        arrive([this, index] {
            hinted_[index] = false;
            // GetAll is answered now, its reply is read a little later.
            arrive([this, index, shot = systemd_.snapshot(index), captured = timeline_.now()] {
                tell(UnitChanged{unit(index), shot}, captured);
            });
        });
    };
    systemd_.removed = [this](const Ended& ended) {
        if (!engine_ || !connected_ || !systemd_.units()[ended.unit].installed) return;
        arrive([this, ended] {
            arrive([this, ended, shot = systemd_.snapshot(ended.unit), captured = timeline_.now()] {
                const bool ours = ended.job.who == Who::daemon;
                tell(UnitChanged{unit(ended.unit), shot}, captured);
                tell(JobDone{unit(ended.unit),
                             ended.job.hidden && !ours ? std::string() : ended.job.type,
                             ended.result, ours},
                     captured);
            });
        });
    };
}

void Life::note(const std::string& text) const {
    fmt::print("{:>12.6f}  {}\n", static_cast<double>(timeline_.now().count()) / 1e6, text);
}

Outcome Life::run() {
    timeline_.at(1s, [this] {
        target_up_ = true;
        ++target_starts_;
        boot_daemon();
    });
    for (const Fault& fault : scenario_.faults)
        timeline_.at(5s + fault.at, [this, &fault] { inject(fault); });
    timeline_.at(scenario_.length - kQuiet + 70s, [this] { heal(); });
    while (!oracle_.broken && timeline_.step(scenario_.length + 70s)) {
    }
    if (!oracle_.broken && !engine_) oracle_.violation("lakebedd did not come back");
    if (!oracle_.broken) oracle_.finished(published_);
    outcome_.broken = oracle_.broken;
    return outcome_;
}

// The last fault is over: what still fails by itself stops doing so.
void Life::heal() {
    die_before_acting_ = false;
    for (Unit& real : systemd_.units()) {
        real.bad_starts = 0;
        real.flap_until = real.port_until = real.disk_until = Time{0};
    }
    start_target(false);
}

TargetStarting Life::target_starting() const {
    return {fmt::format("target{}", target_starts_), TimePoint(target_since_)};
}

void Life::stop_target() {
    if (!target_up_) return;
    target_up_ = false;
    arrive([this] { tell(TargetStopping{}); });
    for (Unit& real : systemd_.units())
        if (!is_guard(*real.spec) &&
            (real.job || (real.phase != Phase::inactive && real.phase != Phase::failed)))
            systemd_.request(real.index, "stop", Who::systemd, true);
}

// A target is down only when its members are (PartOf and After): a start waits for that.
void Life::start_target(bool cancels_stop) {
    if (target_up_) return;
    const bool stopping = std::ranges::any_of(
        systemd_.units(), [](const Unit& real) { return real.job && real.job->type == "stop"; });
    if (stopping && !cancels_stop)
        return timeline_.at(timeline_.now() + 20ms, [this] { start_target(false); });
    target_up_ = true;
    ++target_starts_;
    oracle_.fresh_target();
    target_since_ = timeline_.now();
    arrive([this] { tell(target_starting()); });
}

// A start that cancels the stop leaves the target what it was, and nobody knows of it who has not
// seen the stop.
void Life::restart_target(bool cancels_stop) {
    cancels_stop = cancels_stop && target_up_ && engine_ && connected_;
    if (cancels_stop) tell(TargetStopping{});
    stop_target();
    start_target(cancels_stop);
    if (cancels_stop) --target_starts_;
}

void Life::reboot() {
    if (engine_ && random_.chance(0.8)) tell(ShutdownRequested{});
    if (engine_) kill_daemon(random_.span(1s, 10s));
    systemd_.power_off();
    ++boots_;
    booted_ = target_since_ = timeline_.now();
    target_up_ = true;
    ++target_starts_;
    oracle_.rebooted();
}

Outcome play(const Scenario& scenario, Mutant mutant, bool trace) {
    return Life(scenario, mutant, trace).run();
}

} // namespace lakebed::sim
