// One simulated device: its memory, its workers and how often this process uses it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "base/status.h"
#include "device/context.h"
#include "device/device_memory.h"
#include "device/process_registry.h"
#include "device/published_counter.h"
#include "device/scheduler.h"
#include "device/soc_profile.h"

namespace cairn {

class Device {
 public:
  Device(int32_t id, int32_t physical_id, const SocProfile& soc);

  int32_t id() const { return id_; }
  int32_t physical_id() const { return physical_id_; }
  const SocProfile& soc() const { return soc_; }
  /// The device's memory, null before the first start. It stays mapped until the process ends.
  DeviceMemory* memory() const { return published_memory_.load(std::memory_order_acquire); }
  bool in_use() const { return set_device_uses + context_uses > 0; }
  Scheduler& scheduler() { return scheduler_; }
  /// The most tasks that run at once.
  unsigned worker_count() const { return scheduler_.most_workers(); }

  /// Makes the memory. Called under the runtime's lock with the first use.
  Status start();
  /// Waits until the streams of a context (0: of any) have nothing to do. Streams that wait for something
  /// that no longer can happen are given up after a while, so that this ends.
  void drain(uint64_t context_id);
  /// Ends all streams, workers and allocations. Called under the runtime's lock with the last use.
  void stop();

  // Guarded by the runtime's lock.
  uint32_t set_device_uses = 0;  ///< aclrtSetDevice calls that no aclrtResetDevice took back [GDE-019].
  uint32_t context_uses = 0;     ///< Explicit contexts that took the device by themselves [RT-197].
  Ref<Context> default_context;

  /// Streams that exist, for the limit of the chip [RT-043].
  PublishedCounter<uint32_t> stream_count;
  std::atomic<uint32_t> explicit_context_count{0};
  std::atomic<uint32_t> sync_event_count{0};
  std::atomic<uint32_t> recorded_event_count{0};
  std::atomic<uint32_t> next_stream_id{0};
  /// aclrtFloatOverflowMode of the streams that are made from now on [RT-005].
  std::atomic<int> saturation_mode{0};
  /// Devices to which aclrtDeviceEnablePeerAccess was called here, one bit each. Copies do not ask for it.
  std::atomic<uint64_t> enabled_peers{0};

 private:
  Status make_memory();

  const int32_t id_;
  const int32_t physical_id_;
  const SocProfile& soc_;
  std::unique_ptr<DeviceMemory> memory_;
  std::atomic<DeviceMemory*> published_memory_{nullptr};
  DeviceRecord* record_ = nullptr;  ///< What other processes see of this device; set by the first start.
  Scheduler scheduler_;
};

}  // namespace cairn
