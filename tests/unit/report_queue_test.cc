#include "device/report_queue.h"

#include <pthread.h>

#include "unit/runtime_fixture.h"

namespace cairn {
namespace {

using test::kLong;

uint64_t this_thread() {
  return static_cast<uint64_t>(pthread_self());
}

class ReportQueueTest : public test::RuntimeTest {
 protected:
  static void expect_ok(const Status& status) { EXPECT_TRUE(status.is_ok()) << status.text(); }
  ReportQueues& reports() { return runtime().reports(); }
};

void count(void* counter) {
  ++*static_cast<std::atomic<int>*>(counter);
}

TEST_F(ReportQueueTest, RunsACallbackInTheThreadThatProcesses) {
  const Ref<Stream> stream = make_stream();
  expect_ok(reports().subscribe(this_thread(), stream));
  std::atomic<int> calls{0};
  expect_ok(reports().launch(stream, count, &calls, false));
  EXPECT_EQ(calls, 0);
  expect_ok(reports().process(10000));
  EXPECT_EQ(calls, 1);
  expect_ok(reports().unsubscribe(this_thread(), stream));
}

TEST_F(ReportQueueTest, RunsOneCallbackPerCall) {
  const Ref<Stream> stream = make_stream();
  expect_ok(reports().subscribe(this_thread(), stream));
  std::atomic<int> calls{0};
  for (int i = 0; i < 3; ++i)
    expect_ok(reports().launch(stream, count, &calls, false));
  for (int i = 1; i <= 3; ++i) {
    expect_ok(reports().process(10000));
    EXPECT_EQ(calls, i);
  }
  EXPECT_EQ(reports().process(5).code(), ACL_ERROR_RT_REPORT_TIMEOUT);
  expect_ok(reports().unsubscribe(this_thread(), stream));
}

TEST_F(ReportQueueTest, ABlockingCallbackHoldsTheStream) {
  const Ref<Stream> stream = make_stream();
  expect_ok(reports().subscribe(this_thread(), stream));
  std::atomic<int> calls{0};
  std::atomic<bool> after{false};
  expect_ok(reports().launch(stream, count, &calls, true));
  expect_ok(Stream::launch(stream, "test", [&](Stream&) {
    after = true;
    return Status();
  }));
  EXPECT_FALSE(stream->synchronize(std::chrono::milliseconds(20)).is_ok());
  EXPECT_FALSE(after);
  expect_ok(reports().process(10000));
  expect_ok(stream->synchronize(kLong));
  EXPECT_TRUE(after);
  expect_ok(reports().unsubscribe(this_thread(), stream));
}

TEST_F(ReportQueueTest, NeedsASubscription) {
  const Ref<Stream> stream = make_stream();
  EXPECT_EQ(reports().launch(stream, count, nullptr, false).code(), ACL_ERROR_RT_STREAM_NO_CB_REG);
  EXPECT_EQ(reports().process(5).code(), ACL_ERROR_RT_THREAD_SUBSCRIBE);
  EXPECT_FALSE(reports().unsubscribe(this_thread(), stream).is_ok());
}

TEST_F(ReportQueueTest, AStreamHasOneThread) {
  const Ref<Stream> stream = make_stream();
  expect_ok(reports().subscribe(77, stream));
  EXPECT_EQ(reports().subscribe(78, stream).code(), ACL_ERROR_RT_STREAM_SUBSCRIBE);
  EXPECT_FALSE(reports().unsubscribe(78, stream).is_ok());
  expect_ok(reports().unsubscribe(77, stream));
}

TEST_F(ReportQueueTest, RefusesBadTimeouts) {
  for (int timeout : {0, -2, INT32_MIN})
    EXPECT_FALSE(reports().process(timeout).is_ok()) << timeout;
}

TEST_F(ReportQueueTest, UnsubscribeLetsABlockedStreamGoOn) {
  const Ref<Stream> stream = make_stream();
  expect_ok(reports().subscribe(91, stream));
  std::atomic<int> calls{0};
  expect_ok(reports().launch(stream, count, &calls, true));
  EXPECT_FALSE(stream->synchronize(std::chrono::milliseconds(20)).is_ok());
  expect_ok(reports().unsubscribe(91, stream));
  EXPECT_TRUE(stream->wait_idle(kLong));
  EXPECT_EQ(calls, 0);
  EXPECT_FALSE(stream->synchronize(kLong).is_ok());
}

TEST_F(ReportQueueTest, UnsubscribeEndsAWaitingProcess) {
  const Ref<Stream> stream = make_stream();
  std::promise<uint64_t> id;
  std::thread thread = thread_with_context([&] {
    id.set_value(this_thread());
    Status status;
    do {  // Not subscribed yet at first.
      status = reports().process(-1);
    } while (status.code() == ACL_ERROR_RT_THREAD_SUBSCRIBE &&
             status.text().find("waited") == std::string_view::npos);
  });
  const uint64_t thread_id = id.get_future().get();
  expect_ok(reports().subscribe(thread_id, stream));
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  expect_ok(reports().unsubscribe(thread_id, stream));
  thread.join();
}

TEST_F(ReportQueueTest, AThreadServesManyStreamsOfManyThreads) {
  constexpr int kStreams = 6;
  constexpr int kCallbacks = 100;
  std::vector<Ref<Stream>> streams;
  std::atomic<int> calls{0};
  for (int i = 0; i < kStreams; ++i) {
    streams.push_back(make_stream());
    expect_ok(reports().subscribe(this_thread(), streams.back()));
  }
  std::vector<std::thread> threads;
  for (int i = 0; i < kStreams; ++i) {
    threads.push_back(thread_with_context([&, i] {
      for (int k = 0; k < kCallbacks; ++k)
        expect_ok(reports().launch(streams[i], count, &calls, k % 2 == 0));
    }));
  }
  while (calls < kStreams * kCallbacks)
    expect_ok(reports().process(20000));
  for (auto& thread : threads)
    thread.join();
  for (const auto& stream : streams) {
    expect_ok(stream->synchronize(kLong));
    expect_ok(reports().unsubscribe(this_thread(), stream));
  }
}

TEST_F(ReportQueueTest, ACallbackMayLaunchAnother) {
  const Ref<Stream> stream = make_stream();
  expect_ok(reports().subscribe(this_thread(), stream));
  struct Again {
    ReportQueues& reports;
    Ref<Stream> stream;
    std::atomic<int> calls{0};
  } again{reports(), stream};
  expect_ok(reports().launch(
      stream,
      [](void* data) {
        auto& self = *static_cast<Again*>(data);
        ++self.calls;
        EXPECT_TRUE(
            self.reports
                .launch(
                    self.stream, [](void* inner) { ++static_cast<Again*>(inner)->calls; }, data, false)
                .is_ok());
      },
      &again, true));
  expect_ok(reports().process(10000));
  expect_ok(reports().process(10000));
  EXPECT_EQ(again.calls, 2);
  expect_ok(reports().unsubscribe(this_thread(), stream));
}

}  // namespace
}  // namespace cairn
