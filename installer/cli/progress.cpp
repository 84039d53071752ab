#include "cli/progress.h"

#include <algorithm>
#include <ostream>

#include <fmt/format.h>

namespace lakebed {
namespace {

constexpr std::chrono::seconds kWindow{5};
constexpr std::chrono::milliseconds kRedraw{100}; // on a terminal
constexpr std::chrono::seconds kPlainLine{3};     // elsewhere

// One decimal from 10 up would only flicker.
std::string human(double bytes) {
    static constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    std::size_t unit = 0;
    while (bytes >= 1024 && unit + 1 < std::size(kUnits)) {
        bytes /= 1024;
        ++unit;
    }
    return bytes < 10 && unit > 0 ? fmt::format("{:.1f} {}", bytes, kUnits[unit])
                                  : fmt::format("{:.0f} {}", bytes, kUnits[unit]);
}

} // namespace

void RateMeter::add(std::uint64_t bytes, ClockPoint now) {
    samples_.emplace_back(now, bytes);
    while (samples_.size() > 2 && now - samples_.front().first > kWindow) samples_.pop_front();
}

double RateMeter::rate() const {
    if (samples_.size() < 2) return 0;
    auto [begin, from] = samples_.front();
    auto [end, to] = samples_.back();
    double seconds = std::chrono::duration<double>(end - begin).count();
    return seconds < 0.5 || to <= from ? 0 : static_cast<double>(to - from) / seconds;
}

std::optional<Duration> RateMeter::left(std::uint64_t bytes) const {
    double speed = rate();
    if (speed <= 0) return std::nullopt;
    return std::chrono::duration_cast<Duration>(
        std::chrono::duration<double>(static_cast<double>(bytes) / speed));
}

std::string progress_bar(std::uint64_t done, std::uint64_t total, std::size_t width) {
    if (total == 0) return human(static_cast<double>(done));
    double share = std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
    auto filled = static_cast<std::size_t>(share * static_cast<double>(width));
    return fmt::format("[{}{}] {:3.0f}%  {} of {}", std::string(filled, '#'),
                       std::string(width - filled, ' '), share * 100,
                       human(static_cast<double>(done)), human(static_cast<double>(total)));
}

Progress::Progress(const Io& io, bool quiet, std::string verb, std::size_t items,
                   std::uint64_t bytes)
    : io_(io), quiet_(quiet), verb_(std::move(verb)), count_(items), bytes_(bytes), block_(io) {}

Progress::Item& Progress::item(const std::string& name) {
    auto found = std::find_if(items_.begin(), items_.end(),
                              [&](const Item& known) { return known.name == name; });
    if (found != items_.end()) return *found;
    items_.push_back({name});
    return items_.back();
}

void Progress::update(const std::string& name, std::string doing, std::uint64_t done,
                      std::uint64_t total, ClockPoint now) {
    Item& which = item(name);
    which.doing = std::move(doing);
    which.done = done;
    which.total = total;
    show(now);
}

void Progress::finish(const std::string& name, ClockPoint now) {
    Item& which = item(name);
    which.finished = true;
    which.done = std::max(which.done, which.total);
    show(now);
}

void Progress::note(std::string_view line) {
    if (quiet_) return;
    block_.clear();
    *io_.err << line << "\n" << std::flush;
}

std::string Progress::summary() const {
    std::uint64_t done = 0;
    std::size_t finished = 0;
    for (const Item& known : items_) {
        done += known.done;
        finished += known.finished;
    }
    std::string text = fmt::format("{}: {}", verb_, finished);
    if (count_ > 0) text += fmt::format(" of {}", count_);
    if (done > 0) text += fmt::format(", {}", human(static_cast<double>(done)));
    if (bytes_ > 0) text += fmt::format(" of {}", human(static_cast<double>(bytes_)));
    if (rate_.rate() > 0) text += fmt::format(", {}/s", human(rate_.rate()));
    if (auto left = rate_.left(bytes_ > done ? bytes_ - done : 0); left && bytes_ > done)
        text += fmt::format(", about {} left", short_duration(*left));
    return text;
}

void Progress::show(ClockPoint now) {
    std::uint64_t done = 0;
    for (const Item& known : items_) done += known.done;
    rate_.add(done, now);
    if (quiet_) return;
    if (!shown_) shown_ = io_.err_live ? now - kRedraw : now;
    if (now - *shown_ < (io_.err_live ? std::chrono::milliseconds(kRedraw) : kPlainLine)) return;
    shown_ = now;
    if (!io_.err_live) {
        std::string line = summary();
        for (const Item& known : items_)
            if (!known.finished && !known.doing.empty()) line += "; " + known.doing;
        *io_.err << line << "\n" << std::flush;
        return;
    }
    std::vector<std::string> lines;
    for (const Item& known : items_)
        if (!known.finished && lines.size() < 8)
            lines.push_back(fmt::format("  {:<28} {}", known.doing,
                                        known.total ? progress_bar(known.done, known.total, 16)
                                                    : std::string()));
    lines.push_back(summary());
    block_.draw(lines);
}

} // namespace lakebed
