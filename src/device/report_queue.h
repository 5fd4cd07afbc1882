// Callback reports: what aclrtLaunchCallback hands to the thread that aclrtSubscribeReport named.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "acl/acl_rt.h"
#include "base/handle_table.h"
#include "base/status.h"
#include "device/stream.h"

namespace cairn {

/// Host functions (aclrtSubscribeHostFunc) have queues of their own, with threads of their own.
class ReportQueues {
 public:
  /// `thread_of`: which of a stream's threads these queues serve.
  using ThreadOf = std::atomic<uint64_t>& (Stream::*)();
  explicit ReportQueues(ThreadOf thread_of = &Stream::report_thread) : thread_of_(thread_of) {}

  /// [RT-099] .. [RT-104]
  Status subscribe(uint64_t thread_id, const Ref<Stream>& stream);
  Status unsubscribe(uint64_t thread_id, const Ref<Stream>& stream);
  /// [RT-105] .. [RT-108]: adds the callback to the stream.
  Status launch(const Ref<Stream>& stream, aclrtCallback function, void* user_data, bool blocking);
  /// Runs one callback in the calling thread. timeout in ms, -1 = for ever [RT-109], [RT-110].
  Status process(int32_t timeout);

 private:
  struct Report {
    aclrtCallback function;
    void* user_data;
    Ref<Stream> parked_stream;  ///< Set for a blocking callback: goes on when the callback has returned.
    uint64_t parked_task;
    uint64_t observed;  ///< The observer's number.
  };
  struct Queue {
    std::mutex mutex;
    std::condition_variable arrived;
    std::deque<Report> reports;
    int32_t device_id = 0;
    size_t streams = 0;
    bool closed = false;  ///< Nobody is subscribed any more.
  };
  std::shared_ptr<Queue> find(uint64_t thread_id);
  std::atomic<uint64_t>& thread_of(Stream& stream) const { return (stream.*thread_of_)(); }

  const ThreadOf thread_of_;

  std::mutex mutex_;
  std::map<uint64_t, std::shared_ptr<Queue>> queues_;
};

}  // namespace cairn
