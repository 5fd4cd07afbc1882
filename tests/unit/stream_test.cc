#include "device/stream.h"

#include <gmock/gmock.h>

#include <latch>
#include <numeric>

#include "device/scheduler.h"
#include "unit/runtime_fixture.h"

namespace cairn {
namespace {

using test::Gate;
using test::kLong;

class StreamTest : public test::RuntimeTest {
 protected:
  static void launch(const Ref<Stream>& stream, Task task) {
    const Status status = Stream::launch(stream, "test", std::move(task));
    ASSERT_TRUE(status.is_ok()) << status.text();
  }
  static void expect_done(const Ref<Stream>& stream) {
    const Status status = stream->synchronize(kLong);
    EXPECT_TRUE(status.is_ok()) << status.text();
  }
  static Status failure(int number) {
    return error(ACL_ERROR_RT_PARAM_INVALID, "RT-181", "failure {}", number);
  }
};
class SchedulerTest : public StreamTest {};

TEST_F(StreamTest, RunsATask) {
  const Ref<Stream> stream = make_stream();
  bool ran = false;
  launch(stream, [&](Stream& running) {
    EXPECT_EQ(&running, stream.get());
    ran = true;
    return Status();
  });
  expect_done(stream);
  EXPECT_TRUE(ran);
}

TEST_F(StreamTest, RunsTasksInTheirOrder) {
  const Ref<Stream> stream = make_stream();
  std::vector<int> order;
  for (int i = 0; i < 5000; ++i) {
    launch(stream, [&order, i](Stream&) {
      order.push_back(i);
      return Status();
    });
  }
  expect_done(stream);
  std::vector<int> expected(5000);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(order, expected);
}

TEST_F(StreamTest, RunsOneTaskAtATime) {
  const Ref<Stream> stream = make_stream();
  std::atomic<int> running{0};
  std::atomic<bool> overlap{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.push_back(thread_with_context([&] {
      for (int i = 0; i < 500; ++i) {
        launch(stream, [&](Stream&) {
          if (running.fetch_add(1) != 0) overlap = true;
          running.fetch_sub(1);
          return Status();
        });
      }
    }));
  }
  for (auto& thread : threads)
    thread.join();
  expect_done(stream);
  EXPECT_FALSE(overlap);
}

TEST_F(StreamTest, SynchronizeWithoutTasksSucceeds) {
  const Ref<Stream> stream = make_stream();
  expect_done(stream);
  EXPECT_TRUE(stream->synchronize(std::nullopt).is_ok());
  EXPECT_TRUE(stream->is_idle());
}

TEST_F(StreamTest, SynchronizeGivesUpAfterItsTime) {
  const Ref<Stream> stream = make_stream();
  Gate gate(stream);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(stream->synchronize(std::chrono::milliseconds(50)).code(), ACL_ERROR_RT_STREAM_SYNC_TIMEOUT);
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(50));
  EXPECT_FALSE(stream->is_idle());
  gate.open();
  expect_done(stream);
}

TEST_F(StreamTest, AParkedStreamRunsNothingUntilItIsResumed) {
  const Ref<Stream> stream = make_stream();
  Gate gate(stream);
  std::atomic<bool> ran{false};
  launch(stream, [&](Stream&) {
    ran = true;
    return Status();
  });
  EXPECT_EQ(stream->synchronize(std::chrono::milliseconds(20)).code(), ACL_ERROR_RT_STREAM_SYNC_TIMEOUT);
  EXPECT_FALSE(ran);
  EXPECT_TRUE(stream->is_parked());
  gate.open();
  expect_done(stream);
  EXPECT_TRUE(ran);
}

TEST_F(StreamTest, ResumeBeforeTheTaskHasReturnedIsNotLost) {
  const Ref<Stream> stream = make_stream();
  for (int i = 0; i < 200; ++i) {
    launch(stream, [](Stream& running) {
      running.resume(Status());
      return TaskOutcome::parked();
    });
  }
  expect_done(stream);
}

TEST_F(StreamTest, ResumeFromAnotherThreadRacesWithParking) {
  const Ref<Stream> stream = make_stream();
  for (int i = 0; i < 200; ++i) {
    std::thread resumer;
    launch(stream, [&](Stream& running) {
      resumer = std::thread([&running] { running.resume(Status()); });
      return TaskOutcome::parked();
    });
    expect_done(stream);
    resumer.join();
  }
}

TEST_F(StreamTest, AFailureIsReportedOnceWithItsCode) {
  const Ref<Stream> stream = make_stream();
  launch(stream, [](Stream&) { return failure(1); });
  launch(stream, [](Stream&) { return failure(2); });
  const Status status = stream->synchronize(kLong);
  EXPECT_EQ(status.code(), ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_TRUE(status.text().starts_with("[RT-181] failure 1")) << status.text();
  EXPECT_NE(status.text().find("test"), std::string_view::npos) << status.text();
  expect_done(stream);
}

TEST_F(StreamTest, TheOutcomeOfAParkedTaskIsThatOfItsResume) {
  const Ref<Stream> stream = make_stream();
  Gate gate(stream);
  gate.open(failure(3));
  EXPECT_EQ(stream->synchronize(kLong).code(), ACL_ERROR_RT_PARAM_INVALID);
}

TEST_F(StreamTest, ByDefaultTasksAfterAFailureRun) {
  const Ref<Stream> stream = make_stream();
  bool ran = false;
  launch(stream, [](Stream&) { return failure(1); });
  launch(stream, [&](Stream&) {
    ran = true;
    return Status();
  });
  EXPECT_FALSE(stream->synchronize(kLong).is_ok());
  EXPECT_TRUE(ran);
}

TEST_F(StreamTest, WithStopOnFailureTasksAfterAFailureDoNotRun) {
  const Ref<Stream> stream = make_stream();
  stream->set_stop_on_failure(true);
  std::atomic<bool> ran{false};
  Gate gate(stream);
  launch(stream, [](Stream&) { return failure(1); });
  launch(stream, [&](Stream&) {
    ran = true;
    return Status();
  });
  gate.open();
  EXPECT_FALSE(stream->synchronize(kLong).is_ok());
  EXPECT_FALSE(ran);
}

TEST_F(StreamTest, AnExceptionOfATaskBecomesAFailure) {
  const Ref<Stream> stream = make_stream();
  launch(stream, [](Stream&) -> Status { throw std::runtime_error("thrown by the test"); });
  const Status status = stream->synchronize(kLong);
  EXPECT_NE(status.text().find("thrown by the test"), std::string_view::npos) << status.text();
  expect_done(stream);
}

TEST_F(StreamTest, DestroyWaitsForQueuedTasks) {
  const Ref<Stream> stream = make_stream();
  std::atomic<int> ran{0};
  for (int i = 0; i < 100; ++i) {
    launch(stream, [&](Stream&) {
      ++ran;
      return Status();
    });
  }
  EXPECT_TRUE(runtime().destroy_stream(stream.handle(), true).is_ok());
  EXPECT_EQ(ran, 100);
}

TEST_F(StreamTest, ForcedDestroyDropsQueuedTasks) {
  Ref<Stream> stream = make_stream();
  std::atomic<int> ran{0};
  {
    Gate gate(stream);
    for (int i = 0; i < 100; ++i) {
      launch(stream, [&](Stream&) {
        ++ran;
        return Status();
      });
    }
    EXPECT_TRUE(runtime().destroy_stream(stream.handle(), false).is_ok());
  }
  const Status status = runtime().synchronize_device();
  EXPECT_TRUE(status.is_ok()) << status.text();
  EXPECT_EQ(ran, 0);
}

TEST_F(StreamTest, DroppedTasksReleaseWhatTheyHold) {
  const Ref<Stream> stream = make_stream();
  const auto held = std::make_shared<int>(1);
  {
    Gate gate(stream);
    for (int i = 0; i < 10; ++i)
      launch(stream, [held](Stream&) { return Status(); });
    EXPECT_EQ(held.use_count(), 11);
    stream->close(true);
  }
  EXPECT_TRUE(stream->wait_idle(kLong));
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_TRUE(runtime().destroy_stream(stream.handle(), false).is_ok());
}

TEST_F(StreamTest, FinishedTasksReleaseWhatTheyHold) {
  const Ref<Stream> stream = make_stream();
  const auto held = std::make_shared<int>(1);
  launch(stream, [held](Stream&) { return Status(); });
  expect_done(stream);
  EXPECT_EQ(held.use_count(), 1);
}

TEST_F(StreamTest, AClosedStreamRefusesTasks) {
  const Ref<Stream> stream = make_stream();
  EXPECT_TRUE(runtime().destroy_stream(stream.handle(), true).is_ok());
  const Status status = Stream::launch(stream, "test", [](Stream&) { return Status(); });
  EXPECT_FALSE(status.is_ok());
}

TEST_F(StreamTest, ManyThreadsSynchronizeOneStream) {
  const Ref<Stream> stream = make_stream();
  Gate gate(stream);
  std::latch waiting(5);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.push_back(thread_with_context([&] {
      waiting.count_down();
      expect_done(stream);
    }));
  }
  waiting.arrive_and_wait();
  gate.open();
  for (auto& thread : threads)
    thread.join();
}

TEST_F(StreamTest, TasksMayLaunchTasksOnAnotherStream) {
  const Ref<Stream> first = make_stream();
  const Ref<Stream> second = make_stream();
  std::atomic<int> ran{0};
  for (int i = 0; i < 200; ++i) {
    launch(first, [&](Stream&) {
      return Stream::launch(second, "test", [&](Stream&) {
        ++ran;
        return Status();
      });
    });
  }
  expect_done(first);
  expect_done(second);
  EXPECT_EQ(ran, 200);
}

TEST_F(StreamTest, AQueueThatIsFullBlocksTheLauncherAndLosesNothing) {
  const Ref<Stream> stream = make_stream();
  constexpr int kTasks = 150000;
  int ran = 0;
  for (int i = 0; i < kTasks; ++i) {
    launch(stream, [&](Stream&) {
      ++ran;
      return Status();
    });
  }
  expect_done(stream);
  EXPECT_EQ(ran, kTasks);
}

TEST_F(StreamTest, ALaunchAllocatesNoTaskOnTheHeap) {
  EXPECT_LE(sizeof(Task), 192U);
}

TEST_F(StreamTest, EachStreamHasANumberOfItsOwn) {
  EXPECT_NE(make_stream()->id(), make_stream()->id());
}

TEST_F(SchedulerTest, ManyStreamsOfManyThreadsKeepTheirOrder) {
  constexpr int kThreads = 4;
  constexpr int kStreams = 8;
  constexpr int kTasks = 300;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.push_back(thread_with_context([this] {
      std::vector<Ref<Stream>> streams;
      std::vector<std::vector<int>> orders(kStreams);
      for (int s = 0; s < kStreams; ++s)
        streams.push_back(make_stream());
      for (int i = 0; i < kTasks; ++i) {
        for (int s = 0; s < kStreams; ++s) {
          launch(streams[s], [order = &orders[s], i](Stream&) {
            order->push_back(i);
            return Status();
          });
        }
      }
      for (int s = 0; s < kStreams; ++s) {
        EXPECT_TRUE(runtime().destroy_stream(streams[s].handle(), true).is_ok());
        EXPECT_EQ(orders[s].size(), static_cast<size_t>(kTasks));
        EXPECT_TRUE(std::is_sorted(orders[s].begin(), orders[s].end()));
      }
    }));
  }
  for (auto& thread : threads)
    thread.join();
}

