#include "sim/systemd.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

namespace lakebed::sim {
namespace {
using namespace std::chrono_literals;

constexpr Duration kTurn = 50us; // of PID 1's event loop
constexpr int kTimesOut = -1;

} // namespace

void Timeline::at(Time when, std::function<void()> what) {
    entries_.push({std::max(when, now_), ++order_, std::move(what)});
}

bool Timeline::step(Time until) {
    if (entries_.empty() || entries_.top().when > until) return false;
    Entry entry = std::move(const_cast<Entry&>(entries_.top())); // popped at once
    entries_.pop();
    now_ = entry.when;
    ++steps_;
    entry.what();
    return true;
}

Systemd::Systemd(Timeline& timeline, Random& random, const Scenario& scenario)
    : timeline_(timeline), random_(random), scenario_(scenario) {
    units_.resize(scenario.graph.nodes.size());
    for (std::size_t i = 0; i < units_.size(); ++i) {
        places_[scenario.graph.nodes[i].unit] = i;
        units_[i].index = i;
        units_[i].spec = &scenario.graph.nodes[i];
        units_[i].timing = scenario.timing[i];
    }
    install(scenario.graph);
}

void Systemd::install(const ServiceGraph& graph) {
    for (Unit& unit : units_) {
        unit.installed = false;
        unit.needs.clear();
        unit.dependents.clear();
    }
    for (const GraphNode& node : graph.nodes) {
        Unit& unit = units_[place(node.unit)];
        unit.installed = true;
        for (const Need& need : node.needs) {
            unit.needs.push_back({place(need.unit), need.type});
            units_[place(need.unit)].dependents.push_back(unit.index);
        }
    }
    for (Unit& unit : units_)
        if (!unit.installed && unit.phase == Phase::inactive) unit.ran = false;
    run_jobs();
}

void Systemd::mask(std::size_t index, bool masked) {
    units_[index].masked = masked;
    changed(index);
}

void Systemd::enter(Unit& unit, Phase phase) {
    unit.phase = phase;
    ++unit.epoch;
    if (phase == Phase::inactive) {
        unit.inactive_since = timeline_.now();
        // Collected, as lakebedd refers to it no more, and its times with it (F8).
        if (!unit.installed) unit.ran = false;
    }
    changed(unit.index);
}

void Systemd::after(Unit& unit, Duration delay, std::function<void(Unit&)> what) {
    timeline_.at(timeline_.now() + delay,
                 [this, index = unit.index, epoch = unit.epoch, what = std::move(what)] {
                     if (units_[index].epoch == epoch) what(units_[index]);
                 });
}

std::uint32_t Systemd::request(std::size_t index, const std::string& type, Who who, bool replace) {
    Unit& unit = units_[index];
    if (unit.masked && type != "stop") return 0;
    if (unit.job) {
        Job& job = *unit.job;
        const bool conflict = (job.type == "stop") != (type == "stop");
        if (!conflict) {
            // start and restart merge into a restart, which begins anew
            if (type == "restart" && job.type == "start") {
                job.type = "restart";
                job.running = false;
            }
            if (who == Who::daemon) {
                job.who = Who::daemon;
                job.asked = type;
            }
            changed(index);
            run_jobs_soon();
            return job.id;
        }
        if (!replace) return 0;
        finish(unit, "canceled");
    }
    unit.job = Job{
        ++last_job_, type, who, false, who != Who::daemon && random_.chance(scenario_.hidden_jobs),
        type};
    const std::uint32_t id = last_job_;
    changed(index);
    run_jobs_soon();
    return id;
}

// What is queued by a call runs in a later turn of PID 1's loop, so it can be seen waiting.
void Systemd::run_jobs_soon() {
    if (std::exchange(jobs_wait_, true)) return;
    timeline_.at(timeline_.now() + kTurn, [this] {
        jobs_wait_ = false;
        run_jobs();
    });
}

// As job_compare() of PID 1: a stop goes first, and a restart is a stop at first.
bool Systemd::runnable(const Unit& unit) const {
    for (std::size_t other : unit.dependents)
        if (units_[other].job && units_[other].job->type != "start") return false;
    if (unit.job->type != "start") return true;
    for (const Link& need : unit.needs)
        if (units_[need.unit].job) return false;
    return true;
}

void Systemd::run_jobs() {
    if (running_jobs_) return;
    running_jobs_ = true;
    for (bool again = true; again;) {
        again = false;
        for (Unit& unit : units_) {
            if (!unit.job || unit.job->running || !runnable(unit)) continue;
            run(unit);
            if (!unit.job || unit.job->running) again = true;
        }
    }
    running_jobs_ = false;
}

void Systemd::run(Unit& unit) {
    Job& job = *unit.job;
    if (job.type == "stop") {
        switch (unit.phase) {
        case Phase::inactive:
        case Phase::failed:
            return finish(unit, "done");
        case Phase::hold_off:
            return stopped(unit);
        case Phase::stopping:
            job.running = true;
            return;
        default:
            job.running = true;
            return begin_stop(unit);
        }
    }
    if (job.type == "restart" && unit.process()) {
        job.running = true;
        if (unit.phase != Phase::stopping) begin_stop(unit);
        return;
    }
    switch (unit.phase) {
    case Phase::active:
        return finish(unit, "done");
    case Phase::starting:
    case Phase::post:
        job.running = true;
        return;
    case Phase::stopping:
        if (unit.dying) return; // a failure waits for what comes after it
        job.running = true;
        return; // stopped() goes on with it
    case Phase::hold_off:
        if (job.type == "start") return; // waits the hold-off out (F7)
        [[fallthrough]];
    default:
        job.type = "start"; // what is left of a restart once its stop is done
        job.running = true;
        return begin_start(unit);
    }
}

// Exit status of a start that fails now; 0: it goes well.
int Systemd::bad_start(Unit& unit) {
    if (unit.fatal) return 78;
    if (timeline_.now() < std::max(unit.port_until, unit.disk_until) || unit.fatal_log) return 1;
    if (unit.bad_starts == 0) return 0;
    --unit.bad_starts;
    return unit.bad_starts % 3 == 2 ? kTimesOut : 1;
}

void Systemd::begin_start(Unit& unit) {
    if (unit.process()) {
        fmt::print(stderr, "simulated systemd: second copy of {}\n", unit.spec->unit);
        std::abort();
    }
    unit.run = fmt::format("{:06x}", ++last_run_);
    unit.result = "success";
    unit.code = unit.status = 0;
    unit.ran = true;
    unit.hung = unit.stuck = unit.dying = false;
    unit.run_since = timeline_.now();
    enter(unit, Phase::starting);
    after(unit, unit.timing.start, [this](Unit& u) {
        if (const int status = bad_start(u); status != 0) {
            const bool slow = status == kTimesOut;
            const std::string result = slow ? "timeout" : "exit-code";
            // ExecStartPost= goes on beside a main process that has ended.
            if (u.timing.post > Duration{0} && !slow) {
                enter(u, Phase::post);
                after(u, u.timing.post / 2, [=, this](Unit& v) {
                    v.result = result;
                    changed(v.index);
                });
            }
            return after(u, u.timing.post,
                         [=, this](Unit& v) { fail(v, result, CLD_EXITED, slow ? 1 : status); });
        }
        if (u.timing.post > Duration{0}) enter(u, Phase::post);
        after(u, u.timing.post, [this](Unit& v) {
            v.active_since = timeline_.now();
            enter(v, Phase::active);
            if (v.job && v.job->type == "start") finish(v, "done"); // a stop waits on
            if (v.spec->kind == NodeKind::service && timeline_.now() < v.flap_until)
                after(v, random_.span(1ms, 2s),
                      [this](Unit& w) { fail(w, "signal", CLD_KILLED, SIGSEGV); });
        });
    });
}

void Systemd::begin_stop(Unit& unit) {
    // SIGTERM is no clean end for what ExecStartPost= runs.
    const bool dirty = unit.phase == Phase::post;
    enter(unit, Phase::stopping);
    const Duration takes = unit.spec->kind == NodeKind::job ? Duration{0} : unit.timing.stop;
    if (!dirty) return after(unit, takes, [this](Unit& u) { stopped(u); });
    after(unit, takes / 2, [this](Unit& u) {
        u.result = "signal";
        changed(u.index);
    });
    after(unit, takes, [this](Unit& u) { ended_badly(u, "signal", CLD_KILLED, SIGTERM); });
}

void Systemd::stopped(Unit& unit) {
    unit.result = "success";
    unit.code = unit.status = 0;
    if (unit.phase == Phase::hold_off) unit.run.clear(); // F8
    if (unit.job && unit.job->type == "stop") unit.n_restarts = 0;
    enter(unit, Phase::inactive);
    down(unit);
}

// At the end of a stop that was asked for: no hold-off follows.
void Systemd::ended_badly(Unit& unit, const std::string& result, int code, int status) {
    unit.result = result;
    unit.code = code;
    unit.status = status;
    enter(unit, Phase::failed);
    down(unit);
}

void Systemd::down(Unit& unit) {
    if (unit.job && unit.job->type == "stop") return finish(unit, "done");
    if (unit.job) { // the stop half of a restart
        unit.job->type = "start";
        unit.job->running = false;
        run_jobs_soon();
    }
}

// An inactive unit that nothing loaded refers to is unloaded, and read anew without a memory when
// somebody asks for it. Its dependents refer to it (After=), and so may lakebedd.
void Systemd::collect() {
    for (bool again = true; again;) {
        again = false;
        for (Unit& unit : units_) {
            const bool kept = unit.phase != Phase::inactive || unit.job || !unit.ran;
            const bool referred = std::ranges::any_of(unit.dependents, [this](std::size_t other) {
                return units_[other].phase != Phase::inactive || units_[other].job ||
                       units_[other].ran;
            });
            if (kept || referred || (kept_loaded_ && unit.installed)) continue;
            unit.run.clear();
            unit.ran = false;
            unit.n_restarts = 0;
            unit.inactive_since = Time{0};
            again = true;
        }
    }
}

void Systemd::keep_loaded(bool all) {
    kept_loaded_ = all;
    collect();
}

void Systemd::kill(std::size_t index, const std::string& result, int code, int status) {
    Unit& unit = units_[index];
    const bool job = unit.spec->kind == NodeKind::job;
    if (job ? unit.phase != Phase::starting : !unit.process()) return;
    if (result != "watchdog" || unit.phase == Phase::stopping)
        return fail(unit, result, code, status);
    // SIGABRT first, and time to write a core.
    unit.result = result;
    unit.dying = true;
    enter(unit, Phase::stopping);
    after(unit, unit.timing.stop, [=, this](Unit& dead) { fail(dead, result, code, status); });
}

void Systemd::fail(Unit& unit, const std::string& result, int code, int status) {
    const bool asked = unit.phase == Phase::stopping && !unit.dying;
    // No hold-off while a stop waits for its turn, and that stop is over.
    const bool leaves =
        unit.job && (unit.job->type == "stop" || (unit.dying && unit.job->type == "restart"));
    unit.hung = unit.stuck = unit.dying = false;
    if (asked) return stopped(unit); // it was to end anyway
    if (leaves) return ended_badly(unit, result, code, status);
    unit.port_failed = timeline_.now() < unit.port_until;
    unit.disk_failed = timeline_.now() < unit.disk_until;
    unit.result = result;
    unit.code = code;
    unit.status = status;
    // A masked unit has no Restart=.
    const bool prevented = (code == CLD_EXITED && status == 78) || unit.masked;
    if (unit.spec->kind == NodeKind::job || prevented) {
        enter(unit, Phase::failed);
    } else {
        enter(unit, Phase::hold_off);
        after(unit, kHoldOff, [this](Unit& u) {
            if (u.job && u.job->type == "stop") return; // it is to end anyway
            ++u.n_restarts;
            if (u.masked) {
                u.result = "resources"; // its own restart is refused
                enter(u, Phase::failed);
                if (u.job) finish(u, "failed");
            } else if (u.job) { // a start that waited the hold-off out, or a restart of now
                u.job->type = "start";
                u.job->running = true;
                begin_start(u);
            } else {
                request(u.index, "restart", Who::systemd);
            }
        });
    }
    if (unit.job && unit.job->running) finish(unit, "failed");
}

void Systemd::finish(Unit& unit, const std::string& result) {
    if (!unit.job) return;
    Job job = *unit.job;
    job.type = job.asked;
    unit.job.reset();
    collect();
    changed(unit.index);
    removed({unit.index, job, result});
    run_jobs();
}

void Systemd::reset_failed(std::size_t index) {
    Unit& unit = units_[index];
    if (unit.phase != Phase::failed || unit.job) return;
    unit.result = "success";
    enter(unit, Phase::inactive);
    collect();
}

void Systemd::power_off() {
    for (Unit& unit : units_) {
        unit.job.reset();
        unit.run.clear();
        unit.result = "success";
        unit.n_restarts = 0;
        unit.ran = unit.hung = unit.stuck = unit.dying = false;
        unit.phase = Phase::inactive;
        ++unit.epoch;
    }
}

UnitSnapshot Systemd::snapshot(std::size_t index) const {
    const Unit& unit = units_[index];
    UnitSnapshot shot;
    shot.load_state = unit.masked ? "masked" : "loaded";
    shot.result = unit.result;
    shot.invocation_id = unit.run;
    shot.exec_main_code = unit.code;
    shot.exec_main_status = unit.status;
    shot.main_pid = unit.process() ? 1000 + static_cast<int>(index) : 0;
    shot.n_restarts = unit.n_restarts;
    shot.ran_before = unit.ran;
    if (unit.ran && unit.inactive_since > Time{0})
        shot.became_inactive = TimePoint(unit.inactive_since);
    if (!unit.run.empty()) {
        shot.began = TimePoint(unit.run_since);
        if (unit.active_since >= unit.run_since) shot.became_active = TimePoint(unit.active_since);
    }
    if (unit.job) {
        shot.job_id = unit.job->id;
        if (!unit.job->hidden) shot.job_type = unit.job->asked;
    }
    const bool job = unit.spec->kind == NodeKind::job;
    switch (unit.phase) {
    case Phase::inactive:
        shot.active_state = "inactive", shot.sub_state = "dead";
        break;
    case Phase::starting:
        shot.active_state = "activating", shot.sub_state = "start";
        break;
    case Phase::post:
        shot.active_state = "activating", shot.sub_state = "start-post";
        break;
    case Phase::active:
        shot.active_state = "active", shot.sub_state = job ? "exited" : "running";
        break;
    case Phase::stopping:
        shot.active_state = "deactivating", shot.sub_state = "stop-sigterm";
        break;
    case Phase::hold_off:
        shot.active_state = "activating", shot.sub_state = "auto-restart";
        break;
    case Phase::failed:
        shot.active_state = "failed", shot.sub_state = "failed";
        break;
    }
    return shot;
}

} // namespace lakebed::sim
