// The process-wide state of Cairn: initialisation, devices, the current context of each thread. The only
// global state.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "acl/acl_rt.h"
#include "base/status.h"
#include "device/context.h"
#include "device/device.h"
#include "device/event.h"
#include "device/host_ranges.h"
#include "device/report_queue.h"
#include "device/soc_profile.h"
#include "device/stream.h"
#include "device/system_parameters.h"

namespace cairn {

class Runtime {
 public:
  /// The one instance; it lives until the process ends.
  static Runtime& get();

  // --- 10.2 ---
  Status initialize(const char* config_path);
  Status finalize();
  /// The names of all objects and allocations that the program did not give back, for messages.
  std::vector<std::string> live_objects() const;
  /// ACL_ERROR_UNINITIALIZE before aclInit and after aclFinalize.
  Status check_initialized() const;
  bool is_initialized() const { return initialized_.load(std::memory_order_acquire); }
  const SocProfile& soc() const { return soc_; }

  // --- devices and contexts ---
  uint32_t device_count() const { return static_cast<uint32_t>(devices_.size()); }
  Status set_device(int32_t device_id);
  Status reset_device(int32_t device_id);
  /// Releases the device whatever the number of uses.
  Status reset_device_by_force(int32_t device_id);
  /// The device with this id, in use or not.
  Result<Device*> device(int32_t device_id) const;
  /// Drops the tasks of all streams of a device that is in use; waits for those that run, at most `timeout`.
  Status abort_device_tasks(int32_t device_id, std::optional<std::chrono::milliseconds> timeout);
  Result<Ref<Context>> create_context(int32_t device_id);
  Status destroy_context(void* handle);
  Status set_current_context(void* handle);
  /// The context of the calling thread, or ACL_ERROR_RT_CONTEXT_NULL (107002).
  Result<Ref<Context>> current_context();
  /// The device of the calling thread's context.
  Result<Device*> current_device();

  // --- streams ---
  /// The stream behind a handle, or the default stream of the current context for null. Refuses streams of
  /// another context than the calling thread's current one (ACL_ERROR_RT_STREAM_CONTEXT) and streams whose
  /// context is gone.
  Result<Ref<Stream>> stream(void* handle, const char* argument = "stream");

  Result<Ref<Stream>> create_stream(uint32_t flags);
  /// `wait`: finish the queued tasks first; else drop them.
  Status destroy_stream(void* handle, bool wait);
  /// ACL_ERROR_RT_STREAM_SYNC_TIMEOUT when the time is over; none = for ever.
  Status synchronize_device(std::optional<std::chrono::milliseconds> timeout = std::nullopt);

  // --- events ---
  Result<Ref<Event>> create_event(uint32_t flags);
  Status destroy_event(void* handle);
  /// The event behind a handle; with a stream of another context the two cannot be related [GDE-004].
  Result<Ref<Event>> event(void* handle, const char* argument = "event");
  static Status check_same_context(const Event& event, const Stream& stream);

  // --- memory ---
  /// Allocates on the device of the current context. alignment: a power of two.
  Result<void*> allocate(size_t size, size_t alignment, std::string_view rule,
                         AllocationOptions options = {});
  /// The same on a device that this process uses.
  Result<void*> allocate_on(int32_t device_id, size_t size, AllocationOptions options);
  Status free(void* pointer, std::string_view rule);
  Result<void*> allocate_host(size_t size);
  Status free_host(void* pointer);
  /// Host memory that tasks of a device may use as if it were its own (aclrtHostRegister).
  HostRanges& registered_host_memory() { return registered_host_memory_; }
  /// True for memory of allocate_host and registered memory.
  bool is_pinned(const void* pointer, size_t size) const;
  Result<MemoryUse> memory_use(aclrtMemAttr attribute);
  /// The device whose range holds the address, or null for host memory.
  Device* device_of_address(const void* pointer) const;
  /// Device memory only: where our code may touch [pointer, pointer + size).
  Result<std::byte*> resolve(const void* pointer, size_t size, const char* argument,
                             std::string_view rule) const;
  /// The same for device or host memory. A host address is not checked; null is refused.
  Result<std::byte*> resolve_any(const void* pointer, size_t size, const char* argument,
                                 std::string_view rule) const;
  /// Where our code touches host memory; the address itself, but for memory of the observer.
  static std::byte* own_view(const void* pointer);

  ReportQueues& reports() { return reports_; }
  ReportQueues& host_functions() { return host_functions_; }
  SystemParameters& system_parameters() { return system_parameters_; }
  /// Seconds that aclrtStreamWaitEvent waits at most, 0 = for ever [RT-123].
  std::atomic<uint32_t>& op_wait_timeout() { return op_wait_timeout_; }
  /// Milliseconds that an operator may run, 0 = the default [OP-007]. Read by those who run operators.
  uint64_t op_execute_timeout_ms() const { return op_execute_timeout_ms_.load(std::memory_order_relaxed); }
  Status set_op_execute_timeout(uint64_t milliseconds);
  std::atomic<aclrtExceptionInfoCallback>& exception_callback() { return exception_callback_; }
  /// How many operators of fixed, and how many of dynamic shapes are kept [SYS-009].
  uint64_t operator_queue_limit() const { return operator_queue_limit_.load(std::memory_order_relaxed); }

 private:
  Runtime();
  static Result<void*> allocate_observed(Device& device, size_t size, size_t alignment,
                                         AllocationOptions options);
  Status check_device_id(int32_t device_id) const;
  Status check_usable() const;
  Status check_context() const;  ///< The calling thread has a context that lives.
  Result<Ref<Context>> make_context(Device& device, bool is_default);
  void end_context(const Ref<Context>& context);  // Under mutex_.
  void release_device(Device& device);            // Under mutex_.

  const SocProfile& soc_;
  std::vector<std::unique_ptr<Device>> devices_;
  std::atomic<bool> initialized_{false};
  bool finalized_ = false;
  std::atomic<bool> forked_{false};
  std::mutex mutex_;  ///< Guards initialisation, reference counts and the creation of contexts.
  std::atomic<uint64_t> next_context_id_{1};
  ReportQueues reports_;
  ReportQueues host_functions_{&Stream::host_function_thread};
  HostRanges host_allocations_;
  HostRanges registered_host_memory_;
  SystemParameters system_parameters_;
  std::atomic<uint32_t> op_wait_timeout_{0};
  std::atomic<uint64_t> op_execute_timeout_ms_{0};
  std::atomic<aclrtExceptionInfoCallback> exception_callback_{nullptr};
  std::atomic<uint64_t> operator_queue_limit_{20000};
};

}  // namespace cairn