TEST_F(SchedulerTest, ParkedStreamsHoldNoWorker) {
  std::vector<Ref<Stream>> parked;
  std::vector<std::unique_ptr<Gate>> gates;
  for (int i = 0; i < 200; ++i) {
    parked.push_back(make_stream());
    gates.push_back(std::make_unique<Gate>(parked.back()));
  }
  const Ref<Stream> stream = make_stream();
  launch(stream, [](Stream&) { return Status(); });
  expect_done(stream);
  gates.clear();
  for (const auto& one : parked)
    expect_done(one);
}

TEST_F(SchedulerTest, ABusyStreamDoesNotStarveAnother) {
  const Ref<Stream> busy = make_stream();
  const Ref<Stream> other = make_stream();
  std::atomic<bool> end{false};
  std::thread feeder = thread_with_context([&] {
    while (!end)
      launch(busy, [](Stream&) { return Status(); });
  });
  for (int i = 0; i < 50; ++i) {
    launch(other, [](Stream&) { return Status(); });
    expect_done(other);
  }
  end = true;
  feeder.join();
  expect_done(busy);
}

TEST_F(SchedulerTest, IndependentStreamsRunAtTheSameTime) {
  if (std::thread::hardware_concurrency() < 2) return;  // One worker is right there.
  const Ref<Stream> first = make_stream();
  const Ref<Stream> second = make_stream();
  std::atomic<int> arrived{0};
  const auto meet = [&](Stream&) {
    ++arrived;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (arrived < 2 && std::chrono::steady_clock::now() < end)
      std::this_thread::yield();
    return arrived == 2 ? Status() : failure(0);
  };
  launch(first, meet);
  launch(second, meet);
  expect_done(first);
  expect_done(second);
}

