// acldvppPicDesc: what the program says about a picture, and what a task says about its result.
#pragma once

#include <mutex>

#include "acl/ops/acl_dvpp.h"
#include "base/handle_table.h"
#include "base/status.h"

namespace cairn {

struct PicFields {
  void* data = nullptr;  ///< Device memory.
  uint32_t size = 0;     ///< Bytes.
  acldvppPixelFormat format = PIXEL_FORMAT_YUV_400;
  uint32_t width = 0;  ///< Pixels, as are the height and the crop areas.
  uint32_t height = 0;
  uint32_t width_stride = 0;   ///< Bytes; 0 = what the format table says.
  uint32_t height_stride = 0;  ///< Lines; 0 = what the format table says.
  uint32_t ret_code = 0;       ///< Of the last task that had the picture as output: 0 or an aclError.
};

/// Thread-safe. A call copies the fields when it is made; results are written when the task runs.
class PicDesc {
 public:
  static constexpr HandleType kHandleType = HandleType::kDvppPicDesc;

  explicit PicDesc(bool in_batch = false) : in_batch_(in_batch) {}

  PicFields fields() const {
    const std::lock_guard lock(mutex_);
    return fields_;
  }
  template <class Change>
  void update(Change change) {
    const std::lock_guard lock(mutex_);
    change(fields_);
  }
  /// True if the description belongs to an acldvppBatchPicDesc and ends with it.
  bool is_in_batch() const { return in_batch_; }

 private:
  const bool in_batch_;
  mutable std::mutex mutex_;
  PicFields fields_;
};

/// True for values of acldvppPixelFormat [APP-054].
bool is_pixel_format(int value);

}  // namespace cairn
