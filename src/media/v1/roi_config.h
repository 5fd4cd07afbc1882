// acldvppRoiConfig: an area of a picture.
#pragma once

#include <mutex>

#include "base/handle_table.h"
#include "media/image/picture.h"

namespace cairn {

/// Thread-safe. Whether the area is possible is checked by the call that uses it.
class RoiConfig {
 public:
  static constexpr HandleType kHandleType = HandleType::kDvppRoiConfig;

  explicit RoiConfig(const Rectangle& area) : area_(area) {}

  Rectangle area() const {
    const std::lock_guard lock(mutex_);
    return area_;
  }
  template <class Change>
  void update(Change change) {
    const std::lock_guard lock(mutex_);
    change(area_);
  }

 private:
  mutable std::mutex mutex_;
  Rectangle area_;
};

}  // namespace cairn