TEST_F(SchedulerTest, WorkersThatSleptWakeUp) {
  const Ref<Stream> stream = make_stream();
  for (int i = 0; i < 20; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    launch(stream, [](Stream&) { return Status(); });
    expect_done(stream);
  }
}

TEST_F(SchedulerTest, WhoOnlyWaitsRunsWhatNoWorkerHasTaken) {
  const Ref<Stream> stream = make_stream();
  int here = 0;
  const auto run = [&](std::optional<std::chrono::milliseconds> limit) {
    for (int i = 0; i < 50; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));  // Workers sleep then.
      launch(stream, [&here, caller = std::this_thread::get_id()](Stream&) {
        if (std::this_thread::get_id() == caller) ++here;
        return Status();
      });
      ASSERT_TRUE(stream->synchronize(limit).is_ok());
    }
  };
  run(kLong);
  EXPECT_EQ(here, 0);  // Who may wait for some time only has to come back.
  run(std::nullopt);
  EXPECT_GT(here, 0);
}

TEST_F(SchedulerTest, WhatParksWhereItIsWaitedForGoesOnAfterItsResume) {
  const Ref<Stream> stream = make_stream();
  for (int i = 0; i < 50; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    std::thread resumer;
    launch(stream, [&](Stream& running) {
      resumer = std::thread([&running] { running.resume(Status()); });
      return TaskOutcome::parked();
    });
    bool ran = false;
    launch(stream, [&](Stream&) {
      ran = true;
      return Status();
    });
    ASSERT_TRUE(stream->synchronize(std::nullopt).is_ok());
    EXPECT_TRUE(ran);
    resumer.join();
  }
}

TEST_F(SchedulerTest, AnIdleDeviceUsesNoProcessorTime) {
  const Ref<Stream> stream = make_stream();
  launch(stream, [](Stream&) { return Status(); });
  expect_done(stream);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const std::clock_t before = std::clock();
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  const double seconds = static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
  EXPECT_LT(seconds, 0.05);
}

}  // namespace
}  // namespace cairn
