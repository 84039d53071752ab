#include "sim/trace.h"

#include <fmt/format.h>

#include "sim/play.h"

namespace lakebed::sim {

std::string describe(const Event& event) {
    struct {
        std::string operator()(const UnitChanged& e) const {
            return fmt::format("UnitChanged {} {}/{} run={} job={}:{} {}", e.unit,
                               e.now.active_state, e.now.sub_state, e.now.invocation_id,
                               e.now.job_id, e.now.job_type, e.now.result);
        }
        std::string operator()(const JobDone& e) const {
            return fmt::format("JobDone {} {} {}{}", e.unit, e.job_type, e.result,
                               e.ours ? " ours" : "");
        }
        std::string operator()(const ProbeResult& e) const {
            return fmt::format("ProbeResult {} {} {}", e.unit,
                               e.liveness ? "liveness" : "readiness", e.ok);
        }
        std::string operator()(const DeadlineReached& e) const {
            return fmt::format("DeadlineReached {} {}", e.unit, static_cast<int>(e.deadline));
        }
        std::string operator()(const UserCommand& e) const {
            return fmt::format("UserCommand {} {}", static_cast<int>(e.verb), e.unit);
        }
        std::string operator()(const GraphReloaded&) const { return "GraphReloaded"; }
        std::string operator()(const TargetStarting& e) const {
            return "TargetStarting " + e.invocation_id;
        }
        std::string operator()(const TargetStopping&) const { return "TargetStopping"; }
        std::string operator()(const ShutdownRequested&) const { return "ShutdownRequested"; }
        std::string operator()(const FatalLogSeen& e) const {
            return fmt::format("FatalLogSeen {} {}", e.unit, e.line);
        }
        std::string operator()(const GuardChecked& e) const {
            return fmt::format("GuardChecked {} {}", e.unit, e.ok);
        }
    } visitor;
    return std::visit(visitor, event);
}

std::string describe(const Action& action) {
    struct {
        std::string operator()(const act::StartUnit& a) const { return "StartUnit " + a.unit; }
        std::string operator()(const act::StopUnit& a) const { return "StopUnit " + a.unit; }
        std::string operator()(const act::RestartUnit& a) const { return "RestartUnit " + a.unit; }
        std::string operator()(const act::ResetFailed& a) const { return "ResetFailed " + a.unit; }
        std::string operator()(const act::RunProbe& a) const { return "RunProbe " + a.unit; }
        std::string operator()(const act::SetDeadline& a) const {
            return fmt::format("SetDeadline {} {} {}", a.unit, static_cast<int>(a.deadline),
                               a.at ? static_cast<double>(a.at->time_since_epoch().count()) / 1e6
                                    : -1.0);
        }
        std::string operator()(const act::TriggerWatchdog& a) const {
            return "TriggerWatchdog " + a.unit;
        }
        std::string operator()(const act::Explain& a) const { return "Explain " + a.sentence; }
        std::string operator()(const act::Warn& a) const { return "Warn " + a.sentence; }
        std::string operator()(const act::Announce& a) const {
            return fmt::format("Announce {} {}", a.unit, lakebed::to_string(a.state));
        }
    } visitor;
    return std::visit(visitor, action);
}

} // namespace lakebed::sim
