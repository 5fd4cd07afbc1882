// acldvppChannelDesc: the settings of a picture channel, and the channel itself once it is created.
//
// Pictures are processed by the device's workers; a channel owns nothing that two calls could fight over, so
// that calls of several threads or streams on one channel are safe [M1-030, VPC1-038].
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>

#include "acl/ops/acl_dvpp.h"
#include "base/handle_table.h"
#include "base/status.h"

namespace cairn {

struct ChannelSettings {
  uint32_t mode = 0;  ///< OR of acldvppChannelMode; 0 = never set, the channel serves all functions.
  acldvppCscMatrix matrix = ACL_DVPP_CSC_MATRIX_BT601_WIDE;
  uint64_t id = 0;  ///< From 1; 0 = no channel yet [M1-047].
  uint32_t height = 8192;
  uint32_t width = 8192;
  acldvppJpegdPrecisionMode precision = ACL_YUVOUT_ALIGN_DOWN_COMPAT;
};

/// Thread-safe.
class ChannelDesc {
 public:
  static constexpr HandleType kHandleType = HandleType::kDvppChannelDesc;

  Status set_mode(uint32_t mode);
  /// `length`: bytes at `value`.
  Status set_param(int type, size_t length, const void* value);
  Status get_param(int type, size_t length, size_t* value_size, void* value) const;

  /// Opens the channel on the device of the calling thread's context.
  Status create_channel();
  Status destroy_channel();
  bool has_channel() const;
  ChannelSettings settings() const;

 private:
  mutable std::mutex mutex_;
  ChannelSettings settings_;
  int32_t device_id_ = -1;
};

/// The settings of the channel behind a handle, or why it cannot be used for `function`.
Result<ChannelSettings> use_channel(const acldvppChannelDesc* handle, acldvppChannelMode function);

}  // namespace cairn
