#include <algorithm>

#include <fmt/format.h>

#include "sim/oracle.h"

// Whether writers were suspended as their guard asked.
namespace lakebed::sim {

using namespace std::chrono_literals;

namespace {

// For a start to come to its end, and for the stops of all above it.
constexpr Duration kInTime = 2min;

} // namespace

void Oracle::guarded(const GuardChecked& event) {
    Truth& truth = truth_[systemd_.place(event.unit)];
    truth.viewed = true;
    truth.up = event.ok;
    if (event.ok) {
        truth.bad_since.reset();
        truth.bad_first.reset();
    } else {
        if (!truth.bad_since) truth.bad_since = timeline_.now();
        if (!truth.bad_first) truth.bad_first = timeline_.now();
    }
    if (!event.ok || truth.last_bad) truth.last_bad = timeline_.now();
}

std::optional<Time> Oracle::suspended_since(std::size_t unit) const {
    for (const Link& need : systemd_.units()[unit].needs) {
        const Truth& guard = truth_[need.unit];
        if (need.type != EdgeType::suspends || !guard.last_bad) continue;
        if (guard.bad_since) return guard.bad_first;
        if (timeline_.now() - *guard.last_bad < kInTime) return guard.last_bad;
    }
    return {};
}

// Such a run is left alone; what people do just before crosses the suspension.
bool Oracle::started_by_hand(std::size_t unit, Time since) const {
    const Truth& truth = truth_[unit];
    return truth.either || (truth.last_start && *truth.last_start > since - 1min);
}

void Oracle::check_suspension(std::size_t index) {
    // A stop by people that is not known of yet is one with ours.
    truth_[index].either = truth_[index].either || truth_[index].pending_stop;
    for (std::size_t above : systemd_.units()[index].dependents) {
        const auto since = suspended_since(above);
        if (!since || systemd_.units()[above].spec->kind != NodeKind::service || !truth_[above].up)
            continue;
        if (!started_by_hand(above, *since) && truth_[above].viewed)
            violation(fmt::format("{} was stopped for want of room before {}, which writes to it",
                                  name(index), name(above)));
    }
}

void Oracle::check_writers() {
    if (!target_up || scenario_.lost_signals > 0) return;
    for (const Unit& real : systemd_.units()) {
        if (!real.installed || real.spec->kind != NodeKind::service || !real.process()) continue;
        for (const Link& need : real.needs) {
            const auto since = truth_[need.unit].bad_since;
            if (need.type != EdgeType::suspends || !since || timeline_.now() - *since < kInTime ||
                started_by_hand(real.index, *truth_[need.unit].bad_first))
                continue;
            violation(fmt::format("{} writes on though {} has not been ready for {}",
                                  name(real.index), name(need.unit),
                                  lakebed::to_string(timeline_.now() - *since)));
        }
    }
}

} // namespace lakebed::sim
