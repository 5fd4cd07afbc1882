// acldvppResizeConfig: the interpolation of a resize.
#pragma once

#include <atomic>

#include "base/handle_table.h"
#include "base/status.h"
#include "device/soc_profile.h"
#include "media/image/resample.h"

namespace cairn {

/// Thread-safe.
class ResizeConfig {
 public:
  static constexpr HandleType kHandleType = HandleType::kDvppResizeConfig;
  static constexpr uint32_t kDefault = 0;
  static constexpr uint32_t kHighOrder = 5;

  Status set_interpolation(uint32_t value);
  uint32_t interpolation() const { return value_.load(std::memory_order_relaxed) & ~kWasSet; }

  struct Choice {
    Interpolation interpolation;
    bool high_order;  ///< The limits of VPC1-088 hold.
  };
  /// What a call does. An untouched configuration is bilinear everywhere [VPC1-085]; value 0 given explicitly
  /// is the high-order filter on the 310B, as the manual says, and bilinear elsewhere [VPC1-087].
  Choice choice(SocFamily family) const;

 private:
  static constexpr uint32_t kWasSet = 1U << 31;
  std::atomic<uint32_t> value_{kDefault};
};

}  // namespace cairn
