#include "sim/life.h"

// Resource guards: a node whose phase is what the machine is like.
namespace lakebed::sim {

using namespace std::chrono_literals;

void Life::check_guards(bool all) {
    if (all) guards_told_.clear();
    for (Unit& real : systemd_.units()) {
        if (!is_guard(*real.spec) || !engine_) continue;
        const bool ok = timeline_.now() >= real.disk_until;
        real.phase = ok ? Phase::active : Phase::inactive;
        const auto told = guards_told_.find(real.index);
        if (told != guards_told_.end() && told->second == ok) continue;
        guards_told_[real.index] = ok;
        tell(GuardChecked{unit(real.index), ok, ok ? "" : "there is no room"});
    }
}

void Life::watch_guards(std::uint64_t life) {
    if (guards_told_.empty()) return; // it has none
    timeline_.at(timeline_.now() + 5s, [this, life] {
        if (!engine_ || life != life_) return;
        check_guards(false);
        if (engine_ && life == life_) watch_guards(life);
    });
}

} // namespace lakebed::sim
