// Progress: what a long operation is doing, as bars on a terminal and as a plain line every few
// seconds elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/quantity.h"
#include "cli/io.h"
#include "cli/live_block.h"

namespace lakebed {

using ClockPoint = std::chrono::steady_clock::time_point;

// Bytes a second over the last few seconds.
class RateMeter {
  public:
    void add(std::uint64_t bytes, ClockPoint now);
    [[nodiscard]] double rate() const; // 0: not known yet
    [[nodiscard]] std::optional<Duration> left(std::uint64_t bytes) const;

  private:
    std::deque<std::pair<ClockPoint, std::uint64_t>> samples_;
};

// "[######    ]  61%  12 MiB of 20 MiB"
[[nodiscard]] std::string progress_bar(std::uint64_t done, std::uint64_t total, std::size_t width);

class Progress {
  public:
    // `verb` names the whole: "fetch". Totals may be 0: not known.
    Progress(const Io& io, bool quiet, std::string verb, std::size_t items, std::uint64_t bytes);

    // `doing` is the item's line on a terminal: "redis: unpacking".
    void update(const std::string& item, std::string doing, std::uint64_t done, std::uint64_t total,
                ClockPoint now);
    void finish(const std::string& item, ClockPoint now);
    // A line that stays; the bars move below it.
    void note(std::string_view line);
    void clear() { block_.clear(); }

  private:
    struct Item {
        std::string name;
        std::string doing;
        std::uint64_t done = 0;
        std::uint64_t total = 0;
        bool finished = false;
    };
    Item& item(const std::string& name);
    void show(ClockPoint now);
    [[nodiscard]] std::string summary() const;

    const Io& io_;
    bool quiet_;
    std::string verb_;
    std::size_t count_;
    std::uint64_t bytes_;
    std::vector<Item> items_;
    RateMeter rate_;
    LiveBlock block_;
    std::optional<ClockPoint> shown_;
};

} // namespace lakebed
