#include "device/stream.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <new>
#include <system_error>
#include <thread>
#include <utility>

#include "base/log.h"
#include "base/observer.h"
#include "device/device.h"
#include "device/exception_info.h"

namespace cairn {
namespace {

constexpr auto kSpinTime = std::chrono::microseconds(40);
constexpr uint64_t kNoTask = ~uint64_t{0};

thread_local uint64_t last_task = kNoTask;

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
  } catch (const std::bad_alloc&) {
    return error(ACL_ERROR_BAD_ALLOC, "RT-193", "the host has no memory left");
  } catch (const std::system_error& problem) {
    return error(ACL_ERROR_RT_RESOURCE_ALLOC_FAIL, "RT-193", "the host refuses a resource: {}",
                 problem.what());
  } catch (const std::exception& problem) {
    return error(ACL_ERROR_RT_INTERNAL_ERROR, "RT-189", "{}", problem.what());
  }
}

/// The failure with the stream and the function that launched the task in its text.
Status described(const Status& status, uint32_t stream_id, const char* function) {
  try {
    return {status.code(),
            fmt::format("{} (task of stream#{} launched by {})", status.text(), stream_id, function)};
  } catch (const std::bad_alloc&) {
    return status;
  }
}

}  // namespace

Stream::Stream(Device& device, uint64_t context_id, uint32_t id, Kind kind, uint32_t flags)
    : device_(device),
      context_id_(context_id),
      id_(id),
      kind_(kind),
      flags_(flags),
      saturates_(device.saturation_mode.load() == ACL_RT_OVERFLOW_MODE_SATURATION) {
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

Status Stream::launch(const Ref<Stream>& self, const char* function, Task task, Start start) {
  Stream& stream = *self;
  bool submit = false;
  {
    std::unique_lock<std::mutex> lock(stream.mutex_);
    if (stream.tail_ - stream.head_ >= kMostTasks) {
      stream.sleepers_.fetch_add(1);
      stream.changed_.wait(lock, [&] { return stream.tail_ - stream.head_ < kMostTasks || stream.closed_; });
      stream.sleepers_.fetch_sub(1);
    }
    if (stream.closed_)
      return error(ACL_ERROR_RT_STREAM_CONTEXT, "GDE-028",
                   "the stream or its context was destroyed; no task can be added");
    if (stream.tail_ - stream.head_ == stream.ring_.size()) stream.grow();
    last_task = stream.tail_;
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
  if (!submit) return {};
  Scheduler& scheduler = stream.device_.scheduler();
  // A program that is watched shall find the tasks as late as they can be.
  if (start == Start::kHere && observer() == nullptr)
    scheduler.run_here(stream, 1);
  else
    scheduler.submit(&stream);
  return {};
}

Task Stream::pop() {
  running_task_ = head_;
  Entry& entry = ring_[head_++ & (ring_.size() - 1)];
  running_function_ = entry.function;
  running_thread_id_ = entry.thread_id;
  return std::move(entry.task);
}

void Stream::finish_task(const Status& status, Ref<Stream>& last_reference) {
  if (!status.is_ok()) {
    Status failure = described(status, id_, running_function_);
    log(LogLevel::kError, "RUNTIME", "{}", failure.text());
    if (failure_.is_ok()) failure_ = std::move(failure);
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
  std::unique_lock<std::mutex> lock(mutex_);
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
    if (!status.is_ok()) report_task_exception(*this, running_task_, status.code(), launched_by);
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

void Stream::resume(Status status, uint64_t task) {
  Ref<Stream> last_reference;
  bool submit = false;
  {
    const std::lock_guard lock(mutex_);
    if (task != kAnyTask && task != running_task_) return;
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
  std::unique_lock<std::mutex> lock(mutex_);
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
  const uint64_t last = launched_.load(std::memory_order_acquire);
  // This thread would only wait, and be at work sooner than a worker that has to be woken. With a limit of
  // time it has to come back; a program that is watched shall find the tasks as late as they can be.
  if (const uint64_t left = last - completed_.load(); left > 0 && !timeout && observer() == nullptr)
    device_.scheduler().run_waiting_here(*this, left);
  if (!wait_for(last, timeout)) return late(timeout->count());
  observe([&](Observer& watching) { watching.stream_found_done(this); });
  const std::lock_guard lock(mutex_);
  return std::exchange(failure_, Status());
}

Status Stream::late(int64_t waited_ms) const {
  const std::lock_guard lock(mutex_);
  const std::string_view current =
      running_function_ != nullptr && (state_ == State::kParked || state_ == State::kRunning)
          ? running_function_
          : "";
  std::string advice = "wait longer";
  if (state_ == State::kParked && current == "aclrtLaunchCallback")
    advice =
        "it waits for a callback: the thread given to aclrtSubscribeReport has to call aclrtProcessReport";
  else if (state_ == State::kParked && current == "aclrtStreamWaitEvent")
    advice =
        "it waits for an event: record it with aclrtRecordEvent in another stream, or limit the wait with "
        "aclrtSetOpWaitTimeout";
  return error(
      ACL_ERROR_RT_STREAM_SYNC_TIMEOUT, "RT-098",
      "stream#{} did not finish within {} ms; {} of its tasks are left, the first launched by {}; {}", id_,
      waited_ms, launched_.load() - completed_.load(), current.empty() ? "another call" : current, advice);
}

void Stream::close(bool drop) {
  std::vector<Entry> dropped;  // Destroyed after the lock: closures hold references to other objects.
  Ref<Stream> last_reference;
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
  if (!drop) return;
  drop_tasks(error(ACL_ERROR_RT_STREAM_CONTEXT, "RT-054", "the stream was destroyed while it waited"),
             dropped, last_reference);
}

bool Stream::drop_tasks(const Status& reason, std::vector<Entry>& dropped, Ref<Stream>& last_reference) {
  const bool any = head_ != tail_ || state_ == State::kParked;
  dropped.swap(ring_);  // Dropping needs no memory; the next task gets a new ring.
  completed_.fetch_add(tail_ - head_);
  head_ = tail_;
  if (state_ == State::kParked) finish_task(reason, last_reference);
  changed_.notify_all();
  return any;
}

void Stream::abort(const Status& reason) {
  std::vector<Entry> dropped;
  Ref<Stream> last_reference;
  const std::lock_guard lock(mutex_);
  if (drop_tasks(reason, dropped, last_reference)) failure_ = reason;
  stopped_ = false;
}

std::optional<uint32_t> Stream::last_task_of_thread() {
  if (last_task == kNoTask) return std::nullopt;
  return static_cast<uint32_t>(last_task);
}

}  // namespace cairn
