#include "sim/replay.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>

#include <fmt/format.h>

#include "engine/record.h"
#include "sim/judge.h"

namespace lakebed::sim {
namespace {

std::string part(std::size_t at, const std::vector<Action>& actions) {
    return at < actions.size() ? write_action(actions[at]) : "nothing more";
}

} // namespace

Result<ReplayTotals> replay(std::string_view text, std::string_view file, std::string* accepted) {
    Diagnostics diagnostics;
    std::vector<RecordLine> lines = read_recording(text, file, diagnostics);
    if (Result<void> good = diagnostics.result(); !good)
        return fail(Errc::usage, good.error().message);
    ReplayTotals totals;
    std::optional<Supervisor> engine;
    std::optional<Judge> judge;
    for (RecordLine& line : lines) {
        if (auto* life = std::get_if<RecordedLife>(&line.record)) {
            if (accepted != nullptr) *accepted += write_record(line.record) + "\n";
            judge.emplace(life->state);
            engine.emplace(std::move(life->state));
            ++totals.lives;
            continue;
        }
        const auto* turn = std::get_if<RecordedTurn>(&line.record);
        if (turn == nullptr) continue;
        const std::vector<Action> now = engine->on(turn->event, turn->at);
        ++totals.events;
        totals.actions += static_cast<int>(now.size());
        if (accepted != nullptr) {
            *accepted += write_turn(turn->at, turn->event, now) + "\n";
        } else if (now != turn->actions) {
            const auto apart = std::ranges::mismatch(now, turn->actions).in1 - now.begin();
            const auto at = static_cast<std::size_t>(apart);
            return fail(fmt::format("{}:{}: the engine parts from the recording at action {} of "
                                    "{}\n  recorded: {}\n  now:      {}",
                                    file, line.line, at + 1, write_event(turn->event),
                                    part(at, turn->actions), part(at, now)));
        }
        judge->told(turn->event, turn->at);
        if (std::optional<std::string> broken = judge->acted(now, turn->at))
            return fail(fmt::format("{}:{}: {}, after {}", file, line.line, *broken,
                                    write_event(turn->event)));
    }
    return totals;
}

int replay_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        fmt::print(stderr, "error: cannot read \"{}\"\n", path);
        return 2;
    }
    const std::string text(std::istreambuf_iterator<char>(file), {});
    const bool accept = std::getenv("LAKEBED_ACCEPT") != nullptr;
    std::string accepted;
    const Result<ReplayTotals> totals = replay(text, path, accept ? &accepted : nullptr);
    if (!totals) {
        fmt::print(stderr, "{}\n", totals.error().message);
        return totals.error().code == Errc::usage ? 2 : 1;
    }
    if (accept) {
        std::ofstream(path, std::ios::binary | std::ios::trunc) << accepted;
        fmt::print("replay: {}: accepted as the engine does now; this run has compared nothing\n",
                   path);
        return 0;
    }
    fmt::print(
        "replay: {}: {} lives, {} events, {} actions, all as recorded; no invariant broken\n", path,
        totals->lives, totals->events, totals->actions);
    return 0;
}

} // namespace lakebed::sim
