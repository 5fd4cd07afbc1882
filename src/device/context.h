// aclrtContext: the container of streams and events of one device [GDE-003].
#pragma once

#include <atomic>
#include <cstdint>

#include "base/handle_table.h"
#include "device/stream.h"
#include "device/system_parameters.h"

namespace cairn {

class Device;

class Context {
 public:
  static constexpr HandleType kHandleType = HandleType::kContext;

  Context(Device& device, uint64_t id, bool is_default, Ref<Stream> default_stream)
      : device_(device), id_(id), is_default_(is_default), default_stream_(std::move(default_stream)) {}

  Device& device() const { return device_; }
  uint64_t id() const { return id_; }
  /// Made by aclrtSetDevice, not by aclrtCreateContext.
  bool is_default() const { return is_default_; }
  const Ref<Stream>& default_stream() const { return default_stream_; }
  /// True once it was destroyed or its device reset: threads that still have it as current context have none.
  bool has_ended() const { return ended_.load(std::memory_order_acquire); }
  void end() { ended_.store(true, std::memory_order_release); }

  SystemParameters system_parameters;
  bool holds_device_use = false;  ///< Took the device by itself [RT-197]. Guarded by the runtime's lock.

 private:
  Device& device_;
  const uint64_t id_;
  const bool is_default_;
  const Ref<Stream> default_stream_;
  std::atomic<bool> ended_{false};
};

}  // namespace cairn
