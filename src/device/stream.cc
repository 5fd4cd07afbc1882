#include "device/stream.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <thread>
#include <utility>

#include "base/log.h"
#include "base/observer.h"
#include "device/device.h"
#include "device/exception_info.h"

namespace cairn {
namespace {

constexpr auto kSpinTime = std::chrono::microseconds(40);

uint64_t current_thread_id() {
  thread_local const auto id = static_cast<uint64_t>(::syscall(SYS_gettid));
  return id;
}

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  std::this_thread::yield();
#endif
}

/// Spins until `done` or the time is over.
template <class Done>
bool spin_until(Done done, std::chrono::nanoseconds time) {
  if (done()) return true;
  const auto end = std::chrono::steady_clock::now() + time;
  do {
    for (int i = 0; i < 32; ++i) {
      if (done()) return true;
      pause();
    }
    std::this_thread::yield();  // The worker may be waiting for this very core.
  } while (std::chrono::steady_clock::now() < end);
  return done();
}

Status run_task(Task& task, Stream& stream, bool& parked) {
  try {
    TaskOutcome outcome = task.run(stream);
    parked = outcome.is_parked();
    return std::move(outcome.status());
  } catch (const std::exception& problem) {
    return error(ACL_ERROR_RT_INTERNAL_ERROR, "RT-189", "{}", problem.what());
  }
}

}  // namespace

Stream::Stream(Device& device, uint64_t context_id, uint32_t id, Kind kind, uint32_t flags)
    : device_(device), context_id_(context_id), id_(id), kind_(kind), flags_(flags) {
  device_.stream_count.fetch_add(1, std::memory_order_relaxed);
}

Stream::~Stream() {
  device_.stream_count.fetch_sub(1, std::memory_order_relaxed);
}

void Stream::grow() {
  const size_t capacity = ring_.empty() ? kFirstCapacity : ring_.size() * 2;
  std::vector<Entry> larger(capacity);
  for (size_t i = head_; i != tail_; ++i)
    larger[i & (capacity - 1)] = std::move(ring_[i & (ring_.size() - 1)]);
  ring_ = std::move(larger);
}

Status Stream::launch(const Ref<Stream>& self, const char* function, Task task) {
  Stream& stream = *self;
  bool submit = false;
  {
    std::unique_lock lock(stream.mutex_);
    if (stream.tail_ - stream.head_ >= kMostTasks) {
      stream.sleepers_.fetch_add(1);
      stream.changed_.wait(lock, [&] { return stream.tail_ - stream.head_ < kMostTasks || stream.closed_; });
      stream.sleepers_.fetch_sub(1);
    }
    if (stream.closed_)
      return error(ACL_ERROR_RT_STREAM_CONTEXT, "GDE-028",
                   "the stream or its context was destroyed; no task can be added");
    if (stream.tail_ - stream.head_ == stream.ring_.size()) stream.grow();
    Entry& entry = stream.ring_[stream.tail_++ & (stream.ring_.size() - 1)];
    entry.task = std::move(task);
    entry.function = function;
    entry.thread_id = current_thread_id();
    stream.launched_.fetch_add(1, std::memory_order_relaxed);
    if (stream.state_ == State::kIdle) {
      stream.state_ = State::kReady;
      stream.self_while_busy_ = self;
      submit = true;
    }
  }
  if (submit) stream.device_.scheduler().submit(&stream);
  return {};
}

Task Stream::pop() {
  Entry& entry = ring_[head_++ & (ring_.size() - 1)];
  running_function_ = entry.function;
  running_thread_id_ = entry.thread_id;
  return std::move(entry.task);
}

void Stream::finish_task(const Status& status, Ref<Stream>& last_reference) {
  if (!status.is_ok()) {
    Status described(status.code(), fmt::format("{} (task of stream#{} launched by {})", status.text(), id_,
                                                running_function_));
    log(LogLevel::kError, "RUNTIME", "{}", described.text());
    if (failure_.is_ok()) failure_ = std::move(described);
    if (stop_on_failure_.load(std::memory_order_relaxed)) stopped_ = true;
  }
  if (head_ == tail_ && state_ != State::kReady) {
    state_ = State::kIdle;
    last_reference = std::move(self_while_busy_);
  }
  completed_.fetch_add(1);
  if (sleepers_.load() > 0) changed_.notify_all();
}

