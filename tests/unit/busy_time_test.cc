#include "device/busy_time.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace cairn {
namespace {

using std::chrono::microseconds;

// As long after boot as a machine may run.
const BusyTime::Clock::time_point kStart{std::chrono::hours(24 * 365)};

TEST(BusyTimeTest, StartsAtNothing) {
  EXPECT_EQ(BusyTime().until(kStart), microseconds(0));
}

TEST(BusyTimeTest, SumsThePeriodsThatHaveEnded) {
  BusyTime time;
  time.begin(kStart);
  time.end(kStart + microseconds(30));
  time.begin(kStart + microseconds(100));
  time.end(kStart + microseconds(112));
  EXPECT_EQ(time.until(kStart + microseconds(500)), microseconds(42));
}

TEST(BusyTimeTest, CountsAPeriodThatGoesOn) {
  BusyTime time;
  time.begin(kStart);
  EXPECT_EQ(time.until(kStart + microseconds(1)), microseconds(1));
  EXPECT_EQ(time.until(kStart + std::chrono::hours(1000)), std::chrono::hours(1000));
}

TEST(BusyTimeTest, AddsUpWorkersThatAreBusyAtOnce) {
  BusyTime time;
  for (int i = 0; i < 1024; ++i)
    time.begin(kStart + microseconds(i));
  EXPECT_EQ(time.until(kStart + microseconds(2000)), microseconds(1024 * 2000 - 1023 * 1024 / 2));
  for (int i = 0; i < 1023; ++i)
    time.end(kStart + microseconds(2000));
  EXPECT_EQ(time.until(kStart + microseconds(2100)), microseconds(1024 * 2000 - 1023 * 1024 / 2 + 100));
}

TEST(BusyTimeTest, LosesNothingWhenWorkersCountAtTheSameTime) {
  BusyTime time;
  std::vector<std::thread> workers;
  for (int t = 0; t < 4; ++t) {
    workers.emplace_back([&] {
      for (int i = 0; i < 10000; ++i) {
        time.begin(kStart + microseconds(i));
        time.end(kStart + microseconds(i + 3));
      }
    });
  }
  for (std::thread& worker : workers)
    worker.join();
  EXPECT_EQ(time.until(kStart), microseconds(4 * 10000 * 3));
}

TEST(BusyPeriodsTest, TakesRepeatedWordsOnce) {
  BusyTime time;
  BusyPeriods worker(time);
  worker.end(kStart);
  worker.begin(kStart);
  worker.begin(kStart + microseconds(5));
  EXPECT_TRUE(worker.is_busy());
  worker.end(kStart + microseconds(10));
  worker.end(kStart + microseconds(20));
  EXPECT_FALSE(worker.is_busy());
  EXPECT_EQ(time.until(kStart + microseconds(50)), microseconds(10));
}

}  // namespace
}  // namespace cairn
