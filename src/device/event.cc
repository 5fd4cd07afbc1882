#include "device/event.h"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/observer.h"
#include "device/device.h"
#include "device/timer.h"

namespace cairn {
namespace {

uint64_t this_thread() {
  return static_cast<uint64_t>(pthread_self());
}

}  // namespace

/// Sits in the record's task: if the task is dropped or skipped, those who wait for the record are told.
class Event::RecordMark {
 public:
  RecordMark(Ref<Event> event, uint64_t record) : event_(std::move(event)), record_(record) {}
  RecordMark(RecordMark&&) noexcept = default;
  RecordMark& operator=(RecordMark&&) = delete;
  ~RecordMark() {
    if (event_)
      event_->complete(
          record_, error(ACL_ERROR_RT_EVENT_NOT_COMPLETE, "RT-084",
                         "the task that records the event was dropped: its stream failed or was destroyed"));
  }
  void execute() {
    event_->complete(record_, Status());
    event_ = Ref<Event>();
  }

 private:
  Ref<Event> event_;
  uint64_t record_;
};

Event::Event(Device& device, uint64_t context_id, uint32_t flags)
    : device_(device), context_id_(context_id), flags_(flags) {
  if ((flags_ & ACL_EVENT_SYNC) != 0) device_.sync_event_count.fetch_add(1);
}

Event::~Event() {
  if ((flags_ & ACL_EVENT_SYNC) != 0) device_.sync_event_count.fetch_sub(1);
  if (holds_event_resource_) device_.recorded_event_count.fetch_sub(1);
}

Status Event::record(const Ref<Event>& self, const Ref<Stream>& stream) {
  Event& event = *self;
  uint64_t record = 0;
  {
    const std::lock_guard lock(event.mutex_);
    if (!event.holds_event_resource_) {
      const uint32_t most = event.device_.soc().most_recorded_events;
      if (event.device_.recorded_event_count.fetch_add(1) >= most) {
        event.device_.recorded_event_count.fetch_sub(1);
        return error(ACL_ERROR_RT_NO_EVENT_RESOURCE, "RT-077",
                     "{} events hold a record on device {}, which is the most; reset or destroy some", most,
                     event.device_.id());
      }
      event.holds_event_resource_ = true;
    }
    record = event.next_record_;
    if (event.completed_.contains_all_until(record - 1))
      event.may_complete_in_any_order_ = false;
    else if (event.recording_stream_ != stream.get() || event.recording_thread_ != this_thread())
      event.may_complete_in_any_order_ = true;
    if (event.may_complete_in_any_order_) event.completed_.make_room(record);
    event.recording_stream_ = stream.get();
    ++event.next_record_;
    event.recorded_ = record;
    event.recording_thread_ = this_thread();
  }
  observe([&](Observer& watching) { watching.event_recorded(&event, stream.get()); });
  return Stream::launch(stream, "aclrtRecordEvent",
                        [mark = RecordMark(self, record)](Stream&) mutable -> Status {
                          mark.execute();
                          return {};
                        });
}

void Event::complete(uint64_t record, const Status& outcome) noexcept {
  {
    const std::lock_guard lock(mutex_);
    completed_.add(record);
    if (record == recorded_) {
      timestamp_ = std::chrono::steady_clock::now();
      failed_ = !outcome.is_ok();
    }
  }
  completed_changed_.notify_all();
  // A few at a time, so that no memory is needed: this also runs in destructors.
  struct Released {
    Ref<Stream> stream;
    uint64_t task = 0;
  };
  std::array<Released, 8> released;
  size_t count = 0;
  do {
    count = 0;
    {
      const std::lock_guard lock(mutex_);
      const auto first = std::remove_if(waiters_.begin(), waiters_.end(), [&](Waiter& waiter) {
        if (waiter.record != record || count == released.size()) return false;
        released[count++] = {std::move(waiter.stream), waiter.task};
        return true;
      });
      waiters_.erase(first, waiters_.end());
      waits_ended_ += count;
    }
    for (size_t i = 0; i < count; ++i)
      std::exchange(released[i].stream, Ref<Stream>())->resume(outcome, released[i].task);
  } while (count == released.size());
}

TaskOutcome Event::wait_or_park(Stream& stream, const Ref<Event>& self, uint64_t record,
                                std::chrono::seconds timeout) {
  uint64_t ticket = 0;
  {
    const std::lock_guard lock(mutex_);
    if (completed_.contains(record)) {
      ++waits_ended_;
      return Status();
    }
    ticket = next_ticket_++;
  }
  try {
    // The timer first: it may fail, and once the stream is among the waiters it can no longer.
    if (timeout.count() > 0) run_later(timeout, [event = self, ticket] { event->time_out(ticket); });
    const std::lock_guard lock(mutex_);
    if (!completed_.contains(record)) {
      waiters_.push_back({stream.self(), stream.running_task(), record, ticket});
      return TaskOutcome::parked();
    }
    ++waits_ended_;
    return Status();
  } catch (...) {
    const std::lock_guard lock(mutex_);
    ++waits_ended_;
    throw;
  }
}

void Event::time_out(uint64_t ticket) {
  Ref<Stream> stream;
  bool recorded = false;
  uint64_t task = 0;
  {
    const std::lock_guard lock(mutex_);
    recorded = recorded_ != 0;
    const auto waiter = std::find_if(waiters_.begin(), waiters_.end(),
                                     [&](const Waiter& candidate) { return candidate.ticket == ticket; });
    if (waiter == waiters_.end()) return;
    stream = std::move(waiter->stream);
    task = waiter->task;
    waiters_.erase(waiter);
    ++waits_ended_;
  }
  stream->resume(
      error(ACL_ERROR_RT_WAIT_TIMEOUT, "RT-093",
            "the event was not complete within the time set by aclrtSetOpWaitTimeout: {}",
            recorded ? "the stream that records it is not that far; set a longer time, or 0 to wait for ever"
                     : "nobody recorded it; call aclrtRecordEvent in another stream"),
      task);
}

Status Event::wait_in_stream(const Ref<Event>& self, const Ref<Stream>& stream,
                             std::chrono::seconds timeout) {
  Event& event = *self;
  uint64_t record = 0;
  {
    const std::lock_guard lock(event.mutex_);
    record = event.recorded_ != 0 ? event.recorded_ : event.next_record_;
    ++event.waits_started_;
  }
  observe([&](Observer& watching) { watching.stream_waits(stream.get(), &event); });
  return Stream::launch(stream, "aclrtStreamWaitEvent",
                        [self, record, timeout](Stream& waiting) -> TaskOutcome {
                          return self->wait_or_park(waiting, self, record, timeout);
                        });
}

Status Event::reset(const Ref<Event>& self, const Ref<Stream>& stream) {
  uint64_t record = 0;
  {
    const std::lock_guard lock(self->mutex_);
    record = self->recorded_;
    if (record == 0)
      return error(ACL_ERROR_RT_PARAM_INVALID, "RT-080",
                   "the event was not recorded; call aclrtRecordEvent before aclrtResetEvent");
  }
  observe([&](Observer& watching) { watching.event_reset(self.get()); });
  return Stream::launch(stream, "aclrtResetEvent", [self, record](Stream&) -> Status {
    const std::lock_guard lock(self->mutex_);
    if (self->recorded_ != record) return {};  // Recorded again meanwhile.
    self->recorded_ = 0;
    self->waits_started_ = 0;
    self->waits_ended_ = 0;
    if (std::exchange(self->holds_event_resource_, false)) self->device_.recorded_event_count.fetch_sub(1);
    return {};
  });
}

Status Event::synchronize(std::optional<std::chrono::milliseconds> timeout) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (recorded_ == 0)
    return error(ACL_ERROR_RT_PARAM_INVALID, "RT-089",
                 "the event was not recorded; call aclrtRecordEvent first");
  const uint64_t target = recorded_;
  const auto done = [&] { return completed_.contains(target); };
  if (!timeout)
    completed_changed_.wait(lock, done);
  else if (!completed_changed_.wait_for(lock, *timeout, done))
    return error(ACL_ERROR_RT_EVENT_SYNC_TIMEOUT, "RT-089", "the event was not complete within {} ms",
                 timeout->count());
  observe([&](Observer& watching) { watching.event_found_done(this); });
  if (failed_ && target == recorded_)
    return error(ACL_ERROR_RT_EVENT_NOT_COMPLETE, "RT-089",
                 "the event will not complete: the stream that records it failed or was destroyed");
  return {};
}

