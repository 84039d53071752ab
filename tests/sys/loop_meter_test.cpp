#include "sys/loop_meter.h"

#include <chrono>
#include <numeric>

#include <gtest/gtest.h>

namespace lakebed {
namespace {

using namespace std::chrono_literals;

TEST(LoopMeter, CountsHowLongAHandlerKeptTheLoopBusy) {
    EventLoop loop = EventLoop::make().value();
    LoopMeter meter = LoopMeter::make(loop).value();
    EventSource quick = loop.after(1ms, Duration(1), [] {}).value();
    EventSource slow = loop.after(2ms, Duration(1),
                                  [] {
                                      auto end = std::chrono::steady_clock::now() + 20ms;
                                      while (std::chrono::steady_clock::now() < end) {
                                      }
                                  })
                           .value();
    EventSource last = loop.after(300ms, Duration(1), [&] { loop.stop(); }).value();
    ASSERT_TRUE(loop.run());
    const TurnTimes& turns = meter.turns();
    EXPECT_GE(turns.max, 0.02);
    EXPECT_GE(std::accumulate(turns.counts.begin() + 4, turns.counts.end(), std::uint64_t{0}), 1U);
    EXPECT_GE(std::accumulate(turns.counts.begin(), turns.counts.end(), std::uint64_t{0}), 2U);
    EXPECT_LT(turns.sum, 0.25) << "waiting is not counted";
    EXPECT_GE(turns.sum, turns.max);
}

} // namespace
} // namespace lakebed
