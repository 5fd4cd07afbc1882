// One simulated device: its memory, its workers and how often this process uses it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "base/status.h"
#include "device/context.h"
#include "device/device_memory.h"
#include "device/scheduler.h"
#include "device/soc_profile.h"

namespace cairn {

class Device {
 public:
  Device(int32_t id, int32_t physical_id, const SocProfile& soc) : id_(id), physical_id_(physical_id), soc_(soc) {}

  int32_t id() const { return id_; }
  int32_t physical_id() const { return physical_id_; }
  const SocProfile& soc() const { return soc_; }
  /// The device's memory; exists while the device is in use.
  DeviceMemory& memory() const { return *memory_; }
  bool in_use() const { return in_use_.load(std::memory_order_acquire); }
  Scheduler& scheduler() const { return *scheduler_; }

  /// Makes memory and workers. Called under the runtime's lock with the first use.
  Status start();
  /// Waits for all tasks, then ends workers and memory. Called with the last use.
  void stop();

  // Guarded by the runtime's lock.
  uint32_t set_device_uses = 0;  ///< aclrtSetDevice calls that no aclrtResetDevice took back [GDE-019].
  uint32_t context_uses = 0;     ///< Explicit contexts that took the device by themselves [RT-197].
  Ref<Context> default_context;

  /// Streams that exist, for the limit of the chip [RT-043].
  std::atomic<uint32_t> stream_count{0};
  std::atomic<uint32_t> sync_event_count{0};
  std::atomic<uint32_t> recorded_event_count{0};
  std::atomic<uint32_t> next_stream_id{0};
  std::atomic<uint32_t> next_task_id{0};
  std::atomic<int> saturation_mode{0};

 private:
  const int32_t id_;
  const int32_t physical_id_;
  const SocProfile& soc_;
  std::atomic<bool> in_use_{false};
  std::unique_ptr<DeviceMemory> memory_;
  std::unique_ptr<Scheduler> scheduler_;
};

}  // namespace cairn
