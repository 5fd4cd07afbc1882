#include "device/busy_time.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace cairn {
namespace {

using Tick = BusyTime::Tick;

// As long after boot as a machine may run.
const BusyTime::Clock::time_point kStart{std::chrono::hours(24 * 365)};

TEST(BusyTimeTest, StartsAtNothing) {
  EXPECT_EQ(BusyTime().until(kStart), Tick(0));
}

TEST(BusyTimeTest, SumsThePeriodsThatHaveEnded) {
  BusyTime time;
  time.begin(kStart);
  time.end(kStart + Tick(30));
  time.begin(kStart + Tick(100));
  time.end(kStart + Tick(112));
  EXPECT_EQ(time.until(kStart + Tick(500)), Tick(42));
}

TEST(BusyTimeTest, CountsAPeriodThatGoesOn) {
  BusyTime time;
  time.begin(kStart);
  EXPECT_EQ(time.until(kStart + Tick(1)), Tick(1));
  EXPECT_EQ(time.until(kStart + std::chrono::hours(1000)), std::chrono::hours(1000));
}

TEST(BusyTimeTest, AddsUpWorkersThatAreBusyAtOnce) {
  BusyTime time;
  for (int i = 0; i < 1024; ++i)
    time.begin(kStart + Tick(i));
  EXPECT_EQ(time.until(kStart + Tick(2000)), Tick(1024 * 2000 - 1023 * 1024 / 2));
  for (int i = 0; i < 1023; ++i)
    time.end(kStart + Tick(2000));
  EXPECT_EQ(time.until(kStart + Tick(2100)), Tick(1024 * 2000 - 1023 * 1024 / 2 + 100));
}

TEST(BusyTimeTest, LosesNothingWhenWorkersCountAtTheSameTime) {
  BusyTime time;
  std::vector<std::thread> workers;
  for (int t = 0; t < 4; ++t) {
    workers.emplace_back([&] {
      for (int i = 0; i < 10000; ++i) {
        time.begin(kStart + Tick(i));
        time.end(kStart + Tick(i + 3));
      }
    });
  }
  for (std::thread& worker : workers)
    worker.join();
  EXPECT_EQ(time.until(kStart), Tick(4 * 10000 * 3));
}

TEST(BusyPeriodsTest, TakesRepeatedWordsOnce) {
  BusyTime time;
  BusyPeriods worker(time);
  worker.end(kStart);
  worker.begin(kStart);
  worker.begin(kStart + Tick(5));
  EXPECT_TRUE(worker.is_busy());
  worker.end(kStart + Tick(10));
  worker.end(kStart + Tick(20));
  EXPECT_FALSE(worker.is_busy());
  EXPECT_EQ(time.until(kStart + Tick(50)), Tick(10));
}

}  // namespace
}  // namespace cairn
