#include "soak/program_runner.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>

namespace cairn::soak {
namespace {

constexpr int kMostRunsTold = 8;

thread_local int this_thread_index = kNone;
thread_local Step callback_step;

constexpr const char* kAddBytes = "SoakAddBytes";  // An operator type, and its kernel.

/// Sizes choose how many blocks share the work, and tiles that leave a rest.
aclError choose_tiling(int, const aclTensorDesc* const* inputs, int, const aclTensorDesc* const*,
                       const aclopAttr*, aclopKernelDesc* kernel) {
  const uint64_t size = aclGetTensorDescSize(inputs[0]);
  const uint64_t tiling[] = {size, 1 + size / 7};
  return aclopSetKernelArgs(kernel, kAddBytes, 1 + static_cast<uint32_t>(size % 5), tiling, sizeof tiling);
}

}  // namespace

ProgramRunner::ProgramRunner(uint64_t seed, Shape shape, int watchdog_seconds)
    : seed_(seed),
      shape_(shape),
      watchdog_seconds_(watchdog_seconds),
      buffers_(static_cast<size_t>(shape.buffers())),
      report_threads_(static_cast<size_t>(shape.devices)),
      callbacks_(static_cast<size_t>(shape.threads)),
      progress_(static_cast<size_t>(shape.threads)) {
  const Step start{};
  expect(start, aclInit(nullptr));
  std::ifstream file(CAIRN_TEST_KERNELS, std::ios::binary);
  std::vector<char> kernels(std::istreambuf_iterator<char>(file), {});
  expect(start, aclopCreateKernel(kAddBytes, kAddBytes, "add_bytes", kernels.data(),
                                  static_cast<int>(kernels.size()), ACL_ENGINE_AICORE, nullptr));
  expect(start, aclopRegisterCompileFunc(kAddBytes, choose_tiling));
  for (int device = 0; device < shape.devices; ++device) {
    Context made;
    made.device = device;
    expect(start, aclrtSetDevice(device));
    expect(start, aclrtGetCurrentContext(&made.handle));
    size_t total = 0;
    expect(start, aclrtGetMemInfo(ACL_DDR_MEM, &made.free_bytes, &total));
    contexts_.push_back(made);
    for (int i = 1; i < Shape::kContextsPerDevice; ++i) {
      expect(start, aclrtCreateContext(&made.handle, device));
      contexts_.push_back(made);
    }
  }
  std::atomic<int> ready{0};
  for (int device = 0; device < shape.devices; ++device)
    reporters_.emplace_back([this, device, &ready] {
      report_threads_[static_cast<size_t>(device)] = static_cast<uint64_t>(pthread_self());
      ready.fetch_add(1);
      process_reports(device);
    });
  while (ready.load() < shape.devices)
    std::this_thread::yield();
  // The default streams stay subscribed, so that the queues of callbacks outlive all other streams.
  for (const Context& context : contexts_) {
    expect(start, aclrtSetCurrentContext(context.handle));
    expect(start, aclrtSubscribeReport(report_threads_[static_cast<size_t>(context.device)], nullptr));
  }
  watchdog_ = std::thread([this] { watch(); });
}

ProgramRunner::~ProgramRunner() {
  const Step end{};
  ending_.store(true);
  for (const Context& context : contexts_) {
    expect(end, aclrtSetCurrentContext(context.handle));
    expect(end, aclrtUnSubscribeReport(report_threads_[static_cast<size_t>(context.device)], nullptr));
  }
  for (std::thread& reporter : reporters_)
    reporter.join();
  watchdog_.join();
  for (size_t i = 0; i < contexts_.size(); ++i)
    if (i % Shape::kContextsPerDevice != 0) expect(end, aclrtDestroyContext(contexts_[i].handle));
  for (int device = 0; device < shape_.devices; ++device)
    expect(end, aclrtResetDevice(device));
  expect(end, aclFinalize());
}

void ProgramRunner::check_memory() {
  for (const Context& context : contexts_) {
    if (context.free_bytes == 0) continue;
    size_t free_bytes = 0;
    size_t total = 0;
    expect(Step{}, aclrtSetCurrentContext(context.handle));
    expect(Step{}, aclrtGetMemInfo(ACL_DDR_MEM, &free_bytes, &total));
    if (free_bytes != context.free_bytes)
      fail(Step{}, "device " + std::to_string(context.device) + " has " + std::to_string(free_bytes) +
                       " free bytes at the end, " + std::to_string(context.free_bytes) + " at the beginning");
  }
}

// --- running
// --------------------------------------------------------------------------------------------------------

void ProgramRunner::run(const Round& round) {
  for (Progress& progress : progress_)
    progress.steps.store(0);
  std::vector<std::thread> threads;
  for (int i = 0; i < shape_.threads; ++i)
    threads.emplace_back([this, i, &round] { run_steps(i, round[static_cast<size_t>(i)]); });
  for (std::thread& thread : threads)
    thread.join();
  // Callbacks that block nobody may be late.
  while (callbacks_done_.load() != callbacks_launched_.load())
    std::this_thread::yield();
  for (std::vector<Callback>& callbacks : callbacks_)
    callbacks.clear();
}

void ProgramRunner::run_steps(int thread, const std::vector<Step>& steps) {
  this_thread_index = thread;
  auto& callbacks = callbacks_[static_cast<size_t>(thread)];
  callbacks.reserve(static_cast<size_t>(std::count_if(
      steps.begin(), steps.end(), [](const Step& s) { return s.action == Action::kCallback; })));
  Progress& progress = progress_[static_cast<size_t>(thread)];
  std::minstd_rand random(static_cast<unsigned>(seed_) * 31 + static_cast<unsigned>(thread));
  for (const Step& step : steps) {
    progress.current.store(&step);
    // Other interleavings than those of threads that run as fast as they can.
    if (random() % 64 == 0) std::this_thread::yield();
    if (random() % 1024 == 0) std::this_thread::sleep_for(std::chrono::microseconds(random() % 200));
    execute(step);
    progress.steps.fetch_add(1, std::memory_order_release);
    progress.steps.notify_all();
  }
  progress.current.store(nullptr);
}

void ProgramRunner::execute(const Step& step) {
  switch (step.action) {
    case Action::kAwait: {
      std::atomic<uint32_t>& done = progress_[static_cast<size_t>(step.object)].steps;
      for (uint32_t seen = done.load(std::memory_order_acquire); seen < step.size;
           seen = done.load(std::memory_order_acquire))
        done.wait(seen);
      return;
    }
    case Action::kSetContext:
      expect(step, aclrtSetCurrentContext(contexts_[static_cast<size_t>(step.object)].handle));
      return;
    case Action::kCallback:
      launch_callback(step);
      return;
    default:
      break;
  }
  if (!execute_stream(step) && !execute_event(step)) execute_memory(step);
}

aclrtStream ProgramRunner::stream_of(const Step& step) const {
  return step.stream < shape_.contexts() ? nullptr : streams_[static_cast<size_t>(step.stream)];
}

bool ProgramRunner::execute_stream(const Step& step) {
  Step with_stream;  // The stream is the object of these steps.
  with_stream.stream = step.object;
  const auto stream = [&] { return stream_of(with_stream); };
  switch (step.action) {
    case Action::kCreateStream: {
      aclrtContext context = nullptr;
      expect(step, aclrtGetCurrentContext(&context));
      const auto found = std::find_if(contexts_.begin(), contexts_.end(),
                                      [&](const Context& c) { return c.handle == context; });
      if (found == contexts_.end()) fail(step, "aclrtGetCurrentContext gave an unknown context");
      aclrtStream& made = streams_[static_cast<size_t>(step.object)];
      expect(step, step.value == 0
                       ? aclrtCreateStream(&made)
                       : aclrtCreateStreamWithConfig(&made, 0, static_cast<uint32_t>(step.value)));
      expect(step, aclrtSubscribeReport(report_threads_[static_cast<size_t>(found->device)], made));
      return true;
    }
    case Action::kDestroyStream:
      expect(step, aclrtDestroyStream(stream()));
      return true;
    case Action::kDestroyStreamForce:
      expect(step, aclrtDestroyStreamForce(stream()));
      return true;
    case Action::kSynchronizeStream:
      if (step.index % 2 == 0)
        expect(step, aclrtSynchronizeStream(stream()), step.expected_code);
      else
        expect(step, aclrtSynchronizeStreamWithTimeout(stream(), 1000000), step.expected_code);
      return true;
    case Action::kSynchronizeDevice:
      expect(step, aclrtSynchronizeDevice());
      return true;
    case Action::kQueryStream: {
      aclrtStreamStatus status{};
      expect(step, aclrtStreamQuery(stream(), &status));
      if (step.must_hold && status != ACL_STREAM_STATUS_COMPLETE)
        fail(step, "the stream is not idle although all its tasks were waited for");
      return true;
    }
    case Action::kUseStaleStream:
      expect_failure(step, aclrtSynchronizeStream(stream()));
      return true;
    default:
      return false;
  }
}

bool ProgramRunner::execute_event(const Step& step) {
  const auto index = static_cast<size_t>(step.object);
  switch (step.action) {
    case Action::kCreateEvent:
      expect(step, step.value == 0
                       ? aclrtCreateEvent(&events_[index])
                       : aclrtCreateEventWithFlag(&events_[index], static_cast<uint32_t>(step.value)));
      return true;
    case Action::kDestroyEvent:
      expect(step, aclrtDestroyEvent(events_[index]));
      return true;
    case Action::kRecord:
      expect(step, aclrtRecordEvent(events_[index], stream_of(step)));
      return true;
    case Action::kWaitEvent:
      expect(step, aclrtStreamWaitEvent(stream_of(step), events_[index]));
      return true;
    case Action::kResetEvent:
      expect(step, aclrtResetEvent(events_[index], stream_of(step)));
      return true;
    case Action::kSynchronizeEvent:
      expect(step, aclrtSynchronizeEvent(events_[index]));
      return true;
    case Action::kQueryEvent: {
      aclrtEventRecordedStatus status{};
      expect(step, aclrtQueryEventStatus(events_[index], &status));
      if (step.must_hold && status != ACL_EVENT_RECORDED_STATUS_COMPLETE)
        fail(step, "the event is not complete although its record was waited for");
      return true;
    }
    case Action::kQueryWaits: {
      aclrtEventWaitStatus status{};
      expect(step, aclrtQueryEventWaitStatus(events_[index], &status));
      if (step.must_hold && status != ACL_EVENT_WAIT_STATUS_COMPLETE)
        fail(step, "streams still wait for the event although they were waited for");
      return true;
    }
    case Action::kElapsed: {
      float milliseconds = -1;
      expect(step,
             aclrtEventElapsedTime(&milliseconds, events_[index], events_[static_cast<size_t>(step.source)]));
      if (!(milliseconds >= 0)) fail(step, "the time between the events is " + std::to_string(milliseconds));
      return true;
    }
    case Action::kUseStaleEvent:
      expect_failure(step, aclrtSynchronizeEvent(events_[index]));
      return true;
    case Action::kRecordForeign:
      expect_failure(step, aclrtRecordEvent(events_[index], stream_of(step)));
      return true;
    default:
      return false;
  }
}

void ProgramRunner::execute_memory(const Step& step) {
  Buffer& buffer = buffers_[static_cast<size_t>(step.object)];
  const bool on_device = shape_.device_of_buffer(step.object) != kNone;
  switch (step.action) {
    case Action::kMalloc:
      expect(step, on_device ? aclrtMalloc(&buffer.address, step.size, ACL_MEM_MALLOC_HUGE_FIRST)
                             : aclrtMallocHost(&buffer.address, step.size));
      buffer.size = step.size;
      return;
    case Action::kFree:
      expect(step, on_device ? aclrtFree(buffer.address) : aclrtFreeHost(buffer.address));
      return;
    case Action::kMemset: {
      void* const target = address(step.object, step.offset);
      const size_t room = buffer.size - step.offset;
      const auto value = static_cast<int32_t>(step.value);
      expect(step, step.stream == kNone ? aclrtMemset(target, room, value, step.size)
                                        : aclrtMemsetAsync(target, room, value, step.size, stream_of(step)));
      return;
    }
    case Action::kCopy: {
      void* const target = address(step.object, step.offset);
      const void* const source = address(step.source, step.source_offset);
      const size_t room = buffer.size - step.offset;
      const auto kind = static_cast<aclrtMemcpyKind>(step.value);
      expect(step, step.stream == kNone
                       ? aclrtMemcpy(target, room, source, step.size, kind)
                       : aclrtMemcpyAsync(target, room, source, step.size, kind, stream_of(step)));
      return;
    }
    case Action::kCopyHostToHost:
      expect(step, aclrtMemcpyAsync(buffer.address, buffer.size, buffer.address, step.size,
                                    ACL_MEMCPY_HOST_TO_HOST, stream_of(step)));
      return;
    case Action::kAddBytes:
      add_bytes(step);
      return;
    case Action::kHostWrite:
      std::memset(address(step.object, step.offset), static_cast<int>(step.value), step.size);
      return;
    case Action::kCheck: {
      if (!on_device) {
        check_bytes(step, address(step.object, 0));
        return;
      }
      std::vector<uint8_t> found(step.bytes.size());
      expect(step, aclrtMemcpy(found.data(), found.size(), buffer.address, found.size(),
                               ACL_MEMCPY_DEVICE_TO_HOST));
      check_bytes(step, found.data());
      return;
    }
    default:
      fail(step, "no such action");
  }
}

void ProgramRunner::add_bytes(const Step& step) {
  const auto count = static_cast<int64_t>(step.size);
  aclTensorDesc* desc = aclCreateTensorDesc(ACL_UINT8, 1, &count, ACL_FORMAT_ND);
  aclDataBuffer* from = aclCreateDataBuffer(address(step.source, step.source_offset), step.size);
  aclDataBuffer* to = aclCreateDataBuffer(address(step.object, step.offset), step.size);
  expect(step, aclopExecuteV2(kAddBytes, 1, &desc, &from, 1, &desc, &to, nullptr, stream_of(step)));
  // The task has what it needs of them.
  expect(step, aclDestroyDataBuffer(to));
  expect(step, aclDestroyDataBuffer(from));
  aclDestroyTensorDesc(desc);
}

void ProgramRunner::check_bytes(const Step& step, const uint8_t* found) const {
  if (std::equal(step.bytes.begin(), step.bytes.end(), found)) return;
  const std::vector<uint8_t> seen(found, found + step.bytes.size());
  std::string what;
  int runs = 0;
  for (size_t at = 0; at < seen.size() && runs < kMostRunsTold; ++at) {
    if (seen[at] == step.bytes[at]) continue;
    size_t end = at + 1;
    while (end < seen.size() && seen[end] == seen[at] && seen[end] != step.bytes[end])
      ++end;
    what += (runs++ == 0 ? "bytes " : ", ") + std::to_string(at) + ".." + std::to_string(end - 1) + " are " +
            std::to_string(seen[at]) + ", not " + std::to_string(step.bytes[at]);
    at = end - 1;
  }
  // What was only late is there now.
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const bool is_late = std::equal(step.bytes.begin(), step.bytes.end(), found);
  fail(step, what + " of " + std::to_string(seen.size()) + "; " +
                 (is_late ? "100 ms later they are right" : "100 ms later they are still wrong") +
                 "; the buffer was last written by operation " + std::to_string(step.writer));
}

// --- callbacks
// ------------------------------------------------------------------------------------------------------

void ProgramRunner::launch_callback(const Step& step) {
  auto& callbacks = callbacks_[static_cast<size_t>(this_thread_index)];
  callbacks.push_back({this, &step});
  callbacks_launched_.fetch_add(1);
  expect(step,
         aclrtLaunchCallback(on_callback, &callbacks.back(),
                             step.must_hold ? ACL_CALLBACK_BLOCK : ACL_CALLBACK_NO_BLOCK, stream_of(step)));
}

void ProgramRunner::on_callback(void* data) {
  const Callback callback = *static_cast<Callback*>(data);
  callback.runner->called_back(*callback.step);
  callback.runner->callbacks_done_.fetch_add(1);
}

void ProgramRunner::called_back(const Step& step) {
  uint64_t before = 0;
  {
    const std::lock_guard lock(callbacks_mutex_);
    before = callbacks_run_[{step.stream, step.life}]++;
  }
  if (before != step.sequence)
    fail(step, "callback " + std::to_string(step.sequence) + " of the stream ran as number " +
                   std::to_string(before));
  if (step.object != kNone) {
    check_bytes(step, address(step.object, 0));
    std::memset(address(step.object, 0), static_cast<int>(step.value), step.bytes.size());
  }
  if (step.index % 8 != 0) return;
  // A callback may call the API.
  void* pointer = nullptr;
  expect(step, aclrtMalloc(&pointer, 256, ACL_MEM_MALLOC_NORMAL_ONLY));
  expect(step, aclrtFree(pointer));
}

void ProgramRunner::process_reports(int device) {
  expect(Step{},
         aclrtSetCurrentContext(contexts_[static_cast<size_t>(device) * Shape::kContextsPerDevice].handle));
  while (!ending_.load()) {
    const aclError ret = aclrtProcessReport(100);
    // Before the first subscription there is no queue.
    if (ret == ACL_ERROR_RT_THREAD_SUBSCRIBE) std::this_thread::yield();
  }
  aclGetRecentErrMsg();
}

// --- verdicts
// -------------------------------------------------------------------------------------------------------

void ProgramRunner::expect(const Step& step, aclError found, aclError wanted) const {
  if (found == wanted) {
    if (found != ACL_SUCCESS) aclGetRecentErrMsg();
    return;
  }
  const char* text = aclGetRecentErrMsg();
  fail(step, "returned " + std::to_string(found) + ", not " + std::to_string(wanted) + ": " +
                 (text != nullptr ? text : "(no text)"));
}

void ProgramRunner::expect_failure(const Step& step, aclError found) const {
  const char* text = aclGetRecentErrMsg();
  if (found == ACL_SUCCESS) fail(step, "succeeded, but has to fail");
  if (text == nullptr || text[0] != '[') fail(step, "failed without a text that names a rule");
}

void ProgramRunner::fail(const Step& step, const std::string& what) const {
  static std::atomic<bool> failed{false};
  if (failed.exchange(true)) pause();  // Another thread tells already.
  std::fprintf(stderr,
               "FAILED: %s: %s\n"
               "again: CAIRN_DEVICES=%d cairn_stream_soak --seed %llu --threads %d --devices %d --steps %u\n",
               describe(step).c_str(), what.c_str(), shape_.devices, static_cast<unsigned long long>(seed_),
               shape_.threads, shape_.devices, step.index + 1);
  std::fflush(stderr);
  ::_exit(1);
}

/// Ends the process with a message when nothing has gone on for a while.
void ProgramRunner::watch() {
  uint64_t last = 0;
  auto changed = std::chrono::steady_clock::now();
  while (!ending_.load()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    uint64_t now = callbacks_done_.load();
    bool running = false;
    for (const Progress& progress : progress_) {
      now += progress.steps.load();
      running |= progress.current.load() != nullptr;
    }
    running |= callbacks_done_.load() != callbacks_launched_.load();
    if (now != last || !running) {
      last = now;
      changed = std::chrono::steady_clock::now();
      continue;
    }
    if (std::chrono::steady_clock::now() - changed < std::chrono::seconds(watchdog_seconds_)) continue;
    for (size_t i = 0; i < progress_.size(); ++i) {
      const Step* step = progress_[i].current.load();
      std::fprintf(stderr, "thread %zu: %s\n", i, step != nullptr ? describe(*step).c_str() : "has ended");
    }
    fail(Step{}, "nothing went on for " + std::to_string(watchdog_seconds_) + " s (" +
                     std::to_string(callbacks_done_.load()) + " of " +
                     std::to_string(callbacks_launched_.load()) + " callbacks were called)");
  }
}

}  // namespace cairn::soak
