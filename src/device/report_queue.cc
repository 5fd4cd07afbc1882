#include "device/report_queue.h"

#include <pthread.h>

#include "base/observer.h"
#include "device/device.h"

namespace cairn {
namespace {

constexpr size_t kMostThreads = 1024;  // [RT-102]

uint64_t this_thread() {
  return static_cast<uint64_t>(pthread_self());
}

}  // namespace

std::shared_ptr<ReportQueues::Queue> ReportQueues::find(uint64_t thread_id) {
  const std::lock_guard lock(mutex_);
  const auto found = queues_.find(thread_id);
  return found == queues_.end() ? nullptr : found->second;
}

Status ReportQueues::subscribe(uint64_t thread_id, const Ref<Stream>& stream) {
  if (thread_id == 0)
    return error(ACL_ERROR_INVALID_PARAM, "RT-099",
                 "threadId is 0; pass the id of the thread that calls aclrtProcessReport");
  const std::lock_guard lock(mutex_);
  if (const uint64_t other = thread_of(*stream).load())
    return error(ACL_ERROR_RT_STREAM_SUBSCRIBE, "RT-101",
                 "stream#{} is already subscribed by thread {}; a stream has one thread", stream->id(),
                 other);
  auto found = queues_.find(thread_id);
  if (found == queues_.end()) {
    if (queues_.size() >= kMostThreads)
      return error(ACL_ERROR_RT_THREAD_SUBSCRIBE, "RT-102",
                   "{} threads are subscribed, which is the most per process", queues_.size());
    found = queues_.emplace(thread_id, std::make_shared<Queue>()).first;
    found->second->device_id = stream->device().id();
  } else if (found->second->device_id != stream->device().id()) {
    return error(ACL_ERROR_RT_THREAD_SUBSCRIBE, "RT-104",
                 "thread {} handles callbacks of device {}; it cannot be subscribed for device {} too",
                 thread_id, found->second->device_id, stream->device().id());
  }
  ++found->second->streams;
  thread_of(*stream).store(thread_id);
  return {};
}

Status ReportQueues::unsubscribe(uint64_t thread_id, const Ref<Stream>& stream) {
  std::shared_ptr<Queue> ended;
  std::deque<Report> left;  // Before anything changes: it may find no memory.
  {
    const std::lock_guard lock(mutex_);
    uint64_t expected = thread_id;
    const auto found = queues_.find(thread_id);
    if (found == queues_.end() || thread_id == 0 || !thread_of(*stream).compare_exchange_strong(expected, 0))
      return error(ACL_ERROR_RT_STREAM_SUBSCRIBE, "RT-112", "stream#{} is not subscribed by thread {}",
                   stream->id(), thread_id);
    if (--found->second->streams == 0) {
      ended = std::move(found->second);
      queues_.erase(found);
    }
  }
  if (!ended) return {};
  {
    const std::lock_guard lock(ended->mutex);
    left.swap(ended->reports);
    ended->closed = true;
  }
  ended->arrived.notify_all();
  for (Report& report : left)
    if (report.parked_stream)
      report.parked_stream->resume(error(ACL_ERROR_RT_STREAM_NO_CB_REG, "RT-108",
                                         "the thread of the callback was unsubscribed before it ran"),
                                   report.parked_task);
  return {};
}

Status ReportQueues::launch(const Ref<Stream>& stream, aclrtCallback function, void* user_data,
                            bool blocking) {
  if (thread_of(*stream).load() == 0)
    return error(ACL_ERROR_RT_STREAM_NO_CB_REG, "RT-108",
                 "no thread handles callbacks of stream#{}; call aclrtSubscribeReport first", stream->id());
  uint64_t observed = 0;
  observe([&](Observer& watching) { observed = watching.callback_launched(stream.get(), blocking); });
  return Stream::launch(
      stream, "aclrtLaunchCallback",
      [this, function, user_data, blocking, observed](Stream& running) -> TaskOutcome {
        const std::shared_ptr<Queue> queue = find(thread_of(running).load());
        if (!queue)
          return error(ACL_ERROR_RT_STREAM_NO_CB_REG, "RT-108",
                       "the thread of the callback was unsubscribed before it ran");
        {
          const std::lock_guard lock(queue->mutex);
          if (queue->closed)
            return error(ACL_ERROR_RT_STREAM_NO_CB_REG, "RT-108",
                         "the thread of the callback was unsubscribed before it ran");
          queue->reports.push_back({function, user_data, blocking ? running.self() : Ref<Stream>(),
                                    running.running_task(), observed});
        }
        queue->arrived.notify_one();
        if (blocking) return TaskOutcome::parked();
        return Status();
      });
}

Status ReportQueues::process(int32_t timeout) {
  if (timeout == 0 || timeout < -1)
    return error(ACL_ERROR_RT_PARAM_INVALID, "RT-110",
                 "timeout = {} ms; allowed are -1 (for ever) and values above 0", timeout);
  const std::shared_ptr<Queue> queue = find(this_thread());
  if (!queue)
    return error(ACL_ERROR_RT_THREAD_SUBSCRIBE, "RT-109",
                 "the calling thread ({}) is not subscribed; call aclrtSubscribeReport with its id first",
                 this_thread());
  Report report{};
  {
    std::unique_lock lock(queue->mutex);
    const auto ready = [&] { return !queue->reports.empty() || queue->closed; };
    if (timeout == -1)
      queue->arrived.wait(lock, ready);
    else if (!queue->arrived.wait_for(lock, std::chrono::milliseconds(timeout), ready))
      return error(ACL_ERROR_RT_REPORT_TIMEOUT, "RT-110", "no callback arrived within {} ms", timeout);
    if (queue->reports.empty())
      return error(ACL_ERROR_RT_THREAD_SUBSCRIBE, "RT-112",
                   "the calling thread was unsubscribed while it waited");
    report = std::move(queue->reports.front());
    queue->reports.pop_front();
  }
  observe([&](Observer& watching) { watching.callback_begins(report.observed); });
  report.function(report.user_data);
  observe([&](Observer& watching) { watching.callback_ended(report.observed); });
  if (report.parked_stream) report.parked_stream->resume(Status(), report.parked_task);
  return {};
}

}  // namespace cairn
