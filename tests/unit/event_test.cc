#include "device/event.h"

#include "unit/runtime_fixture.h"

namespace cairn {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::Gate;
using test::kLong;

constexpr seconds kForEver{0};

class EventTest : public test::RuntimeTest {
 protected:
  static void expect_ok(const Status& status) { EXPECT_TRUE(status.is_ok()) << status.text(); }
  static void expect_done(const Ref<Stream>& stream) { expect_ok(stream->synchronize(kLong)); }
};

TEST_F(EventTest, IsNotCompleteBeforeItIsRecorded) {
  EXPECT_FALSE(make_event()->is_complete());
}

TEST_F(EventTest, IsCompleteWhenItsRecordWasExecuted) {
  const Ref<Stream> stream = make_stream();
  const Ref<Event> event = make_event();
  expect_ok(Event::record(event, stream));
  expect_ok(event->synchronize(kLong));
  EXPECT_TRUE(event->is_complete());
}

TEST_F(EventTest, WaitsForTheTasksBeforeIt) {
  const Ref<Stream> stream = make_stream();
  const Ref<Event> event = make_event();
  Gate gate(stream);
  expect_ok(Event::record(event, stream));
  EXPECT_FALSE(event->is_complete());
  EXPECT_FALSE(event->synchronize(milliseconds(20)).is_ok());
  gate.open();
  expect_ok(event->synchronize(kLong));
}

TEST_F(EventTest, SynchronizeRefersToTheNewestRecord) {
  const Ref<Stream> first = make_stream();
  const Ref<Stream> second = make_stream();
  const Ref<Event> event = make_event();
  expect_ok(Event::record(event, first));
  expect_done(first);
  Gate gate(second);
  expect_ok(Event::record(event, second));
  EXPECT_FALSE(event->is_complete());
  gate.open();
  expect_ok(event->synchronize(kLong));
}

TEST_F(EventTest, AStreamWaitsForAnEventOfAnother) {
  const Ref<Stream> first = make_stream();
  const Ref<Stream> second = make_stream();
  const Ref<Event> event = make_event();
  Gate gate(first);
  expect_ok(Event::record(event, first));
  expect_ok(Event::wait_in_stream(event, second, kForEver));
  EXPECT_FALSE(second->synchronize(milliseconds(20)).is_ok());
  EXPECT_FALSE(event->waits_are_done());
  gate.open();
  expect_done(second);
  EXPECT_TRUE(event->waits_are_done());
}

TEST_F(EventTest, AWaitForACompleteEventGoesOnAtOnce) {
  const Ref<Stream> first = make_stream();
  const Ref<Stream> second = make_stream();
  const Ref<Event> event = make_event();
  expect_ok(Event::record(event, first));
  expect_done(first);
  expect_ok(Event::wait_in_stream(event, second, kForEver));
  expect_done(second);
}

TEST_F(EventTest, AStreamMayWaitForItsOwnEvent) {
  const Ref<Stream> stream = make_stream();
  const Ref<Event> event = make_event();
  expect_ok(Event::record(event, stream));
  expect_ok(Event::wait_in_stream(event, stream, kForEver));
  expect_done(stream);
}

TEST_F(EventTest, AWaitRefersToTheRecordThatWasNewestAtItsCall) {
  const Ref<Stream> first = make_stream();
  const Ref<Stream> second = make_stream();
  const Ref<Stream> waiting = make_stream();
  const Ref<Event> event = make_event();
  expect_ok(Event::record(event, first));
  expect_ok(Event::wait_in_stream(event, waiting, kForEver));
  Gate gate(second);
  expect_ok(Event::record(event, second));
  expect_done(waiting);  // Does not wait for the second record.
  gate.open();
}

TEST_F(EventTest, ALaterRecordInAnotherStreamDoesNotEndAWait) {
  const Ref<Stream> first = make_stream();
  const Ref<Stream> second = make_stream();
  const Ref<Stream> waiting = make_stream();
  const Ref<Event> event = make_event();
  Gate gate(first);
  expect_ok(Event::record(event, first));
  expect_ok(Event::wait_in_stream(event, waiting, kForEver));
  expect_ok(Event::record(event, second));
  expect_done(second);
  EXPECT_TRUE(event->is_complete());
  EXPECT_FALSE(waiting->synchronize(milliseconds(20)).is_ok());
  gate.open();
  expect_done(waiting);
}

TEST_F(EventTest, ManyStreamsWaitForOneEvent) {
  const Ref<Stream> stream = make_stream();
  const Ref<Event> event = make_event();
  Gate gate(stream);
  expect_ok(Event::record(event, stream));
  std::vector<Ref<Stream>> others;
  for (int i = 0; i < 50; ++i) {
    others.push_back(make_stream());
    expect_ok(Event::wait_in_stream(event, others.back(), kForEver));
  }
  gate.open();
  for (const auto& other : others)
    expect_done(other);
}

TEST_F(EventTest, AWaitThatTakesTooLongFailsAndTheStreamGoesOn) {
  const Ref<Stream> first = make_stream();
  const Ref<Stream> second = make_stream();
  const Ref<Event> event = make_event();
  Gate gate(first);
  expect_ok(Event::record(event, first));
  expect_ok(Event::wait_in_stream(event, second, seconds(1)));
  bool ran = false;
  expect_ok(Stream::launch(second, "test", [&](Stream&) {
    ran = true;
    return Status();
  }));
  const Status status = second->synchronize(kLong);
  EXPECT_FALSE(status.is_ok());
  EXPECT_TRUE(ran);
  gate.open();
  expect_done(first);
}

TEST_F(EventTest, ACompletionJustBeforeTheTimeoutEndsTheWaitOnce) {
  const Ref<Stream> first = make_stream();
  const Ref<Stream> second = make_stream();
  const Ref<Event> event = make_event();
  for (int i = 0; i < 50; ++i) {
    expect_ok(Event::record(event, first));
    expect_ok(Event::wait_in_stream(event, second, seconds(1)));
  }
  expect_done(second);
  std::this_thread::sleep_for(milliseconds(1200));  // All timers have run: they must find nothing to do.
  expect_done(second);
}

TEST_F(EventTest, ResetSetsItBack) {
  const Ref<Stream> stream = make_stream();
  const Ref<Event> event = make_event();
  expect_ok(Event::record(event, stream));
  expect_ok(Event::reset(event, stream));
  expect_done(stream);
  EXPECT_FALSE(event->is_complete());
  expect_ok(Event::record(event, stream));
  expect_ok(event->synchronize(kLong));
}

TEST_F(EventTest, KnowsWhichThreadRecordedIt) {
  const Ref<Stream> stream = make_stream();
  const Ref<Event> event = make_event();
  thread_with_context([&] {
    expect_ok(Event::record(event, stream));
    EXPECT_TRUE(event->recorded_by_this_thread());
  }).join();
  EXPECT_FALSE(event->recorded_by_this_thread());
}

TEST_F(EventTest, ElapsedTimeIsThatBetweenTheRecords) {
  const Ref<Stream> stream = make_stream();
  const Ref<Event> start = make_event(ACL_EVENT_TIME_LINE);
  const Ref<Event> end = make_event(ACL_EVENT_TIME_LINE);
  expect_ok(Event::record(start, stream));
  expect_ok(Stream::launch(stream, "test", [](Stream&) {
    std::this_thread::sleep_for(milliseconds(30));
    return Status();
  }));
  expect_ok(Event::record(end, stream));
  expect_done(stream);
  const auto elapsed = Event::elapsed_ms(*start, *end);
  ASSERT_TRUE(elapsed.is_ok());
  EXPECT_GE(*elapsed, 30);
  EXPECT_LT(*elapsed, 3000);
}

TEST_F(EventTest, ElapsedTimeNeedsBothRecordsInOrder) {
  const Ref<Stream> stream = make_stream();
  const Ref<Event> first = make_event();
  const Ref<Event> second = make_event();
  EXPECT_EQ(Event::elapsed_ms(*first, *second).code(), ACL_ERROR_RT_EVENT_TIMESTAMP_INVALID);
  expect_ok(Event::record(first, stream));
  expect_done(stream);
  std::this_thread::sleep_for(milliseconds(2));
  expect_ok(Event::record(second, stream));
  expect_done(stream);
  EXPECT_TRUE(Event::elapsed_ms(*first, *second).is_ok());
  EXPECT_EQ(Event::elapsed_ms(*second, *first).code(), ACL_ERROR_RT_EVENT_TIMESTAMP_REVERSAL);
}

TEST_F(EventTest, MayBeDestroyedWhileStreamsWaitForIt) {
  const Ref<Stream> first = make_stream();
  const Ref<Stream> second = make_stream();
  Ref<Event> event = make_event();
  Gate gate(first);
  expect_ok(Event::record(event, first));
  expect_ok(Event::wait_in_stream(event, second, kForEver));
  expect_ok(runtime().destroy_event(event.handle()));
  event = {};
  gate.open();
  expect_done(second);
}

TEST_F(EventTest, AForcedDestroyOfTheWaitingStreamHurtsNobody) {
  const Ref<Stream> first = make_stream();
  const Ref<Event> event = make_event();
  {
    Gate gate(first);
    expect_ok(Event::record(event, first));
    Ref<Stream> second = make_stream();
    expect_ok(Event::wait_in_stream(event, second, kForEver));
    expect_ok(runtime().destroy_stream(second.handle(), false));
  }
  expect_done(first);
}

TEST_F(EventTest, AForcedDestroyOfTheRecordingStreamDoesNotLeaveWaitersBehind) {
  Ref<Stream> first = make_stream();
  const Ref<Stream> second = make_stream();
  const Ref<Event> event = make_event();
  {
    Gate gate(first);
    expect_ok(Event::record(event, first));
    expect_ok(Event::wait_in_stream(event, second, kForEver));
    expect_ok(runtime().destroy_stream(first.handle(), false));
  }
  EXPECT_TRUE(second->wait_idle(kLong));
}

TEST_F(EventTest, ThreadsPassAnEventAround) {
  const Ref<Event> event = make_event();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.push_back(thread_with_context([&] {
      const Ref<Stream> stream = make_stream();
      for (int i = 0; i < 300; ++i) {
        expect_ok(Event::record(event, stream));
        expect_ok(Event::wait_in_stream(event, stream, kForEver));
        event->is_complete();
        event->waits_are_done();
      }
      expect_done(stream);
      expect_ok(runtime().destroy_stream(stream.handle(), true));
    }));
  }
  for (auto& thread : threads)
    thread.join();
}

TEST_F(EventTest, ChainsOfStreamsRunInTheOrderOfTheirEvents) {
  constexpr int kStreams = 20;
  std::vector<int> order;
  std::vector<Ref<Stream>> streams;
  std::vector<Ref<Event>> events;
  for (int i = 0; i < kStreams; ++i) {
    streams.push_back(make_stream());
    events.push_back(make_event());
    if (i > 0) expect_ok(Event::wait_in_stream(events[i - 1], streams[i], kForEver));
    expect_ok(Stream::launch(streams[i], "test", [&order, i](Stream&) {
      order.push_back(i);
      return Status();
    }));
    expect_ok(Event::record(events[i], streams[i]));
  }
  expect_done(streams.back());
  for (int i = 0; i < kStreams; ++i)
    EXPECT_EQ(order[i], i);
}

}  // namespace
}  // namespace cairn
