// Streams and events through the public C header: what no Python function reaches.
#include <pthread.h>

#include <atomic>
#include <cstring>
#include <set>

#include "acl/acl.h"
#include "runtime_fixture.h"

namespace cairn {
namespace {

class AclStreamTest : public test::RuntimeTest {};

uint64_t overflow_status(void* stream) {
  void* memory = nullptr;
  EXPECT_EQ(aclrtMalloc(&memory, 64, ACL_MEM_MALLOC_HUGE_FIRST), ACL_SUCCESS);
  EXPECT_EQ(aclrtMemset(memory, 64, 0xFF, 64), ACL_SUCCESS);
  EXPECT_EQ(aclrtGetOverflowStatus(memory, 64, stream), ACL_SUCCESS);
  EXPECT_EQ(aclrtSynchronizeStream(stream), ACL_SUCCESS);
  uint64_t words[8];
  EXPECT_EQ(aclrtMemcpy(words, 64, memory, 64, ACL_MEMCPY_DEVICE_TO_HOST), ACL_SUCCESS);
  for (int i = 1; i < 8; ++i)
    EXPECT_EQ(words[i], 0U);
  EXPECT_EQ(aclrtFree(memory), ACL_SUCCESS);
  return words[0];
}

TEST_F(AclStreamTest, AConfigurationMakesAStream) {
  aclrtStreamConfigHandle* config = aclrtCreateStreamConfigHandle();
  ASSERT_NE(config, nullptr);
  const size_t flag = ACL_STREAM_FAST_SYNC;
  const uint32_t priority = 5;
  void* work = nullptr;
  const size_t work_size = 4096;
  ASSERT_EQ(aclrtMalloc(&work, work_size, ACL_MEM_MALLOC_HUGE_FIRST), ACL_SUCCESS);
  EXPECT_EQ(aclrtSetStreamConfigOpt(config, ACL_RT_STREAM_FLAG, &flag, sizeof flag), ACL_SUCCESS);
  EXPECT_EQ(aclrtSetStreamConfigOpt(config, ACL_RT_STREAM_PRIORITY, &priority, sizeof priority), ACL_SUCCESS);
  EXPECT_EQ(aclrtSetStreamConfigOpt(config, ACL_RT_STREAM_WORK_ADDR_PTR, &work, sizeof work), ACL_SUCCESS);
  EXPECT_EQ(aclrtSetStreamConfigOpt(config, ACL_RT_STREAM_WORK_SIZE, &work_size, sizeof work_size),
            ACL_SUCCESS);
  EXPECT_EQ(config->flag, flag);
  EXPECT_EQ(config->priority, priority);
  EXPECT_EQ(config->workptr, work);
  EXPECT_EQ(config->workSize, work_size);
  aclrtStream stream = nullptr;
  ASSERT_EQ(aclrtCreateStreamV2(&stream, config), ACL_SUCCESS);
  EXPECT_EQ(aclrtDestroyStreamConfigHandle(config), ACL_SUCCESS);
  EXPECT_EQ(aclrtSynchronizeStream(stream), ACL_SUCCESS);
  EXPECT_EQ(aclrtDestroyStream(stream), ACL_SUCCESS);
  ASSERT_EQ(aclrtCreateStreamV2(&stream, nullptr), ACL_SUCCESS);
  EXPECT_EQ(aclrtDestroyStream(stream), ACL_SUCCESS);
  EXPECT_EQ(aclrtFree(work), ACL_SUCCESS);
}

TEST_F(AclStreamTest, AWrongConfigurationIsRefused) {
  aclrtStreamConfigHandle* config = aclrtCreateStreamConfigHandle();
  const uint32_t value = 1;
  aclrtStream stream = nullptr;
  EXPECT_NE(aclrtSetStreamConfigOpt(config, ACL_RT_STREAM_FLAG, nullptr, 4), ACL_SUCCESS);
  EXPECT_NE(aclrtSetStreamConfigOpt(config, ACL_RT_STREAM_FLAG, &value, 3), ACL_SUCCESS);
  EXPECT_NE(aclrtSetStreamConfigOpt(config, ACL_RT_STREAM_FLAG, reinterpret_cast<void*>(16), 4), ACL_SUCCESS);
  EXPECT_NE(aclrtSetStreamConfigOpt(config, static_cast<aclrtStreamConfigAttr>(4), &value, 4), ACL_SUCCESS);
  const uintptr_t wild = 0x1000;
  EXPECT_EQ(aclrtSetStreamConfigOpt(config, ACL_RT_STREAM_WORK_ADDR_PTR, &wild, sizeof wild), ACL_SUCCESS);
  EXPECT_NE(aclrtCreateStreamV2(&stream, config), ACL_SUCCESS);
  EXPECT_EQ(aclrtDestroyStreamConfigHandle(config), ACL_SUCCESS);
  EXPECT_EQ(aclrtDestroyStreamConfigHandle(config), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclrtCreateStreamV2(&stream, config), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclrtSetStreamConfigOpt(nullptr, ACL_RT_STREAM_FLAG, &value, 4), ACL_ERROR_INVALID_PARAM);
}

TEST_F(AclStreamTest, EveryStreamHasAnIdOfItsOwn) {
  std::set<int32_t> ids;
  std::vector<Ref<Stream>> streams;
  for (int i = 0; i < 5; ++i) {
    streams.push_back(make_stream());
    int32_t id = -1;
    EXPECT_EQ(aclrtStreamGetId(streams.back().handle(), &id), ACL_SUCCESS);
    ids.insert(id);
  }
  int32_t of_default = -1;
  EXPECT_EQ(aclrtStreamGetId(nullptr, &of_default), ACL_SUCCESS);
  ids.insert(of_default);
  EXPECT_EQ(ids.size(), 6U);
  EXPECT_NE(aclrtStreamGetId(nullptr, nullptr), ACL_SUCCESS);
  EXPECT_NE(aclrtStreamGetId(&of_default, &of_default), ACL_SUCCESS);
  for (const Ref<Stream>& stream : streams)
    EXPECT_EQ(aclrtDestroyStream(stream.handle()), ACL_SUCCESS);
}

TEST_F(AclStreamTest, AThreadKnowsItsLastTask) {
  const Ref<Stream> stream = make_stream();
  void* memory = nullptr;
  ASSERT_EQ(aclrtMalloc(&memory, 64, ACL_MEM_MALLOC_HUGE_FIRST), ACL_SUCCESS);
  thread_with_context([&] {
    uint32_t before = 0;
    EXPECT_NE(aclrtGetThreadLastTaskId(&before), ACL_SUCCESS);
    EXPECT_EQ(aclrtMemsetAsync(memory, 64, 1, 64, stream.handle()), ACL_SUCCESS);
    EXPECT_EQ(aclrtGetThreadLastTaskId(&before), ACL_SUCCESS);
    EXPECT_EQ(aclrtMemsetAsync(memory, 64, 1, 64, stream.handle()), ACL_SUCCESS);
    uint32_t after = 0;
    EXPECT_EQ(aclrtGetThreadLastTaskId(&after), ACL_SUCCESS);
    EXPECT_EQ(after, before + 1);
    EXPECT_NE(aclrtGetThreadLastTaskId(nullptr), ACL_SUCCESS);
  }).join();
  EXPECT_EQ(aclrtDestroyStream(stream.handle()), ACL_SUCCESS);
  EXPECT_EQ(aclrtFree(memory), ACL_SUCCESS);
}

std::atomic<uint32_t> failed_task{0};

TEST_F(AclStreamTest, AnExceptionNamesTheTaskThatTheThreadLaunched) {
  const Ref<Stream> stream = make_stream();
  void* memory = nullptr;
  ASSERT_EQ(aclrtMalloc(&memory, 64, ACL_MEM_MALLOC_HUGE_FIRST), ACL_SUCCESS);
  EXPECT_EQ(aclrtSetExceptionInfoCallback(
                [](aclrtExceptionInfo* info) { failed_task = aclrtGetTaskIdFromExceptionInfo(info); }),
            ACL_SUCCESS);
  EXPECT_EQ(aclrtMemsetAsync(memory, 64, 1, 64, stream.handle()), ACL_SUCCESS);
  EXPECT_EQ(
      Stream::launch(stream, "test", [](Stream&) { return error(500000, "RT-189", "on purpose"); }).code(),
      0);
  uint32_t launched = 0;
  EXPECT_EQ(aclrtGetThreadLastTaskId(&launched), ACL_SUCCESS);
  EXPECT_EQ(aclrtSynchronizeStream(stream.handle()), 500000);
  EXPECT_EQ(failed_task.load(), launched);
  EXPECT_EQ(aclrtSetExceptionInfoCallback(nullptr), ACL_SUCCESS);
  EXPECT_EQ(aclrtDestroyStream(stream.handle()), ACL_SUCCESS);
  EXPECT_EQ(aclrtFree(memory), ACL_SUCCESS);
}

TEST_F(AclStreamTest, AnAbortedStreamForgetsItsTasksAndGoesOn) {
  const Ref<Stream> stream = make_stream();
  std::atomic<int> ran{0};
  const auto count = [&ran](Stream&) -> Status {
    ++ran;
    return {};
  };
  test::Gate gate(stream);
  for (int i = 0; i < 10; ++i)
    EXPECT_TRUE(Stream::launch(stream, "test", count).is_ok());
  EXPECT_EQ(aclrtStreamAbort(stream.handle()), ACL_SUCCESS);
  EXPECT_EQ(aclrtSynchronizeStream(stream.handle()), ACL_ERROR_RT_STREAM_ABORT);
  EXPECT_EQ(ran, 0);
  EXPECT_TRUE(Stream::launch(stream, "test", count).is_ok());
  EXPECT_EQ(aclrtSynchronizeStream(stream.handle()), ACL_SUCCESS);
  EXPECT_EQ(ran, 1);
  EXPECT_EQ(aclrtStreamAbort(stream.handle()), ACL_SUCCESS);
  EXPECT_EQ(aclrtSynchronizeStream(stream.handle()), ACL_SUCCESS);  // There was nothing to forget.
  EXPECT_NE(aclrtStreamAbort(&ran), ACL_SUCCESS);
  EXPECT_EQ(aclrtDestroyStream(stream.handle()), ACL_SUCCESS);
}

TEST_F(AclStreamTest, AnEventThatAnAbortedWaitWantedDoesNotEndALaterWait) {
  const Ref<Stream> waiting = make_stream();
  const Ref<Stream> recording = make_stream();
  const Ref<Event> first = make_event();
  const Ref<Event> second = make_event();
  test::Gate gate(recording);
  EXPECT_EQ(aclrtRecordEvent(first.handle(), recording.handle()), ACL_SUCCESS);
  EXPECT_EQ(aclrtStreamWaitEvent(waiting.handle(), first.handle()), ACL_SUCCESS);
  while (!waiting->is_parked())
    std::this_thread::yield();
  EXPECT_EQ(aclrtStreamAbort(waiting.handle()), ACL_SUCCESS);
  EXPECT_EQ(aclrtSynchronizeStream(waiting.handle()), ACL_ERROR_RT_STREAM_ABORT);
  EXPECT_EQ(aclrtStreamWaitEvent(waiting.handle(), second.handle()), ACL_SUCCESS);
  while (!waiting->is_parked())
    std::this_thread::yield();
  gate.open();  // The first event is complete now.
  EXPECT_EQ(aclrtSynchronizeEvent(first.handle()), ACL_SUCCESS);
  EXPECT_EQ(aclrtSynchronizeStreamWithTimeout(waiting.handle(), 20), ACL_ERROR_RT_STREAM_SYNC_TIMEOUT);
  EXPECT_EQ(aclrtRecordEvent(second.handle(), recording.handle()), ACL_SUCCESS);
  EXPECT_EQ(aclrtSynchronizeStream(waiting.handle()), ACL_SUCCESS);
  for (const auto& event : {first, second})
    EXPECT_EQ(aclrtDestroyEvent(event.handle()), ACL_SUCCESS);
  for (const auto& stream : {waiting, recording})
    EXPECT_EQ(aclrtDestroyStream(stream.handle()), ACL_SUCCESS);
}

TEST_F(AclStreamTest, TheTasksOfADeviceCanBeAborted) {
  const Ref<Stream> first = make_stream();
  const Ref<Stream> second = make_stream();
  test::Gate gate(first);
  test::Gate other(second);
  EXPECT_EQ(aclrtSynchronizeDeviceWithTimeout(20), ACL_ERROR_RT_STREAM_SYNC_TIMEOUT);
  EXPECT_EQ(aclrtDeviceTaskAbort(0, 10000), ACL_SUCCESS);
  EXPECT_EQ(aclrtSynchronizeStream(first.handle()), ACL_ERROR_RT_DEVICE_TASK_ABORT);
  EXPECT_EQ(aclrtSynchronizeStream(second.handle()), ACL_ERROR_RT_DEVICE_TASK_ABORT);
  EXPECT_EQ(aclrtSynchronizeDeviceWithTimeout(10000), ACL_SUCCESS);
  EXPECT_EQ(aclrtSynchronizeDeviceWithTimeout(-1), ACL_SUCCESS);
  EXPECT_NE(aclrtSynchronizeDeviceWithTimeout(0), ACL_SUCCESS);
  EXPECT_EQ(aclrtDeviceTaskAbort(99, 10), ACL_ERROR_RT_INVALID_DEVICEID);
  for (const auto& stream : {first, second})
    EXPECT_EQ(aclrtDestroyStream(stream.handle()), ACL_SUCCESS);
}

TEST_F(AclStreamTest, AnAbortGivesUpWhileATaskRuns) {
  const Ref<Stream> stream = make_stream();
  std::promise<void> end;
  std::promise<void> started;
  EXPECT_TRUE(Stream::launch(stream, "test", [&](Stream&) -> Status {
                started.set_value();
                end.get_future().wait();
                return {};
              }).is_ok());
  started.get_future().wait();
  EXPECT_EQ(aclrtDeviceTaskAbort(0, 20), ACL_ERROR_RT_STREAM_SYNC_TIMEOUT);
  end.set_value();
  EXPECT_EQ(aclrtSynchronizeStream(stream.handle()), ACL_SUCCESS);
  EXPECT_EQ(aclrtDestroyStream(stream.handle()), ACL_SUCCESS);
}

TEST_F(AclStreamTest, TheOverflowSwitchIsWrittenWhereTheCallerPoints) {
  const Ref<Stream> stream = make_stream();
  uint32_t flag = 7;
  for (const uint32_t wanted : {1U, 0U}) {
    EXPECT_EQ(aclrtSetStreamOverflowSwitch(stream.handle(), wanted), ACL_SUCCESS);
    EXPECT_EQ(aclrtGetStreamOverflowSwitch(stream.handle(), &flag), ACL_SUCCESS);
    EXPECT_EQ(flag, wanted);
  }
  EXPECT_EQ(aclrtGetStreamOverflowSwitch(stream.handle(), nullptr), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclrtDestroyStream(stream.handle()), ACL_SUCCESS);
}

TEST_F(AclStreamTest, TheOverflowStatusIsWrittenAndReset) {
  const Ref<Stream> stream = make_stream();
  EXPECT_EQ(overflow_status(stream.handle()), 0U);
  stream->overflow_status() = 1;
  EXPECT_EQ(overflow_status(stream.handle()), 1U);
  EXPECT_EQ(aclrtResetOverflowStatus(stream.handle()), ACL_SUCCESS);
  EXPECT_EQ(overflow_status(stream.handle()), 0U);
  uint64_t host = 0;
  EXPECT_NE(aclrtGetOverflowStatus(&host, sizeof host, stream.handle()), ACL_SUCCESS);
  EXPECT_NE(aclrtGetOverflowStatus(nullptr, 64, stream.handle()), ACL_SUCCESS);
  EXPECT_NE(aclrtGetOverflowStatus(nullptr, 4, stream.handle()), ACL_SUCCESS);
  EXPECT_EQ(aclrtDestroyStream(stream.handle()), ACL_SUCCESS);
}

TEST_F(AclStreamTest, AThreadForHostFunctionsIsNotOneForCallbacks) {
  const Ref<Stream> stream = make_stream();
  const auto self = static_cast<uint64_t>(pthread_self());
  EXPECT_NE(aclrtProcessHostFunc(10), ACL_SUCCESS);  // Not subscribed.
  EXPECT_EQ(aclrtSubscribeHostFunc(self, stream.handle()), ACL_SUCCESS);
  EXPECT_NE(aclrtSubscribeHostFunc(self, stream.handle()), ACL_SUCCESS);
  EXPECT_EQ(aclrtProcessHostFunc(10), ACL_ERROR_RT_REPORT_TIMEOUT);
  EXPECT_NE(aclrtProcessReport(10), ACL_ERROR_RT_REPORT_TIMEOUT);
  EXPECT_NE(aclrtUnSubscribeReport(self, stream.handle()), ACL_SUCCESS);
  std::atomic<int> ran{0};
  EXPECT_TRUE(runtime()
                  .host_functions()
                  .launch(
                      stream, [](void* data) { ++*static_cast<std::atomic<int>*>(data); }, &ran, true)
                  .is_ok());
  EXPECT_EQ(aclrtProcessHostFunc(10000), ACL_SUCCESS);
  EXPECT_EQ(ran, 1);
  EXPECT_EQ(aclrtSynchronizeStream(stream.handle()), ACL_SUCCESS);
  EXPECT_EQ(aclrtUnSubscribeHostFunc(self, stream.handle()), ACL_SUCCESS);
  EXPECT_NE(aclrtUnSubscribeHostFunc(self, stream.handle()), ACL_SUCCESS);
  EXPECT_EQ(aclrtDestroyStream(stream.handle()), ACL_SUCCESS);
}

TEST_F(AclStreamTest, DestroyingAStreamUnsubscribesItsHostFunctions) {
  const auto self = static_cast<uint64_t>(pthread_self());
  const Ref<Stream> stream = make_stream();
  EXPECT_EQ(aclrtSubscribeHostFunc(self, stream.handle()), ACL_SUCCESS);
  EXPECT_EQ(aclrtDestroyStream(stream.handle()), ACL_SUCCESS);
  EXPECT_NE(aclrtProcessHostFunc(10), ACL_ERROR_RT_REPORT_TIMEOUT);
}

TEST_F(AclStreamTest, EventsTellWhenTheyWereRecorded) {
  const Ref<Stream> stream = make_stream();
  aclrtEvent first = nullptr;
  aclrtEvent second = nullptr;
  ASSERT_EQ(aclrtCreateEventExWithFlag(&first, ACL_EVENT_TIME_LINE), ACL_SUCCESS);
  ASSERT_EQ(aclrtCreateEventExWithFlag(&second, ACL_EVENT_SYNC | ACL_EVENT_TIME_LINE), ACL_SUCCESS);
  uint64_t from = 0;
  uint64_t to = 0;
  EXPECT_NE(aclrtEventGetTimestamp(first, &from), ACL_SUCCESS);  // Not recorded yet.
  EXPECT_EQ(aclrtRecordEvent(first, stream.handle()), ACL_SUCCESS);
  EXPECT_TRUE(Stream::launch(stream, "test", [](Stream&) -> Status {
                std::this_thread::sleep_for(std::chrono::milliseconds(3));
                return {};
              }).is_ok());
  EXPECT_EQ(aclrtRecordEvent(second, stream.handle()), ACL_SUCCESS);
  EXPECT_EQ(aclrtSynchronizeStream(stream.handle()), ACL_SUCCESS);
  EXPECT_EQ(aclrtEventGetTimestamp(first, &from), ACL_SUCCESS);
  EXPECT_EQ(aclrtEventGetTimestamp(second, &to), ACL_SUCCESS);
  float ms = 0;
  EXPECT_EQ(aclrtEventElapsedTime(&ms, first, second), ACL_SUCCESS);
  EXPECT_NEAR(static_cast<double>(to - from) / 1000, ms, 0.01);
  EXPECT_GE(to - from, 3000U);
  EXPECT_NE(aclrtEventGetTimestamp(first, nullptr), ACL_SUCCESS);
  EXPECT_NE(aclrtCreateEventExWithFlag(nullptr, ACL_EVENT_SYNC), ACL_SUCCESS);
  EXPECT_NE(aclrtCreateEventExWithFlag(&first, 0), ACL_SUCCESS);
  EXPECT_EQ(aclrtDestroyEvent(first), ACL_SUCCESS);
  EXPECT_EQ(aclrtDestroyEvent(second), ACL_SUCCESS);
  EXPECT_EQ(aclrtDestroyStream(stream.handle()), ACL_SUCCESS);
}

}  // namespace
}  // namespace cairn
