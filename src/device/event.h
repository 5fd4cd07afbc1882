// aclrtEvent: a mark in a stream, for waiting and for timing.
//
// Each aclrtRecordEvent makes a new record; a wait refers to the newest record at the time of the call. An
// event that was never recorded (or was reset) is waited for until it is recorded.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "base/adaptive_mutex.h"
#include "base/handle_table.h"
#include "base/status.h"
#include "device/completed_records.h"
#include "device/stream.h"

namespace cairn {

class Event {
 public:
  static constexpr HandleType kHandleType = HandleType::kEvent;

  Event(Device& device, uint64_t context_id, uint32_t flags);
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event();

  Device& device() const { return device_; }
  uint64_t context_id() const { return context_id_; }

  // `self` keeps the event alive while tasks use it; the user may destroy its handle before [README,
  // GDE-174].
  static Status record(const Ref<Event>& self, const Ref<Stream>& stream);
  static Status wait_in_stream(const Ref<Event>& self, const Ref<Stream>& stream,
                               std::chrono::seconds timeout);
  static Status reset(const Ref<Event>& self, const Ref<Stream>& stream);

  /// Blocks the calling thread until the newest record has been executed.
  Status synchronize(std::optional<std::chrono::milliseconds> timeout);
  /// True if it was recorded and the newest record has been executed.
  bool is_complete() const;
  /// True if the calling thread made the newest record [RT-082].
  bool recorded_by_this_thread() const;
  /// True if every stream that was told to wait has gone on.
  bool waits_are_done() const;
  /// Milliseconds from start's newest record to end's [RT-090].
  static Result<float> elapsed_ms(const Event& start, const Event& end);
  /// When the newest record was executed, in microseconds of the system's monotonic clock.
  Result<uint64_t> timestamp_us() const;

 private:
  struct Waiter {
    Ref<Stream> stream;
    uint64_t task;  ///< Of the stream, that waits.
    uint64_t record;
    uint64_t ticket;
  };
  class RecordMark;
  void complete(uint64_t record, const Status& outcome) noexcept;
  Result<std::chrono::steady_clock::time_point> time() const;
  TaskOutcome wait_or_park(Stream& stream, const Ref<Event>& self, uint64_t record,
                           std::chrono::seconds timeout);
  void time_out(uint64_t ticket);

  Device& device_;
  const uint64_t context_id_;
  const uint32_t flags_;

  mutable AdaptiveMutex mutex_;
  std::condition_variable completed_changed_;
  uint64_t recorded_ = 0;  ///< Number of the newest record, 0 = none since creation or reset.
  CompletedRecords completed_;
  uint64_t next_record_ = 1;
  const Stream* recording_stream_ = nullptr;  ///< Of the newest record; only to compare.
  bool may_complete_in_any_order_ = false;    ///< Open records are of several streams or threads.
  uint64_t recording_thread_ = 0;
  uint64_t waits_started_ = 0;
  uint64_t waits_ended_ = 0;
  uint64_t next_ticket_ = 1;
  bool holds_event_resource_ = false;
  bool failed_ = false;  ///< The newest record's task was dropped.
  std::chrono::steady_clock::time_point timestamp_{};
  std::vector<Waiter> waiters_;
};

}  // namespace cairn