bool Event::is_complete() const {
  const std::lock_guard lock(mutex_);
  const bool complete = recorded_ != 0 && completed_.contains(recorded_) && !failed_;
  if (complete) observe([&](Observer& watching) { watching.event_found_done(this); });
  return complete;
}

bool Event::recorded_by_this_thread() const {
  const std::lock_guard lock(mutex_);
  return recorded_ != 0 && recording_thread_ == this_thread();
}

bool Event::waits_are_done() const {
  const std::lock_guard lock(mutex_);
  const bool done = waits_started_ != 0 && waits_ended_ >= waits_started_;
  if (done) observe([&](Observer& watching) { watching.event_found_done(this); });
  return done;
}

Result<std::chrono::steady_clock::time_point> Event::time() const {
  const std::lock_guard lock(mutex_);
  if (recorded_ == 0 || !completed_.contains(recorded_) || failed_)
    return error(ACL_ERROR_RT_EVENT_TIMESTAMP_INVALID, "RT-091",
                 "an event has no time yet: record both events and synchronize the stream first");
  observe([&](Observer& watching) { watching.event_found_done(this); });
  return timestamp_;
}

Result<uint64_t> Event::timestamp_us() const {
  CAIRN_ASSIGN(const auto when, time());
  const auto since_boot = std::chrono::duration_cast<std::chrono::microseconds>(when.time_since_epoch());
  return static_cast<uint64_t>(since_boot.count());
}

Result<float> Event::elapsed_ms(const Event& start, const Event& end) {
  CAIRN_ASSIGN(const auto from, start.time());
  CAIRN_ASSIGN(const auto to, end.time());
  if (to < from)
    return error(ACL_ERROR_RT_EVENT_TIMESTAMP_REVERSAL, "RT-091",
                 "the end event was recorded before the start event");
  return std::chrono::duration<float, std::milli>(to - from).count();
}

}  // namespace cairn