bool Stream::run(size_t most) {
  Ref<Stream> last_reference;  // May be the last one: declared first, so that it goes after everything else.
  std::unique_lock lock(mutex_);
  state_ = State::kRunning;
  for (size_t done = 0; done < most; ++done) {
    if (head_ == tail_) {  // Everything was dropped meanwhile.
      state_ = State::kIdle;
      last_reference = std::move(self_while_busy_);
      return false;
    }
    Task task = pop();
    const bool skip = stopped_;
    const uint64_t launched_by = running_thread_id_;
    bool parked = false;
    lock.unlock();
    Status status = skip ? Status() : run_task(task, *this, parked);
    if (!status.is_ok()) report_task_exception(*this, status.code(), launched_by);
    task.reset();
    lock.lock();
    if (parked) {
      if (!resumed_) {
        state_ = State::kParked;
        return false;
      }
      status = std::move(*resumed_);
      resumed_.reset();
    }
    finish_task(status, last_reference);
    if (state_ == State::kIdle) return false;
  }
  state_ = State::kReady;
  return true;
}

void Stream::resume(Status status) {
  Ref<Stream> last_reference;
  bool submit = false;
  {
    const std::lock_guard lock(mutex_);
    if (state_ == State::kRunning) {
      resumed_ = std::move(status);
    } else if (state_ == State::kParked) {
      finish_task(status, last_reference);
      submit = state_ != State::kIdle;
      if (submit) state_ = State::kReady;
    }
  }
  if (submit) device_.scheduler().submit(this);
}

bool Stream::is_idle() const {
  const bool idle = completed_.load(std::memory_order_acquire) == launched_.load(std::memory_order_acquire);
  if (idle) observe([&](Observer& watching) { watching.stream_found_done(this); });
  return idle;
}

bool Stream::is_parked() const {
  const std::lock_guard lock(mutex_);
  return state_ == State::kParked;
}

bool Stream::wait_for(uint64_t target, std::optional<std::chrono::milliseconds> timeout) {
  const auto done = [&] { return completed_.load() >= target; };
  if (done()) return true;
  if ((flags_ & ACL_STREAM_FAST_SYNC) != 0) {  // [RT-049] polls actively
    return spin_until(done, timeout ? std::chrono::nanoseconds(*timeout) : std::chrono::hours(24 * 365));
  }
  if (spin_until(done, timeout ? std::min<std::chrono::nanoseconds>(kSpinTime, *timeout) : kSpinTime))
    return true;
  std::unique_lock lock(mutex_);
  sleepers_.fetch_add(1);
  bool reached = true;
  if (timeout)
    reached = changed_.wait_for(lock, *timeout, done);
  else
    changed_.wait(lock, done);
  sleepers_.fetch_sub(1);
  return reached;
}

Status Stream::synchronize(std::optional<std::chrono::milliseconds> timeout) {
  if (!wait_for(launched_.load(std::memory_order_acquire), timeout))
    return error(ACL_ERROR_RT_STREAM_SYNC_TIMEOUT, "RT-098",
                 "the tasks of stream#{} did not finish within {} ms", id_, timeout->count());
  observe([&](Observer& watching) { watching.stream_found_done(this); });
  const std::lock_guard lock(mutex_);
  return std::exchange(failure_, Status());
}

void Stream::close(bool drop) {
  std::vector<Task> dropped;  // Destroyed after the lock: closures hold references to other objects.
  Ref<Stream> last_reference;
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
  if (!drop) return;
  while (head_ != tail_) {
    dropped.push_back(std::move(ring_[head_++ & (ring_.size() - 1)].task));
    completed_.fetch_add(1);
  }
  if (state_ == State::kParked)
    finish_task(error(ACL_ERROR_RT_STREAM_CONTEXT, "RT-054", "the stream was destroyed while it waited"),
                last_reference);
  changed_.notify_all();
}

}  // namespace cairn
