#include "model/model_priorities.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace cairn {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

TEST(ModelPriorities, TheHigherOneGoesFirst) {
  ModelPriorities priorities;
  priorities.add(5);
  std::atomic<bool> low_ran{false};
  std::thread low;
  {
    const ModelPriorities::Turn high(priorities, 2);
    low = std::thread([&] {
      const ModelPriorities::Turn turn(priorities, 5);
      low_ran = true;
    });
    std::this_thread::sleep_for(50ms);
    EXPECT_FALSE(low_ran);
  }
  low.join();
  EXPECT_TRUE(low_ran);
}

TEST(ModelPriorities, TheSamePriorityAndAHigherOneDoNotWait) {
  ModelPriorities priorities;
  priorities.add(5);
  const auto start = Clock::now();
  {
    const ModelPriorities::Turn low(priorities, 5);
    const ModelPriorities::Turn same(priorities, 5);
    const ModelPriorities::Turn high(priorities, 0);
  }
  EXPECT_LT(Clock::now() - start, ModelPriorities::kLongestWait / 2);
}

TEST(ModelPriorities, ALowOneDoesNotStarve) {
  ModelPriorities priorities;
  priorities.add(1);
  const ModelPriorities::Turn high(priorities, 0);
  const auto start = Clock::now();
  const ModelPriorities::Turn low(priorities, 1);
  EXPECT_GE(Clock::now() - start, ModelPriorities::kLongestWait);
}

TEST(ModelPriorities, NobodyWaitsWhenNoLowerModelIsLoaded) {
  ModelPriorities priorities;
  priorities.add(0);
  priorities.add(3);
  priorities.remove(3);
  const ModelPriorities::Turn high(priorities, 0);
  const auto start = Clock::now();
  const ModelPriorities::Turn low(priorities, 7);
  EXPECT_LT(Clock::now() - start, ModelPriorities::kLongestWait / 2);
}

}  // namespace
}  // namespace cairn
