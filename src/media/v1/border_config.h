// acldvppBorderConfig: what is put around a picture.
#pragma once

#include <array>
#include <mutex>

#include "acl/ops/acl_dvpp.h"
#include "base/handle_table.h"

namespace cairn {

struct BorderFields {
  std::array<double, 4> value{};  ///< R G B or Y U V; the fourth is reserved [M1-082].
  acldvppBorderType type = BORDER_CONSTANT;
  uint32_t top = 0;  ///< Pixels, as are the others.
  uint32_t bottom = 0;
  uint32_t left = 0;
  uint32_t right = 0;
};

/// Thread-safe.
class BorderConfig {
 public:
  static constexpr HandleType kHandleType = HandleType::kDvppBorderConfig;

  BorderFields fields() const {
    const std::lock_guard lock(mutex_);
    return fields_;
  }
  template <class Change>
  void update(Change change) {
    const std::lock_guard lock(mutex_);
    change(fields_);
  }

 private:
  mutable std::mutex mutex_;
  BorderFields fields_;
};

}  // namespace cairn
