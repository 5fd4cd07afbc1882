// The process-wide runtime for tests that need a device: initialised once, device 0 in use until the process
// ends.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <future>
#include <thread>

#include "device/runtime.h"

namespace cairn::test {

/// Initialises the runtime and makes device 0 current in the calling thread.
inline Runtime& runtime() {
  Runtime& runtime = Runtime::get();
  // Work that is shared needs two workers, also on a machine with one core.
  if (std::thread::hardware_concurrency() < 2) ::setenv("CAIRN_THREADS", "2", 0);
  static const bool is_ready =
      (runtime.is_initialized() || runtime.initialize(nullptr).is_ok()) && runtime.set_device(0).is_ok();
  EXPECT_TRUE(is_ready);
  return runtime;
}

/// A context of its own for each test; it is current in the test's thread.
class RuntimeTest : public testing::Test {
 protected:
  void SetUp() override {
    auto context = test::runtime().create_context(0);
    ASSERT_TRUE(context.is_ok()) << context.status().text();
    context_ = *context;
  }
  void TearDown() override {
    const Status status = runtime().destroy_context(context_.handle());
    EXPECT_TRUE(status.is_ok()) << status.text();
  }

  Runtime& runtime() { return Runtime::get(); }
  const Ref<Context>& context() const { return context_; }
  Ref<Stream> make_stream(uint32_t flags = 0) {
    auto stream = runtime().create_stream(flags);
    EXPECT_TRUE(stream.is_ok()) << stream.status().text();
    return *stream;
  }
  Ref<Event> make_event(uint32_t flags = ACL_EVENT_SYNC) {
    auto event = runtime().create_event(flags);
    EXPECT_TRUE(event.is_ok()) << event.status().text();
    return *event;
  }
  /// Runs `body` in another thread that has this test's context.
  std::thread thread_with_context(std::function<void()> body) {
    return std::thread([this, body = std::move(body)] {
      ASSERT_TRUE(runtime().set_current_context(context_.handle()).is_ok());
      body();
    });
  }

 private:
  Ref<Context> context_;
};

/// A task that parks its stream until open() is called. The stream is parked when the constructor returns.
class Gate {
 public:
  explicit Gate(const Ref<Stream>& stream) : stream_(stream) {
    const Status status = Stream::launch(stream, "test", [](Stream&) { return TaskOutcome::parked(); });
    EXPECT_TRUE(status.is_ok()) << status.text();
    while (!stream->is_parked())
      std::this_thread::yield();
  }
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;
  ~Gate() { open(); }
  void open(Status status = {}) {
    if (is_open_) return;
    is_open_ = true;
    stream_->resume(std::move(status));
  }

 private:
  Ref<Stream> stream_;
  bool is_open_ = false;
};

constexpr std::chrono::seconds kLong{30};

}  // namespace cairn::test
